/** `msec ids bundle push`, `list` and `roll-back`: which rules are in force. */
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { BUNDLE_BYTES_MAX } from '../../actors/detect/index.ts';
import type { RuleOverview, RuleTurn } from '../../services/ids-rules/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf } from '../reference-files.ts';
import { note, paint, print, printJson, table, UsageError } from '../terminal.ts';
import { listRules, withRules } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface BundleListFlags extends CommonFlags {}

export interface BundlePushFlags extends CommonFlags {
  readonly by?: string;
}

export interface BundleRollBackFlags extends BundlePushFlags {
  readonly why: string;
}

export async function pushBundle(flags: BundlePushFlags, path: string): Promise<number> {
  const { config } = settingsOf(flags);
  const bundle = readFileOf(path, BUNDLE_BYTES_MAX);
  const turn = await withRules(config, (rules) => rules.push(bundle, flags.by ?? userInfo().username));
  tellTurn(flags, turn as RuleTurn);
  return EXIT.ok.code;
}

export async function rollBackBundle(flags: BundleRollBackFlags, text: string | undefined): Promise<number> {
  const { config } = settingsOf(flags);
  if (text !== undefined && !/^\d{1,10}$/.test(text)) throw new UsageError('the version must be a whole number');
  const version = text === undefined ? null : Number(text);
  const request = { version, by: flags.by ?? userInfo().username, why: flags.why };
  tellTurn(flags, (await withRules(config, (rules) => rules.rollBack(request))) as RuleTurn);
  return EXIT.ok.code;
}

export async function listBundles(flags: BundleListFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const overview = (await listRules(config)) as RuleOverview;
  if (flags.json === true) {
    printJson({ ...overview, ruleFiles: overview.inForce === null ? config['ids.rules'] : [] });
    return EXIT.ok.code;
  }
  const { inForce, bundles, refusals } = overview;
  if (inForce === null) print(`No bundle is in force: ${otherwise(config['ids.rules'])}.`);
  else {
    const why = inForce.why === '' ? '' : `: ${inForce.why}`;
    const how = inForce.kind === 'push' ? 'pushed' : 'rolled back to';
    print(`${inForce.name} ${inForce.version} is in force, ${how} ${timeOf(inForce.at)} by ${inForce.by}${why}`);
  }
  if (bundles.length > 0) {
    print();
    const columns = [
      { title: 'version', align: 'right' },
      { title: 'name' },
      { title: 'rules', align: 'right' },
      { title: 'pushed' },
      { title: 'by' },
      { title: '' },
    ] as const;
    const rows = bundles.map(({ version, name, loaded, at, by, digest, refused }) => [
      ...[String(version), name, String(loaded), timeOf(at), by],
      refused ?? (digest === inForce?.digest ? paint('green', 'in force') : ''),
    ]);
    for (const line of table(columns, rows)) print(line);
  }
  for (const { at, name, version, says, by } of refusals)
    note(`refused ${timeOf(at)}, pushed by ${by}: ${name === null ? '' : `${name} ${version}: `}${says}`);
  return EXIT.ok.code;
}

function otherwise(files: readonly string[]): string {
  if (files.length === 0) return 'ids.rules names no files, so no rules are';
  return `the rules of ids.rules are (${files.map((file) => basename(file)).join(', ')})`;
}

function tellTurn({ json }: CommonFlags, turn: RuleTurn): void {
  if (json === true) printJson(turn);
  else {
    const { name, version, replaces } = turn;
    const before = replaces === null ? '' : `; it replaces ${replaces.name} ${replaces.version}`;
    note(`${name} ${version} is put in force on all workers${before}.`);
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
