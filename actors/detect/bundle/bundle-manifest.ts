/** What a bundle says of itself, in JSON. Each field is checked: a signature vouches for who wrote it, not for what. */
import { MsecError } from '../../../engine/index.ts';

/** `thresholds`: a threshold.config; `classes`: a classification.config, beside Suricata's own classes; `list`: what rules look up, by the name that they give it. */
export type BundleFileKind = 'rules' | 'thresholds' | 'classes' | 'list';

export interface BundleFileHead {
  /** As refusals name it: the last part of its path. */
  readonly name: string;
  readonly kind: BundleFileKind;
  readonly bytes: number;
}

export interface BundleManifest {
  readonly name: string;
  /** Newer ones have a higher one. */
  readonly version: number;
  /** How many rules are loaded from it where it was made; the rest is known to be refused. */
  readonly rules: number;
  /** Groups that are not Suricata's own, by their names. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, string>>;
  readonly files: readonly BundleFileHead[];
}

/** Of all files together. */
const BUNDLE_TEXT_BYTES_MAX = 128 * 1024 * 1024;
const BUNDLE_FILES_MAX = 1_000;
export const BUNDLE_VERSION_MAX = 0xffff_ffff;
const GROUPS_MAX = 1_000;
const GROUP_CHARS_MAX = 65_536;
const KINDS: readonly string[] = ['rules', 'thresholds', 'classes', 'list'];
/** Of a set of rules. */
export const BUNDLE_NAME: RegExp = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
const FILE_NAME = /^[^/\\\p{Cc}]{1,255}$/u;
const GROUP_NAME = /^[\w-]{1,128}$/;

/** RULES_INVALID names the field. */
export function manifestOf(text: string): BundleManifest {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    wrong('manifest', 'is no JSON');
  }
  const { name, version, rules, addresses, ports, files } = fieldsOf(root, 'manifest');
  if (!Array.isArray(files) || files.length > BUNDLE_FILES_MAX)
    return wrong('files', `must be a list of at most ${BUNDLE_FILES_MAX}`);
  const manifest = {
    name: textOf(name, BUNDLE_NAME, 'name'),
    version: wholeOf(version, 1, BUNDLE_VERSION_MAX, 'version'),
    rules: wholeOf(rules, 0, Number.MAX_SAFE_INTEGER, 'rules'),
    addresses: groupsOf(addresses, 'addresses'),
    ports: groupsOf(ports, 'ports'),
    files: files.map(fileOf),
  };
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > BUNDLE_TEXT_BYTES_MAX) return wrong('files', `have more than ${BUNDLE_TEXT_BYTES_MAX} bytes`);
  for (const kind of ['thresholds', 'classes'])
    if (manifest.files.filter((file) => file.kind === kind).length > 1) return wrong('files', `has ${kind} twice`);
  return manifest;
}

/** What is no manifest was not made by `msec ids bundle make`. */
export function wrong(field: string, says: string): never {
  throw new MsecError('RULES_INVALID', `bundle, ${field}: ${says}`, { field });
}

function fileOf(file: unknown, index: number): BundleFileHead {
  const field = `files[${index}]`;
  const { name, kind, bytes } = fieldsOf(file, field);
  if (typeof kind !== 'string' || !KINDS.includes(kind))
    return wrong(`${field}.kind`, `must be one of ${KINDS.join()}`);
  return {
    name: textOf(name, FILE_NAME, `${field}.name`),
    kind: kind as BundleFileKind,
    bytes: wholeOf(bytes, 0, BUNDLE_TEXT_BYTES_MAX, `${field}.bytes`),
  };
}

function groupsOf(value: unknown, field: string): Readonly<Record<string, string>> {
  const groups = Object.entries(fieldsOf(value, field));
  if (groups.length > GROUPS_MAX) return wrong(field, `are more than ${GROUPS_MAX}`);
  for (const [name, group] of groups) {
    if (!GROUP_NAME.test(name)) return wrong(field, 'have a name that is none of a group');
    if (typeof group !== 'string' || group.length > GROUP_CHARS_MAX) return wrong(`${field}.${name}`, 'must be text');
  }
  return Object.fromEntries(groups) as Readonly<Record<string, string>>;
}

function fieldsOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(field, 'must be an object');
  return value as Readonly<Record<string, unknown>>;
}

const textOf = (value: unknown, pattern: RegExp, field: string): string =>
  typeof value === 'string' && pattern.test(value) ? value : wrong(field, 'does not have the form of one');

const wholeOf = (value: unknown, min: number, max: number, field: string): number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : wrong(field, `must be a whole number from ${min} to ${max}`);
