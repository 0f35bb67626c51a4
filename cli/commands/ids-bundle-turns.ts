/** `msec ids bundle push`, `list` and `roll-back`: which rules are in force. */
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { BUNDLE_BYTES_MAX } from '../../actors/detect/index.ts';
import { type RuleOverview, type RuleTurn, signOrder } from '../../services/ids-rules/index.ts';
import type { Examining } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import type { Config } from '../config/index.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf } from '../reference-files.ts';
import { note, paint, print, printJson, table, UsageError } from '../terminal.ts';
import { privateKey } from './ids-bundle.ts';
import { listRules, withRules } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface BundleListFlags extends CommonFlags {}

export interface BundlePushFlags extends CommonFlags {
  readonly by?: string;
}

export interface BundleRollBackFlags extends BundlePushFlags {
  readonly why: string;
  readonly key?: string;
}

export async function pushBundle(flags: BundlePushFlags, path: string): Promise<number> {
  const { config } = settingsOf(flags);
  const bundle = readFileOf(path, BUNDLE_BYTES_MAX);
  const turn = await withRules(config, (rules) => rules.push(bundle, flags.by ?? userInfo().username));
  tellTurn(flags, turn as Told);
  return EXIT.ok.code;
}

export async function rollBackBundle(flags: BundleRollBackFlags, text: string | undefined): Promise<number> {
  const { config } = settingsOf(flags);
  if (text !== undefined && !/^\d{1,10}$/.test(text)) throw new UsageError('the version must be a whole number');
  const version = text === undefined ? null : Number(text);
  const asked = { version, by: flags.by ?? userInfo().username, why: flags.why };
  const request = flags.key === undefined ? asked : await signedBy(flags.key, config, asked);
  tellTurn(flags, (await withRules(config, (rules) => rules.rollBack(request))) as Told);
  return EXIT.ok.code;
}

interface Asked {
  readonly version: number | null;
  readonly by: string;
  readonly why: string;
}

/** The order names the turn behind which it holds, so that it holds once. */
async function signedBy(
  keyFile: string,
  config: Config,
  asked: Asked,
): Promise<Asked & { readonly signature?: string }> {
  const key = privateKey(keyFile);
  const { inForce, bundles, turns } = (await listRules(config)) as RuleOverview;
  const { version, by, why } = asked;
  const isOther = ({ digest }: { readonly digest: string }) => digest !== inForce?.digest;
  const isKept = ({ digest }: { readonly digest: string }) => bundles.some((bundle) => bundle.digest === digest);
  const to =
    version === null
      ? turns.find((turn) => isOther(turn) && isKept(turn))
      : bundles.find((bundle) => isOther(bundle) && bundle.version === version);
  // Why there is no way back says whoever is asked to go it.
  if (inForce === null || to === undefined) return asked;
  return { ...asked, signature: signOrder({ after: inForce.sequence, digest: to.digest, by, why }, key) };
}

export async function listBundles(flags: BundleListFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const overview = (await listRules(config)) as RuleOverview & { readonly examining: Examining };
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
  if (overview.examining === 'nothing') note(paint('yellow', NOTHING, process.stderr));
  for (const { at, name, version, says, by } of refusals)
    note(`refused ${timeOf(at)}, pushed by ${by}: ${name === null ? '' : `${name} ${version}: `}${says}`);
  return EXIT.ok.code;
}

function otherwise(files: readonly string[]): string {
  if (files.length === 0) return 'ids.rules names no files, so no rules are';
  return `the rules of ids.rules are (${files.map((file) => basename(file)).join(', ')})`;
}

type Told = RuleTurn & { readonly examining: Examining };

const WHERE: Readonly<Record<Examining, string>> = {
  now: ' on all workers',
  'next start': ' from the next start of the engine on, as none runs',
  nothing: '',
};
const NOTHING =
  'No packets come here, so the rules examine nothing: name an interface (ids.interface) or gateways (ids.gateways).';

function tellTurn({ json }: CommonFlags, turn: Told): void {
  if (json === true) printJson(turn);
  else {
    const { name, version, replaces, examining } = turn;
    const before = replaces === null ? '' : `; it replaces ${replaces.name} ${replaces.version}`;
    note(`${name} ${version} is put in force${WHERE[examining]}${before}.`);
    if (examining === 'nothing') note(paint('yellow', NOTHING, process.stderr));
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
