/** What EVE has of DNS, version 2: a record for each question, one for a response with all its answers. */
import { fixed, ITEM, type JsonWriter, key } from '../../json/index.ts';
import { DNS_TYPES } from '../../rules/keywords/dns-numbers.ts';
import { colonHex, textOf } from '../text.ts';
import type { DnsMessage, NameInData, Question, ResourceRecord } from './dns-message.ts';
import { responseName, typeName } from './dns-numbers.ts';
import type { DnsTransaction } from './dns-parser.ts';

type Fields = Record<string, unknown>;

const VERSION = fixed({ version: 2 });
const TYPE_QUERY = fixed({ type: 'query' });
const TYPE_ANSWER = fixed({ type: 'answer' });
const QUERY = key('query');
const ANSWER = key('answer');
export const ID: Uint8Array = key('id');
export const TX_ID: Uint8Array = key('tx_id');
export const FLAGS: Uint8Array = key('flags');
const Z = fixed({ z: true });
export const OPCODE: Uint8Array = key('opcode');
const RRNAME = key('rrname');
const RRNAME_TRUNCATED = fixed({ rrname_truncated: true });
export const RRTYPE: Uint8Array = key('rrtype');
export const RCODE: Uint8Array = key('rcode');
const TTL = key('ttl');
const RDATA = key('rdata');
const RDATA_TRUNCATED = fixed({ rdata_truncated: true });
export const ANSWERS: Uint8Array = key('answers');
export const AUTHORITIES: Uint8Array = key('authorities');
export const ADDITIONALS: Uint8Array = key('additionals');
const GROUPED = key('grouped');

/** Compressed names can make a small message say very much: beyond so many bytes the rest is left out. */
const TEXT_BYTES_MAX = 131_072;
export const FLAG_NAMES: readonly (readonly [number, Uint8Array])[] = [
  [0x8000, fixed({ qr: true })],
  [0x0400, fixed({ aa: true })],
  [0x0200, fixed({ tc: true })],
  [0x0100, fixed({ rd: true })],
  [0x0080, fixed({ ra: true })],
  [0x0040, Z],
];

/** How many questions are told. */
export function questionCount({ questions }: DnsMessage): number {
  let bytes = 0;
  const end = questions.findIndex(({ name }) => {
    bytes += name.length;
    return bytes > TEXT_BYTES_MAX;
  });
  return end === -1 ? questions.length : end;
}

function addQuery(into: JsonWriter, { id, message }: DnsTransaction, question: Question): void {
  into.fixed(TYPE_QUERY);
  into.number(ID, message.id);
  addName(into, question);
  into.string(RRTYPE, typeName(question.type));
  into.number(TX_ID, id);
  if ((message.flags & 0x40) !== 0) into.fixed(Z);
  into.number(OPCODE, message.opcode);
}

export function addName(
  into: JsonWriter,
  { name, isCut }: { readonly name: Uint8Array; readonly isCut: boolean },
): void {
  into.text(RRNAME, name, textOf);
  if (isCut) into.fixed(RRNAME_TRUNCATED);
}

/** Adds the record's data under a key of its kind, or as one of a list. EVE has none of some types. */
function addData(into: JsonWriter, message: DnsMessage, record: ResourceRecord, isItem: boolean): void {
  const { bytes } = message;
  const { type, start, end } = record;
  const name = isItem ? ITEM : RDATA;
  switch (type) {
    case DNS_TYPES.A:
    case DNS_TYPES.AAAA:
      addAddress(into, name, bytes.subarray(start, end));
      return;
    case DNS_TYPES.CNAME:
    case DNS_TYPES.NS:
    case DNS_TYPES.PTR:
    case DNS_TYPES.MX: {
      const found = message.nameAt(type === DNS_TYPES.MX ? start + 2 : start, end);
      into.text(name, found.name, textOf);
      if (found.isCut && !isItem) into.fixed(RDATA_TRUNCATED);
      return;
    }
    case DNS_TYPES.TXT:
    case DNS_TYPES.NULL:
      into.text(name, bytes.subarray(start, end), textOf);
      return;
    default: {
      const structure = structureOf(message, record);
      if (structure !== null) into.value(isItem ? ITEM : structure.name, structure.value);
    }
  }
}

const SRV = key('srv');
const SSHFP = key('sshfp');
const SOA = key('soa');

/** Data of several fields. */
function structureOf(
  message: DnsMessage,
  { type, start, end }: ResourceRecord,
): { readonly name: Uint8Array; readonly value: Fields } | null {
  const { bytes } = message;
  switch (type) {
    case DNS_TYPES.SRV: {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const [priority, weight, port] = [0, 2, 4].map((at) => view.getUint16(start + at));
      return { name: SRV, value: { priority, weight, port, name: textOf(message.nameAt(start + 6, end).name) } };
    }
    case DNS_TYPES.SSHFP:
      return {
        name: SSHFP,
        value: { fingerprint: colonHex(bytes.subarray(start + 2, end)), algo: bytes[start]!, type: bytes[start + 1]! },
      };
    case DNS_TYPES.SOA: {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const main = message.nameAt(start, end);
      const responsible = message.nameAt(main.next, end);
      const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((at) =>
        view.getUint32(responsible.next + at),
      );
      const names = { ...named('mname', main), ...named('rname', responsible) };
      return { name: SOA, value: { ...names, serial, refresh, retry, expire, minimum } };
    }
    default:
      return null;
  }
}

const named = (field: string, { name, isCut }: NameInData): Fields => ({
  [field]: textOf(name),
  ...(isCut ? { [`${field}_truncated`]: true } : {}),
});

/** The form follows the length, not the type; another length gives nothing. */
function addAddress(into: JsonWriter, name: Uint8Array, bytes: Uint8Array): void {
  if (bytes.length === 4) into.address(name, (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!);
  else into.string(name, bytes.length === 16 ? addressV6(bytes) : '');
}

function addressV6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16).padStart(4, '0'));
  return groups.join(':');
}

export function addRecords(
  into: JsonWriter,
  name: Uint8Array,
  message: DnsMessage,
  records: readonly ResourceRecord[],
): void {
  into.openList(name);
  for (const record of records) {
    into.open(ITEM);
    addName(into, record);
    into.string(RRTYPE, typeName(record.type));
    into.number(TTL, record.ttl);
    addData(into, message, record, false);
    into.close();
  }
  into.closeList();
}

export function withinLimit(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ name, start, end: dataEnd }) => {
    bytes += Math.max(name.length, dataEnd - start);
    return bytes > TEXT_BYTES_MAX;
  });
  return end === -1 ? records : records.slice(0, end);
}

/** Types of which EVE has the data, and the keys of their groups. */
const GROUPS: ReadonlyMap<number, Uint8Array> = new Map(
  [
    ...[DNS_TYPES.A, DNS_TYPES.AAAA, DNS_TYPES.CNAME, DNS_TYPES.NS, DNS_TYPES.PTR, DNS_TYPES.MX],
    ...[DNS_TYPES.TXT, DNS_TYPES.NULL, DNS_TYPES.SRV, DNS_TYPES.SSHFP, DNS_TYPES.SOA],
  ].map((type) => [type!, key(typeName(type!))]),
);

/** Values of the answers by type. */
export function addGrouped(into: JsonWriter, message: DnsMessage, answers: readonly ResourceRecord[]): void {
  const done: number[] = [];
  into.open(GROUPED);
  for (const { type } of answers) {
    const name = GROUPS.get(type);
    if (name === undefined || done.includes(type)) continue;
    done.push(type);
    into.openList(name);
    for (const record of answers) if (record.type === type) addData(into, message, record, true);
    into.closeList();
  }
  into.close();
}

function addAnswer(into: JsonWriter, message: DnsMessage): void {
  const { flags } = message;
  const answers = withinLimit(message.answers);
  const authorities = withinLimit(message.authorities);
  const [question] = message.questions;
  into.fixed(VERSION);
  into.fixed(TYPE_ANSWER);
  into.number(ID, message.id);
  into.string(FLAGS, flags.toString(16));
  for (const [bit, isSet] of FLAG_NAMES) if ((flags & bit) !== 0) into.fixed(isSet);
  into.number(OPCODE, message.opcode);
  if (question !== undefined) {
    addName(into, question);
    into.string(RRTYPE, typeName(question.type));
  }
  into.string(RCODE, responseName(message.rcode));
  if (answers.length > 0) {
    addRecords(into, ANSWERS, message, answers);
    addGrouped(into, message, answers);
  }
  if (authorities.length > 0) addRecords(into, AUTHORITIES, message, authorities);
}

/** Of an alert. */
export function addOfAlert(tx: DnsTransaction, into: JsonWriter): void {
  const { message } = tx;
  into.fixed(VERSION);
  if (!message.isRequest) {
    into.open(ANSWER);
    addAnswer(into, message);
    into.close();
    return;
  }
  const count = questionCount(message);
  if (count === 0) return;
  into.openList(QUERY);
  for (let at = 0; at < count; at += 1) {
    into.open(ITEM);
    addQuery(into, tx, message.questions[at]!);
    into.close();
  }
  into.closeList();
}

/** Events of type dns: none where nothing was asked, in a response, too. */
export const eventCount = ({ message }: DnsTransaction): number =>
  message.isRequest ? questionCount(message) : Math.min(1, message.questions.length);

export function addEvent(tx: DnsTransaction, index: number, into: JsonWriter): void {
  if (!tx.message.isRequest) {
    addAnswer(into, tx.message);
    return;
  }
  into.fixed(VERSION);
  addQuery(into, tx, tx.message.questions[index]!);
}
