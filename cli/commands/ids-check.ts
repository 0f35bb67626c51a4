/** `msec ids check`: what of some rule files is understood, and what is refused, with place and reason. */
import { type RefusedRule, readRules } from '../../actors/detect/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { ruleFileOf } from '../rule-files.ts';
import { note, paint, print, printJson, table } from '../terminal.ts';
import { givensOf } from './ids-givens.ts';
import { type IdsSettingFlags, IdsSettings } from './ids-settings.ts';

export interface IdsCheckFlags extends CommonFlags, IdsSettingFlags {}

export async function checkRules(flags: IdsCheckFlags, paths: readonly string[]): Promise<number> {
  const groups = IdsSettings.of(flags).variables;
  const { vars } = flags;
  const givens = givensOf({ rules: paths, ...(vars === undefined ? {} : { config: vars }) });
  const files = paths.map((path) => ruleFileOf(path, givens.dataDir));
  const { accepted, refused } = readRules(files, groups, givens);
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
