/** Headers of a message by name: the second of one name is joined to the first with a comma, in the first one's place. */
import { COLON, CR, chomped, isBlank, isSameNoCase, isText, joined, lengthOf } from './octets.ts';

export interface Header {
  readonly name: Uint8Array;
  value: Uint8Array;
  isRepeated: boolean;
}

/** Beyond this many different ones a message is not followed. */
const HEADERS_MAX = 1024;
/** Beyond this many joined ones the rest is passed over. */
const REPETITIONS_MAX = 64;

const COMMA = Uint8Array.of(0x2c, 0x20);
const NAMELESS = new Uint8Array();

export type HeaderFault = 'folding' | 'missing_colon' | 'invalid' | 'too_many' | 'repeated' | 'ambiguous_length';
export type TellFault = (fault: HeaderFault) => void;

export class HeaderTable {
  readonly list: Header[] = [];
  /** Changes with every header. */
  version = 0;
  #repetitions = 0;

  clear(): void {
    this.list.length = 0;
    this.version += 1;
  }

  find(lower: string): Header | null {
    for (const header of this.list) if (isText(header.name, lower)) return header;
    return null;
  }

  /** One header line, without its end. In requests a NUL before the colon is as if there were no colon. */
  add(line: Uint8Array, isRequest: boolean, fault: TellFault): void {
    const end = chomped(line, 0, line.length);
    let colon = 0;
    while (colon < end && line[colon] !== COLON && !(isRequest && line[colon] === 0)) colon += 1;
    if (colon === end || line[colon] === 0) {
      let start = 0;
      if (!isRequest) while (start < end && isBlank(line[start]!)) start += 1;
      fault('missing_colon');
      this.#put(NAMELESS, line.subarray(start, end), fault);
      return;
    }
    let nameEnd = colon;
    while (nameEnd > 0 && isBlank(line[nameEnd - 1]!)) nameEnd -= 1;
    let isValid = nameEnd === colon && colon > 0;
    for (let at = 0; at < nameEnd && isValid; at += 1) isValid = TOKEN[line[at]!] === 1;
    let start = colon + 1;
    while (start < end && isBlank(line[start]!)) start += 1;
    let stop = end;
    while (stop > start && isBlank(line[stop - 1]!)) stop -= 1;
    if (!isValid) fault('invalid');
    this.#put(line.subarray(0, nameEnd), line.subarray(start, stop), fault);
  }

  #put(name: Uint8Array, value: Uint8Array, fault: TellFault): void {
    for (const header of this.list) {
      if (!isSameNoCase(header.name, name)) continue;
      this.#join(header, value, fault);
      return;
    }
    if (this.list.length > HEADERS_MAX) {
      fault('too_many');
      return;
    }
    this.list.push({ name, value, isRepeated: false });
    this.version += 1;
  }

  #join(header: Header, value: Uint8Array, fault: TellFault): void {
    if (!header.isRepeated) fault('repeated');
    else if (this.#repetitions >= REPETITIONS_MAX) return;
    else this.#repetitions += 1;
    header.isRepeated = true;
    this.version += 1;
    if (isText(header.name, 'content-length')) {
      const [first, second] = [lengthOf(header.value), lengthOf(value)];
      if (first === -1 || second === -1 || first !== second) fault('ambiguous_length');
    } else header.value = joined(header.value, COMMA, value);
  }
}

/** 1: may be in the name of a header. */
const TOKEN = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte += 1) TOKEN[byte] = 1;
for (const separator of '()<>@,;:\\"/[]?={} \t') TOKEN[separator.charCodeAt(0)] = 0;

export const isLineEmpty = (line: Uint8Array): boolean =>
  (line.length === 1 && (line[0] === 0x0a || line[0] === CR)) ||
  (line.length === 2 && line[0] === CR && line[1] === 0x0a);
