/** `msec ids check`: what of some rule files is understood, and what is refused, with place and reason. */
import { parse } from 'yaml';
import {
  type RefusedRule,
  RULE_FILE_BYTES_MAX,
  readRules,
  type Variables,
  variables,
} from '../../actors/detect/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf } from '../reference-files.ts';
import { note, paint, print, printJson, table, UsageError } from '../terminal.ts';

export interface IdsCheckFlags extends CommonFlags {
  readonly vars?: string;
  readonly homeNet?: string;
  readonly set?: readonly string[];
}

const VARS_BYTES_MAX = 4 * 1024 * 1024;

export async function checkRules(flags: IdsCheckFlags, paths: readonly string[]): Promise<number> {
  const groups = groupsOf(flags);
  const files = paths.map((name) => ({ name, text: readFileOf(name, RULE_FILE_BYTES_MAX).toString('latin1') }));
  const { accepted, refused } = readRules(files, groups);
  const rows = byKeyword(refused);
  const counts = { rules: accepted.length + refused.length, accepted: accepted.length, refused: refused.length };
  if (flags.json === true) {
    for (const one of refused) printJson(one);
    printJson({ ...counts, byKeyword: rows });
  } else {
    for (const { file, line, column, keyword, kind, says } of refused)
      print(`${file}:${line}:${column}: ${keyword}: ${says} (${kind})`);
    if (rows.length > 0) {
      print();
      const columns = [{ title: 'refused', align: 'right' }, { title: 'keyword' }, { title: 'kind' }] as const;
      for (const line of table(
        columns,
        rows.map((row) => [String(row.rules), row.keyword, row.kind]),
      ))
        print(line);
    }
    const summary = `${counts.rules} rules: ${counts.accepted} accepted, ${counts.refused} refused`;
    note(paint(counts.refused === 0 ? 'green' : 'red', summary, process.stderr));
  }
  return counts.refused === 0 ? EXIT.ok.code : EXIT.data.code;
}

interface KeywordCount {
  readonly keyword: string;
  readonly kind: string;
  readonly rules: number;
}

function byKeyword(refused: readonly RefusedRule[]): KeywordCount[] {
  const counts = new Map<string, number>();
  for (const { keyword, kind } of refused)
    counts.set(`${kind} ${keyword}`, (counts.get(`${kind} ${keyword}`) ?? 0) + 1);
  return [...counts]
    .map(([key, rules]) => {
      const blank = key.indexOf(' ');
      return { keyword: key.slice(blank + 1), kind: key.slice(0, blank), rules };
    })
    .sort((a, b) => b.rules - a.rules || (a.keyword < b.keyword ? -1 : 1));
}

type Groups = Record<string, string>;

function groupsOf({ vars, homeNet, set = [] }: IdsCheckFlags): Variables {
  const { addresses, ports } = vars === undefined ? { addresses: {}, ports: {} } : fromYaml(vars);
  for (const setting of set) {
    const [, kind, name, value] = /^vars\.(address|port)-groups\.(\w+)=(.+)$/.exec(setting) ?? [];
    if (name === undefined) throw new UsageError(`--set takes vars.address-groups.NAME=… or vars.port-groups.NAME=…`);
    (kind === 'address' ? addresses : ports)[name] = value!;
  }
  if (homeNet !== undefined) addresses.HOME_NET = homeNet;
  return variables(addresses, ports);
}

function fromYaml(path: string): { addresses: Groups; ports: Groups } {
  const text = readFileOf(path, VARS_BYTES_MAX).toString('utf8');
  let root: unknown;
  try {
    root = parse(text);
  } catch {
    throw new UsageError(`${path} is no YAML`);
  }
  const vars = member(root, 'vars');
  return { addresses: texts(member(vars, 'address-groups')), ports: texts(member(vars, 'port-groups')) };
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

function texts(group: unknown): Groups {
  if (typeof group !== 'object' || group === null) return {};
  return Object.fromEntries(
    Object.entries(group).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
    ),
  );
}
