/**
 * Lists that stand in files beside a rule file: what is in a set, with or without a number for each, and hashes of files.
 * They are read with the rules.
 */
import type { Reputation } from './reputation.ts';
import { shown, wrong } from './rule-mistake.ts';
import { type DataSet, entryOf, REPUTATION_MAX, type SetType } from './sets.ts';

/** Files by the names that rules give them. */
export type ListFiles = ReadonlyMap<string, Uint8Array>;

/** What rules may name and that stands in no file of rules. */
export interface RuleGivens {
  readonly sets?: readonly DataSet[];
  readonly reputation?: Reputation;
  /** Sets may be written to files when all is over. */
  readonly writesSets?: boolean;
  /** Of sets whose rule says nothing of it: bytes, and rows of the table. */
  readonly memcap?: number;
  readonly rows?: number;
}

export const LIST_BYTES_MAX: number = 64 * 1024 * 1024;
const LINE_CHARS_MAX = 65_536;

/** A relative path within the folder. */
const NAME = /^(?!.*(?:^|[/\\])\.\.(?:[/\\]|$))[^/\\\s,;][^\s,;]*$/;
export const isListName = (name: string): boolean => NAME.test(name);

const USES =
  /\b(?:(?:dataset|datarep)\s*:[^;]*?\b(load|state)\s+([^\s,;]+)|file(?:md5|sha1|sha256)\s*:\s*!?\s*([^\s;]+))/g;

/** The lists that the rules of a file name; which of them there are nobody has looked yet. */
export function listNames(text: string): { readonly name: string; readonly isState: boolean }[] {
  const names = new Map([...text.matchAll(USES)].map(([, how, set, hashed]) => [(set ?? hashed)!, how === 'state']));
  return [...names].flatMap(([name, isState]) => (isListName(name) ? [{ name, isState }] : []));
}

export function listLines(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split(/\r?\n/);
  return lines.filter((line) => line !== '' && line.length <= LINE_CHARS_MAX);
}

/** Of one rule file: each list is read once. A set is known by its name to the rules behind the one that defines it, in all files. */
export class RuleLists {
  readonly sets: Map<string, DataSet>;
  readonly #files: ListFiles;
  readonly #hashes = new Map<string, ReadonlySet<string>>();

  readonly given: RuleGivens;

  constructor(files: ListFiles, sets: Map<string, DataSet> = new Map(), given: RuleGivens = {}) {
    this.#files = files;
    this.sets = sets;
    this.given = given;
  }

  get reputation(): Reputation | null {
    return this.given.reputation ?? null;
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** Throws a RuleMistake. */
  lines(keyword: string, name: string): string[] {
    if (!isListName(name)) return wrong(keyword, `"${shown(name)}" is no file beside the rules`);
    const bytes = this.#files.get(name);
    if (bytes === undefined) return wrong(keyword, `the file ${shown(name)} is not beside the rules`);
    return listLines(bytes);
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

  /** A comma and a number may stand behind what is in it; what stands there twice has the first one. */
  entries(keyword: string, file: string, type: SetType): Map<string, number> {
    return readEntries(keyword, file, this.lines(keyword, file), type);
  }
}

export function readEntries(
  keyword: string,
  file: string,
  lines: readonly string[],
  type: SetType,
): Map<string, number> {
  const entries = new Map<string, number>();
  for (const line of lines) {
    if (line.startsWith('#')) continue;
    const comma = line.includes(',') ? line.indexOf(',') : line.length;
    const number = comma === line.length ? '0' : /^,\s*(\d{1,5})\s*$/.exec(line.slice(comma))?.[1];
    const value = entryOf(type, line.slice(0, comma).trim());
    if (value === null || number === undefined || Number(number) > REPUTATION_MAX)
      return wrong(keyword, `${shown(file)} has a line that is no ${type}: ${shown(line)}`);
    if (!entries.has(value)) entries.set(value, Number(number));
  }
  return entries;
}
