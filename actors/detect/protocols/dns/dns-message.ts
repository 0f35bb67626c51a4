/**
 * One message of DNS, checked as Suricata checks it: of a request the questions, of a response the records of answer and
 * authority, too. It keeps a copy of its bytes and reads names out of them when they are asked for.
 *
 * RFC 1035, 4.1.1: id u16 · flags u16 (QR 1, opcode 4, AA, TC, RD, RA, Z, 2, rcode 4) · counts of questions, answers,
 * authorities, additionals u16 each; a question is a name, a type and a class; a record is a name, a type, a class, a
 * ttl u32, a length u16 and data.
 */
import { DNS_TYPES } from '../../rules/keywords/dns-numbers.ts';
import { NAME_LOOPS, NAME_TOO_MANY_LABELS, NAME_TRUNCATED, NameReader } from './dns-names.ts';

export const HEADER_BYTES = 12;
/** Suricata takes so many strings of a TXT record at most. */
const TXT_STRINGS_MAX = 32_767;

const NAMES = new NameReader();

export interface Question {
  readonly name: Uint8Array;
  /** The name is longer than that. */
  readonly isCut: boolean;
  readonly type: number;
}

export interface ResourceRecord {
  readonly name: Uint8Array;
  readonly isCut: boolean;
  readonly type: number;
  readonly ttl: number;
  /** The data's place in the message. */
  readonly start: number;
  readonly end: number;
}

export interface NameInData {
  readonly name: Uint8Array;
  readonly isCut: boolean;
  /** Behind it. */
  readonly next: number;
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

/** Bytes before the name that a record's data begins with, or has behind a number. */
const NAME_FIRST: ReadonlyMap<number, number> = new Map([
  [DNS_TYPES.CNAME, 0],
  [DNS_TYPES.PTR, 0],
  [DNS_TYPES.NS, 0],
  [DNS_TYPES.SOA, 0],
  [DNS_TYPES.MX, 2],
]);

/** Whether the header's counts can fit into a message of `length` bytes. */
export function isPlausible(bytes: Uint8Array, at: number, length: number): boolean {
  const records = word(bytes, at + 4) + word(bytes, at + 6) + word(bytes, at + 8) + word(bytes, at + 10);
  return 2 * records + HEADER_BYTES <= length;
}

const MALFORMED = -1;
/** The message ends before them. */
const SHORT = -2;

/** Behind the questions, or why there is no such place. */
function skipQuestions(message: Uint8Array): number {
  let at = HEADER_BYTES;
  for (let left = word(message, 4); left > 0; left--) {
    if (!NAMES.skip(message, at, message.length)) return NAMES.isShort ? SHORT : MALFORMED;
    at = NAMES.next + 4;
    if (at > message.length) return SHORT;
  }
  return at;
}

/** Whether its questions cannot be some, also if more came. */
export const hasMalformedQuestions = (message: Uint8Array): boolean => skipQuestions(message) === MALFORMED;

/** Behind `count` records; -1: one is malformed. */
function skipRecords(message: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left--) {
    if (!NAMES.skip(message, at, message.length)) return -1;
    at = NAMES.next + 10;
    if (at > message.length) return -1;
    const type = word(message, at - 10);
    const end = at + word(message, at - 2);
    if (end > message.length || !isData(message, type, at, end)) return -1;
    at = end;
  }
  return at;
}

/** Whether a record's data can be read. */
function isData(message: Uint8Array, type: number, start: number, end: number): boolean {
  const has = (at: number, names: number, more: number): boolean => {
    let next = at;
    if (next > end) return false;
    for (let left = names; left > 0; left--) {
      if (!NAMES.skip(message, next, end)) return false;
      next = NAMES.next;
    }
    return next + more <= end;
  };
  switch (type) {
    case DNS_TYPES.CNAME:
    case DNS_TYPES.PTR:
    case DNS_TYPES.NS:
      return start < end && has(start, 1, 0);
    case DNS_TYPES.MX:
      return has(start + 2, 1, 0);
    case DNS_TYPES.SRV:
      return has(start + 6, 1, 0);
    case DNS_TYPES.SOA:
      return has(start, 2, 20);
    case DNS_TYPES.TXT:
      return start < end && start + 1 + message[start]! <= end;
    case DNS_TYPES.SSHFP:
      return start + 2 <= end;
    default:
      return start < end;
  }
}

export class DnsMessage {
  readonly bytes: Uint8Array;
  readonly isRequest: boolean;
  /** NAME_* of all names. */
  readonly nameFlags: number;
  private readonly answersAt: number;
  private asked: readonly Question[] | null = null;
  /** Answers, authorities, additionals, as far as they were read. */
  private readonly sections: (readonly ResourceRecord[])[] = [];
  private namesOfResponse: readonly Uint8Array[] | null = null;

  private constructor(bytes: Uint8Array, isRequest: boolean, answersAt: number, nameFlags: number) {
    this.bytes = bytes;
    this.isRequest = isRequest;
    this.answersAt = answersAt;
    this.nameFlags = nameFlags;
  }

  /** null: malformed. `bytes` are copied. */
  static of(bytes: Uint8Array, isRequest: boolean): DnsMessage | null {
    NAMES.flags = 0;
    const answersAt = skipQuestions(bytes);
    if (answersAt < 0) return null;
    if (!isRequest) {
      const authorities = skipRecords(bytes, answersAt, word(bytes, 6));
      if (authorities === -1 || skipRecords(bytes, authorities, word(bytes, 8)) === -1) return null;
    }
    return new DnsMessage(new Uint8Array(bytes), isRequest, answersAt, NAMES.flags);
  }

  get id(): number {
    return word(this.bytes, 0);
  }

  get flags(): number {
    return word(this.bytes, 2);
  }

  get opcode(): number {
    return (this.flags >> 11) & 15;
  }

  get rcode(): number {
    return this.flags & 15;
  }

  get isTruncatedName(): boolean {
    return (this.nameFlags & NAME_TRUNCATED) !== 0;
  }

  get hasLoop(): boolean {
    return (this.nameFlags & NAME_LOOPS) !== 0;
  }

  get hasTooManyLabels(): boolean {
    return (this.nameFlags & NAME_TOO_MANY_LABELS) !== 0;
  }

  get questions(): readonly Question[] {
    if (this.asked !== null) return this.asked;
    const found: Question[] = [];
    let at = HEADER_BYTES;
    for (let left = word(this.bytes, 4); left > 0; left--) {
      NAMES.read(this.bytes, at, this.bytes.length);
      at = NAMES.next;
      found.push({ name: NAMES.name, isCut: NAMES.isCut, type: word(this.bytes, at) });
      at += 4;
    }
    this.asked = found;
    return found;
  }

  /** Those of a request are not checked with it: where they are malformed there are none. */
  get answers(): readonly ResourceRecord[] {
    return this.section(0);
  }

  get authorities(): readonly ResourceRecord[] {
    return this.section(1);
  }

  /** Not checked with the message either. */
  get additionals(): readonly ResourceRecord[] {
    return this.section(2);
  }

  /** Of a response all that are asked, answered or told of, and those in the data of CNAME, PTR, MX, NS and SOA. */
  get responseNames(): readonly Uint8Array[] {
    if (this.namesOfResponse !== null) return this.namesOfResponse;
    const names = this.questions.map(({ name }) => name);
    for (const { name, type, start, end } of [0, 1, 2].flatMap((index) => this.section(index))) {
      names.push(name);
      const skipped = NAME_FIRST.get(type);
      if (skipped !== undefined && start + skipped < end) names.push(this.nameAt(start + skipped, end).name);
    }
    this.namesOfResponse = names.filter(({ length }) => length > 0);
    return this.namesOfResponse;
  }

  private section(index: number): readonly ResourceRecord[] {
    const known = this.sections[index];
    if (known !== undefined) return known;
    let start = this.answersAt;
    for (let before = 0; before < index && start !== -1; before += 1)
      start = skipRecords(this.bytes, start, word(this.bytes, 6 + 2 * before));
    const count = word(this.bytes, 6 + 2 * index);
    const isWhole = start !== -1 && skipRecords(this.bytes, start, count) !== -1;
    const found = isWhole ? this.records(start, count) : [];
    this.sections[index] = found;
    return found;
  }

  /** The name at `at` of a record's data. */
  nameAt(at: number, end: number): NameInData {
    NAMES.read(this.bytes, at, end);
    return { name: NAMES.name, isCut: NAMES.isCut, next: NAMES.next };
  }

  /** A TXT record of several strings is several records, as in Suricata. */
  private records(start: number, count: number): ResourceRecord[] {
    const found: ResourceRecord[] = [];
    const { bytes } = this;
    let at = start;
    for (let left = count; left > 0; left--) {
      NAMES.read(bytes, at, bytes.length);
      const { name, isCut } = NAMES;
      at = NAMES.next + 10;
      const type = word(bytes, at - 10);
      const ttl = ((word(bytes, at - 6) << 16) | word(bytes, at - 4)) >>> 0;
      const end = at + word(bytes, at - 2);
      if (type === DNS_TYPES.TXT) {
        for (let strings = 0; at < end && strings < TXT_STRINGS_MAX; strings++) {
          const next = at + 1 + bytes[at]!;
          if (next > end) break;
          found.push({ name, isCut, type, ttl, start: at + 1, end: next });
          at = next;
        }
      } else found.push({ name, isCut, type, ttl, start: at, end });
      at = end;
    }
    return found;
  }
}
