/** Rule files, with the lists that stand in files beside them and that their rules name. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIST_BYTES_MAX, listNames, RULE_FILE_BYTES_MAX, type RuleFile } from '../actors/detect/index.ts';
import { readFileOf } from './reference-files.ts';

/** `dataDir`: where sets are kept that rules write; without it beside the rules. */
export function ruleFileOf(name: string, dataDir?: string): RuleFile {
  const text = readFileOf(name, RULE_FILE_BYTES_MAX).toString('latin1');
  return { name, text, lists: listsBeside(name, text, dataDir) };
}

/** What is not there is missed by the rule that names it. */
export function listsBeside(rules: string, text: string, dataDir?: string): ReadonlyMap<string, Uint8Array> {
  const there = listNames(text)
    .map(({ name, isState }) => ({ name, path: join(isState ? (dataDir ?? dirname(rules)) : dirname(rules), name) }))
    .filter(({ path }) => existsSync(path));
  return new Map(there.map(({ name, path }) => [name, readFileOf(path, LIST_BYTES_MAX)]));
}
