/** `msec ids bundle make`, `sign` and `verify`: bundles as files, without an engine. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  BUNDLE_BYTES_MAX,
  BUNDLE_NAME,
  BUNDLE_VERSION_MAX,
  type BundleFile,
  type BundleFileKind,
  type CompiledRules,
  compilingBundle,
  nameOf,
  type OpenedBundle,
  openBundle,
  packBundle,
  peekBundle,
  RULE_FILE_BYTES_MAX,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  signBundle,
} from '../../actors/detect/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf, STRUCTURE_BYTES_MAX } from '../reference-files.ts';
import { listsBeside } from '../rule-files.ts';
import { note, OutputError, paint, printJson, UsageError } from '../terminal.ts';
import { type IdsSettingFlags, IdsSettings } from './ids-settings.ts';

export interface BundleMakeFlags extends CommonFlags, IdsSettingFlags {
  readonly name: string;
  readonly version: number;
  readonly out: string;
  readonly thresholds?: string;
  readonly classes?: string;
  readonly leaveOut?: boolean;
  readonly key?: string;
}

export interface BundleSignFlags extends CommonFlags {
  readonly key: string;
  readonly out?: string;
}

export interface BundleVerifyFlags extends CommonFlags {
  readonly key: readonly string[];
}

const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export async function makeBundle(flags: BundleMakeFlags, paths: readonly string[]): Promise<number> {
  const { name, version } = flags;
  if (!BUNDLE_NAME.test(name))
    throw new UsageError(
      '--name is made of letters, digits and . _ -, begins with a letter or digit, and has 64 characters at most',
    );
  if (version < 1 || version > BUNDLE_VERSION_MAX)
    throw new UsageError(`--version is a whole number from 1 to ${BUNDLE_VERSION_MAX}`);
  const settings = IdsSettings.of(flags);
  const file = (path: string, kind: BundleFileKind, bytesMax: number): BundleFile => ({
    ...{ name: basename(path), kind },
    bytes: readFileOf(path, bytesMax),
  });
  const rules = paths.map((path) => file(path, 'rules', RULE_FILE_BYTES_MAX));
  const files = [
    ...rules,
    ...listsOf(paths, rules),
    ...(flags.thresholds === undefined ? [] : [file(flags.thresholds, 'thresholds', TEXT_BYTES_MAX)]),
    ...(flags.classes === undefined ? [] : [file(flags.classes, 'classes', TEXT_BYTES_MAX)]),
  ];
  const isWhole = tellRefused(files, settings) + tellThresholds(files, settings) === 0;
  if (!isWhole && flags.leaveOut !== true) {
    note(paint('red', 'No bundle is made; --leave-out makes it of the rest.', process.stderr));
    return EXIT.data.code;
  }
  const groups = { addresses: settings.groups.address, ports: settings.groups.port };
  const draft = packBundle({ name, version, rules: 0, ...groups }, files);
  const loaded = loadedOf(peekBundle(draft));
  if (loaded === 0) {
    note(paint('red', 'No bundle is made: not one rule would be loaded from it.', process.stderr));
    return EXIT.data.code;
  }
  const bundle = packBundle({ name, version, rules: loaded, ...groups }, files);
  write(flags.out, flags.key === undefined ? bundle : signBundle(bundle, privateKey(flags.key)));
  tell(flags, peekBundle(bundle), loaded);
  return EXIT.ok.code;
}

export async function signBundleFile({ key, out }: BundleSignFlags, path: string): Promise<number> {
  const signed = signBundle(readFileOf(path, BUNDLE_BYTES_MAX), privateKey(key));
  write(out ?? path, signed);
  note(`${nameOf(peekBundle(signed))}: signed`);
  return EXIT.ok.code;
}

export async function verifyBundleFile(flags: BundleVerifyFlags, path: string): Promise<number> {
  const keys = flags.key.map(publicKey);
  const opened = openBundle(readFileOf(path, BUNDLE_BYTES_MAX), keys);
  tell(flags, opened, loadedOf(opened));
  return EXIT.ok.code;
}

/** How many rules. RULES_INVALID. */
function loadedOf(bundle: OpenedBundle): number {
  const steps = compilingBundle(bundle, SENSOR_DEFAULTS.protocols);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return rulesOf(value);
  }
}

const rulesOf = ({ signatures }: CompiledRules): number => new Set(signatures.map(({ rule }) => rule)).size;

function tell({ json }: CommonFlags, { name, version, digest, files }: OpenedBundle, rules: number): void {
  if (json === true) printJson({ name, version, digest, rules, files });
  else note(`${name} ${version}: ${rules} ${rules === 1 ? 'rule' : 'rules'}, ${digest}`);
}

/** One for each name: two files that rules of different folders call the same would be one in the bundle. */
function listsOf(paths: readonly string[], rules: readonly BundleFile[]): BundleFile[] {
  const lists = new Map<string, Uint8Array>();
  for (const [i, path] of paths.entries())
    for (const [name, bytes] of listsBeside(path, Buffer.from(rules[i]!.bytes).toString('latin1'))) {
      const before = lists.get(name);
      if (before !== undefined && !Buffer.from(before).equals(bytes))
        throw new UsageError(`two different lists have the name ${name}`);
      lists.set(name, bytes);
    }
  return [...lists].map(([name, bytes]) => ({ name, kind: 'list', bytes }));
}

/** How many are refused, each named. */
function tellRefused(files: readonly BundleFile[], settings: IdsSettings): number {
  const lists = new Map(files.filter(({ kind }) => kind === 'list').map(({ name, bytes }) => [name, bytes] as const));
  const texts = files
    .filter(({ kind }) => kind === 'rules')
    .map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString('latin1'), lists }));
  const { refused } = readRules(texts, settings.variables);
  for (const { file, line, column, keyword, says, kind } of refused)
    note(`${file}:${line}:${column}: ${keyword}: ${says} (${kind})`);
  return refused.length;
}

function tellThresholds(files: readonly BundleFile[], settings: IdsSettings): number {
  const file = files.find(({ kind }) => kind === 'thresholds');
  if (file === undefined) return 0;
  const { mistakes } = readThresholds(Buffer.from(file.bytes).toString('utf8'), settings.variables);
  // Without one of them alerts come that were to be kept back.
  if (mistakes.length > 0)
    throw new UsageError(mistakes.map(({ line, says }) => `${file.name}:${line}: ${says}`).join('\n'));
  return 0;
}

function write(path: string, bytes: Uint8Array): void {
  const fresh = `${path}.${process.pid}`;
  try {
    writeFileSync(fresh, bytes);
    renameSync(fresh, path);
  } catch (cause) {
    throw new OutputError(`${path} cannot be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

export function privateKey(path: string): KeyObject {
  try {
    return createPrivateKey(readFileOf(path, STRUCTURE_BYTES_MAX));
  } catch (cause) {
    if (cause instanceof Error && cause.message.endsWith('cannot be read')) throw cause;
    throw new UsageError(`${path} is no private key in PEM`);
  }
}

function publicKey(path: string): KeyObject {
  const pem = readFileOf(path, STRUCTURE_BYTES_MAX);
  if (pem.includes('PRIVATE KEY'))
    throw new UsageError(`${path} is a private key; give the public one: openssl pkey -in ${path} -pubout`);
  try {
    return createPublicKey(pem);
  } catch {
    throw new UsageError(`${path} is no public key in PEM`);
  }
}
