/**
 * Sets of texts, hashes or addresses that rules look things up in (dataset, datarep), and what is in one: how an entry is
 * written in a list, and which bytes of a buffer are one.
 */

export const SET_TYPES = ['string', 'md5', 'sha256', 'ipv4', 'ip'] as const;
export type SetType = (typeof SET_TYPES)[number];

export const REPUTATION_MAX = 65_535;

/** Known by its name to all rules that are read together. */
export interface DataSet {
  readonly name: string;
  readonly type: SetType;
  /** What was loaded, one character for each byte, with its number; 0 where the list has none. */
  readonly entries: ReadonlyMap<string, number>;
  /** The list that it was loaded from, and the file that it is written to when all is over; null: none. */
  readonly load: string | null;
  readonly save: string | null;
  /** So many entries find room: what came first gives way. */
  readonly most: number;
  /** Rules put something in or take something out. */
  isChanging: boolean;
}

/** Bytes that Suricata takes for one entry, whose text is not counted, and for each row of its table of them. */
const ENTRY_BYTES: Readonly<Record<SetType, number>> = { string: 88, md5: 90, sha256: 106, ipv4: 78, ip: 90 };
const ROW_BYTES = 64;
export const ROWS = 4096;

/** As many entries as find room in `memcap` bytes; less than none: not even the table does. */
export const entriesWithin = (type: SetType, memcap: number, rows: number): number =>
  Math.floor((memcap - rows * ROW_BYTES) / ENTRY_BYTES[type]);

const HEX_DIGITS: Readonly<Partial<Record<SetType, number>>> = { md5: 32, sha256: 64 };

/** Null: it is none of that type. */
export function entryOf(type: SetType, text: string): string | null {
  if (type === 'string') return /^[\w+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('latin1') : null;
  const digits = HEX_DIGITS[type];
  if (digits !== undefined) {
    const isHex = text.length === digits && /^[0-9a-fA-F]+$/.test(text);
    return isHex ? Buffer.from(text, 'hex').toString('latin1') : null;
  }
  return text.includes(':') && type === 'ip' ? v6(text) : v4(text);
}

/** As a list has it. */
export function writtenEntry(type: SetType, entry: string): string {
  const bytes = Buffer.from(entry, 'latin1');
  if (type === 'string') return bytes.toString('base64');
  if (HEX_DIGITS[type] !== undefined) return bytes.toString('hex');
  return bytes.length === V4_BYTES ? bytes.join('.') : bytes.toString('hex').replace(/....(?=.)/g, '$&:');
}

/** Four bytes, whether it is written so or as an IPv6 address that stands for them. */
export function v4(text: string): string | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part < 256) === true ? String.fromCharCode(...parts) : null;
}

const V4_BYTES = 4;
const V6_BYTES = 16;
const V6_GROUPS = 8;
const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

/** An IPv4 address in IPv6's form is the address itself. */
export function v6(text: string): string | null {
  const [, before, last] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const tail = last === undefined ? '' : v4(last);
  if (tail === null) return null;
  const groups = last === undefined ? text : `${before}${hex(tail, 0)}:${hex(tail, 2)}`;
  const [head, rest, more] = groups.split('::');
  const left = head === '' ? [] : head!.split(':');
  const right = rest === undefined || rest === '' ? [] : rest.split(':');
  const missing = V6_GROUPS - left.length - right.length;
  if (more !== undefined || (rest === undefined ? missing !== 0 : missing < 1)) return null;
  const all = [...left, ...Array.from({ length: rest === undefined ? 0 : missing }, () => '0'), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  const bytes = all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  return shortened(String.fromCharCode(...bytes));
}

const hex = (bytes: string, at: number): string =>
  ((bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1)).toString(16);

const shortened = (bytes: string): string => (bytes.startsWith(MAPPED) ? bytes.slice(MAPPED.length) : bytes);

const SIZES: Readonly<Partial<Record<SetType, readonly number[]>>> = {
  md5: [16],
  sha256: [32],
  ipv4: [V4_BYTES],
  ip: [V4_BYTES, V6_BYTES],
};

/** The entry that the bytes are; null: they can be in no set of the type. */
export function entryIn(type: SetType, bytes: Uint8Array): string | null {
  const sizes = SIZES[type];
  if (sizes !== undefined && !sizes.includes(bytes.length)) return null;
  const text = latin1(bytes);
  return type === 'ip' ? shortened(text) : text;
}

/** The entry that rules put in or take out by these bytes: of type ip addresses of IPv6 alone; of ipv4 the first bytes go in. */
export function changedEntry(type: SetType, bytes: Uint8Array, action: 'set' | 'unset'): string | null {
  if (type === 'ip' && bytes.length !== V6_BYTES) return null;
  return entryIn(type, type === 'ipv4' && action === 'set' ? bytes.subarray(0, V4_BYTES) : bytes);
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
