/** What rules may name beside their own files, by a suricata.yaml: sets, the reputation of addresses, and where sets are kept. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import {
  type DataSet,
  entriesWithin,
  LIST_BYTES_MAX,
  listLines,
  type Reputation,
  type RuleGivens,
  RuleMistake,
  readEntries,
  readReputation,
  SET_ROWS,
  SET_TYPES,
  type SetType,
  writtenEntry,
} from '../../actors/detect/index.ts';
import { readFileOf } from '../reference-files.ts';
import { note, UsageError } from '../terminal.ts';

export interface GivenFlags {
  /** A suricata.yaml. */
  readonly config?: string;
  readonly dataDir?: string;
  readonly rules?: readonly string[];
}

type Section = Readonly<Record<string, unknown>>;

const YAML_BYTES_MAX = 4 * 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export interface Givens extends RuleGivens {
  /** Where sets are kept that rules name a file for. */
  readonly dataDir: string;
}

export function givensOf(flags: GivenFlags): Givens {
  const root = flags.config === undefined ? {} : sectionOf(parse(readFileOf(flags.config, YAML_BYTES_MAX).toString()));
  const beside = (path: string): string => (flags.config === undefined ? path : resolve(dirname(flags.config), path));
  const named = root['default-data-dir'];
  const dataDir =
    flags.dataDir ?? (typeof named === 'string' ? beside(named) : dirname(flags.rules?.[0] ?? flags.config ?? '.'));
  const datasets = sectionOf(root.datasets);
  const defaults = sectionOf(datasets.defaults);
  const reputation = reputationOf(root, beside);
  return {
    dataDir,
    writesSets: !/^(?:no|false|0|off)$/i.test(String(sectionOf(datasets.rules)['allow-write'] ?? 'yes')),
    memcap: bytesOf('datasets.defaults.memcap', defaults.memcap),
    rows: bytesOf('datasets.defaults.hashsize', defaults.hashsize) || SET_ROWS,
    sets: Object.entries(datasets).flatMap(([name, section]) => {
      const type = sectionOf(section).type;
      return type === undefined ? [] : [declared(name, sectionOf(section), defaults, { dataDir, beside })];
    }),
    ...(reputation === null ? {} : { reputation }),
  };
}

/** The sets that a file is named for are written to it, as lists that can be loaded again. */
export function writeSets(
  sets: readonly DataSet[],
  dataDir: string,
  entries: (set: DataSet) => Iterable<string>,
): void {
  for (const set of sets) {
    if (set.save === null) continue;
    const path = isAbsolute(set.save) ? set.save : join(dataDir, set.save);
    try {
      writeFileSync(path, [...entries(set)].map((entry) => `${writtenEntry(set.type, entry)}\n`).join(''));
    } catch (thrown) {
      note(`the set ${set.name} is not written: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
}

function declared(
  name: string,
  { type: named, state, load, memcap, hashsize }: Section,
  defaults: Section,
  { dataDir, beside }: { readonly dataDir: string; readonly beside: (path: string) => string },
): DataSet {
  const type = SET_TYPES.find((one) => one === named);
  if (type === undefined) throw new UsageError(`datasets.${name}: the type ${String(named)} does not exist`);
  const inData = (path: string): string => (isAbsolute(path) ? path : join(dataDir, path));
  const save = typeof state === 'string' ? inData(state) : null;
  const from = save ?? (typeof load === 'string' ? (existsSync(inData(load)) ? inData(load) : beside(load)) : null);
  const entries =
    from === null || (from === save && !existsSync(from)) ? new Map<string, number>() : entriesOf(name, from, type);
  const size = bytesOf(`datasets.${name}.memcap`, memcap) || bytesOf('datasets.defaults.memcap', defaults.memcap);
  const rows = bytesOf(`datasets.${name}.hashsize`, hashsize) || bytesOf('', defaults.hashsize) || SET_ROWS;
  const most = size === 0 ? Number.MAX_SAFE_INTEGER : entriesWithin(type, size, rows);
  if (most < entries.size) throw new UsageError(`datasets.${name}: the set is larger than its memcap`);
  return { name, type, entries, load: from, save, most, isChanging: false };
}

function entriesOf(name: string, path: string, type: SetType): Map<string, number> {
  try {
    return readEntries('datasets', path, listLines(readFileOf(path, LIST_BYTES_MAX)), type);
  } catch (thrown) {
    if (thrown instanceof RuleMistake) throw new UsageError(`datasets.${name}: ${thrown.message}`);
    throw thrown;
  }
}

function reputationOf(root: Section, beside: (path: string) => string): Reputation | null {
  const categories = root['reputation-categories-file'];
  if (typeof categories !== 'string') return null;
  const folder = root['default-reputation-path'];
  const files = Array.isArray(root['reputation-files']) ? root['reputation-files'].map(String) : [];
  const inFolder = (path: string): string =>
    beside(typeof folder === 'string' && !isAbsolute(path) ? join(folder, path) : path);
  const textOf = (path: string): string => readFileOf(path, LIST_BYTES_MAX).toString('latin1');
  const reputation = readReputation(textOf(beside(categories)), files.map(inFolder).map(textOf));
  if (reputation.badLines > 0) note(`${reputation.badLines} lines about reputation say nothing`);
  return reputation;
}

function bytesOf(key: string, value: unknown): number {
  if (value === undefined || value === null) return 0;
  const match = /^(\d{1,12})\s*([kmg])?i?b?$/i.exec(String(value));
  if (match === null) throw new UsageError(`${key} is no size`);
  return Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1);
}

const sectionOf = (value: unknown): Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {};
