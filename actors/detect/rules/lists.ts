/**
 * Lists that stand in files beside a rule file: what is in a set, with or without a number for each, and hashes of files.
 * They are read with the rules; nothing is ever written into one.
 */
import { shown, wrong } from './rule-mistake.ts';

/** Files by the names that rules give them. */
export type ListFiles = ReadonlyMap<string, Uint8Array>;

export const LIST_BYTES_MAX: number = 64 * 1024 * 1024;
const LINE_CHARS_MAX = 65_536;

export const SET_TYPES = ['string', 'md5', 'sha256', 'ipv4', 'ip'] as const;
export type SetType = (typeof SET_TYPES)[number];

/** What is in it, one character for each byte, with its number; 0 where the list has none. */
export interface DataSet {
  readonly type: SetType;
  readonly entries: ReadonlyMap<string, number>;
}

/** A relative path within the folder. */
const NAME = /^(?!.*(?:^|[/\\])\.\.(?:[/\\]|$))[^/\\\s,;][^\s,;]*$/;
export const isListName = (name: string): boolean => NAME.test(name);

const USES = /\b(?:(?:dataset|datarep)\s*:[^;]*?\bload\s+([^\s,;]+)|file(?:md5|sha1|sha256)\s*:\s*!?\s*([^\s;]+))/g;

/** The lists that the rules of a file name; which of them there are nobody has looked yet. */
export function listNames(text: string): string[] {
  const names = [...text.matchAll(USES)].map(([, loaded, hashed]) => (loaded ?? hashed)!);
  return [...new Set(names.filter(isListName))];
}

/** Of one reading: each list is read once, and a set is known by its name to the rules behind the one that loads it. */
export class RuleLists {
  readonly sets = new Map<string, DataSet>();
  readonly #files: ListFiles;
  readonly #hashes = new Map<string, ReadonlySet<string>>();

  constructor(files: ListFiles) {
    this.#files = files;
  }

  /** Throws a RuleMistake. */
  lines(keyword: string, name: string): string[] {
    if (!isListName(name)) return wrong(keyword, `"${shown(name)}" is no file beside the rules`);
    const bytes = this.#files.get(name);
    if (bytes === undefined) return wrong(keyword, `the file ${shown(name)} is not beside the rules`);
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split(/\r?\n/);
    return lines.filter((line) => line !== '' && line.length <= LINE_CHARS_MAX);
  }

  /** Hashes of so many hexadecimal digits, at the start of each line; what else stands in it is a remark. */
  hashes(keyword: string, name: string, digits: number): ReadonlySet<string> {
    const key = `${digits} ${name}`;
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    const form = new RegExp(`^[0-9a-fA-F]{${digits}}(?![0-9a-fA-F])`);
    const found = new Set<string>();
    for (const line of this.lines(keyword, name)) {
      if (line.startsWith('#') || /^\s*$/.test(line)) continue;
      const hash = form.exec(line)?.[0];
      if (hash === undefined) return wrong(keyword, `${shown(name)} has a line without a hash: ${shown(line)}`);
      found.add(hash.toLowerCase());
    }
    this.#hashes.set(key, found);
    return found;
  }

  /** `hasNumbers`: each line ends with a comma and a number. */
  load(keyword: string, file: string, type: SetType, hasNumbers: boolean): DataSet {
    const entries = new Map<string, number>();
    for (const line of this.lines(keyword, file)) {
      if (line.startsWith('#')) continue;
      const comma = hasNumbers ? line.lastIndexOf(',') : line.length;
      const number = hasNumbers ? /^,\s*(\d{1,5})\s*$/.exec(line.slice(comma))?.[1] : '0';
      const value = entry(type, line.slice(0, comma).trim());
      if (value === null || number === undefined)
        return wrong(keyword, `${shown(file)} has a line that is no ${type}: ${shown(line)}`);
      entries.set(value, Number(number));
    }
    return { type, entries };
  }
}

const HEX_DIGITS: Readonly<Partial<Record<SetType, number>>> = { md5: 32, sha256: 64 };

/** null: it is none of that type. */
function entry(type: SetType, text: string): string | null {
  if (type === 'string') return /^[\w+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('latin1') : null;
  const digits = HEX_DIGITS[type];
  if (digits !== undefined) {
    const isHex = text.length === digits && /^[0-9a-fA-F]+$/.test(text);
    return isHex ? Buffer.from(text, 'hex').toString('latin1') : null;
  }
  return text.includes(':') && type === 'ip' ? v6(text) : v4(text);
}

/** Four bytes, whether it is written so or as an IPv6 address that stands for them. */
function v4(text: string): string | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part < 256) === true ? String.fromCharCode(...parts) : null;
}

const V6_GROUPS = 8;
const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

function v6(text: string): string | null {
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

/** An IPv4 address in IPv6's form is the address itself. */
const shortened = (bytes: string): string => (bytes.startsWith(MAPPED) ? bytes.slice(MAPPED.length) : bytes);

const SIZES: Readonly<Partial<Record<SetType, readonly number[]>>> = {
  md5: [16],
  sha256: [32],
  ipv4: [4],
  ip: [4, 16],
};

/** The number of the bytes in the set; null: they are not in it, or can be in none of its type. */
export function lookedUp({ type, entries }: DataSet, bytes: Uint8Array): number | null {
  const sizes = SIZES[type];
  if (sizes !== undefined && !sizes.includes(bytes.length)) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return entries.get(type === 'ip' ? shortened(text) : text) ?? null;
}
