/**
 * Reads msec.yaml: text → YAML with positions → schema → typed values. Every mistake is reported at once, each with
 * its line and column; nothing in the file is ever guessed or ignored.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { nearMiss } from '../near-miss.ts';
import { crossProblems } from './cross-checks.ts';
import { configSchema, type SchemaNode } from './schema.ts';
import type { Setting } from './setting.ts';
import { type Config, SECRET_NAME, SETTINGS, type SettingName } from './settings.ts';
import { DURATION_UNITS, isAddress, isCidr, parseDuration, parseSize, SIZE_UNITS } from './units.ts';

export interface ConfigProblem {
  /** Counted from 1; null where there is no place in the file (it cannot be read). */
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path of the setting, empty for the whole file. */
  readonly setting: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];
  readonly isMissing: boolean;

  constructor(file: string, problems: readonly ConfigProblem[], about: { isMissing?: boolean; cause?: unknown } = {}) {
    super(
      problems.map((problem) => formatProblem(file, problem)).join('\n'),
      about.cause === undefined ? undefined : { cause: about.cause },
    );
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
    this.isMissing = about.isMissing ?? false;
  }
}

export function formatProblem(file: string, { line, column, setting, message }: ConfigProblem): string {
  const place = line === null ? file : `${file}:${line}:${column}`;
  return setting === '' ? `${place}: ${message}` : `${place}: ${setting}: ${message}`;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; null when there is none and defaults hold. */
  readonly file: string | null;
  /** The settings that the file sets itself. */
  readonly set: ReadonlySet<SettingName>;
}

const FILE_BYTES_MAX = 1024 * 1024;

/** `path`: the file that was asked for, which must exist; without it `msec.yaml` in `folder`, if it is there. */
export function loadConfig(path: string | undefined, folder: string): LoadedConfig {
  const file = resolve(folder, path ?? 'msec.yaml');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (path === undefined && code === 'ENOENT') return { config: valuesOf({}, folder), file: null, set: new Set() };
    const message = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    throw new ConfigError(file, [{ line: null, column: null, setting: '', message }], { isMissing: true, cause });
  }
  return { ...parseConfig(text, file), file };
}

/** Throws ConfigError with all mistakes. Paths in the file are relative to the file's own folder. */
export function parseConfig(text: string, file: string): { config: Config; set: ReadonlySet<SettingName> } {
  const lines = new LineCounter();
  const fail = (offset: number, setting: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, setting, message };
  };
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) throw new ConfigError(file, [fail(0, '', 'is larger than 1 MiB')]);
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: '1.2' });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    throw new ConfigError(
      file,
      syntax.map((error) => fail(error.pos[0], '', error.message)),
    );
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 16 }) ?? {};
  } catch (cause) {
    throw new ConfigError(file, [fail(0, '', (cause as Error).message)], { cause });
  }
  const isValid = validator();
  if (!isValid(plain)) {
    const problems = (isValid.errors ?? []).map((error) => {
      const path = error.instancePath.split('/').slice(1).map(unescapePointer);
      const inner = error.keyword === 'additionalProperties' ? [...path, error.params.additionalProperty] : path;
      const atKey = error.keyword === 'additionalProperties';
      return fail(offsetOf(document, inner, atKey), inner.join('.'), explain(error, valueAt(plain, path)));
    });
    problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    throw new ConfigError(file, problems);
  }
  const tree = plain as Record<string, unknown>;
  const set = new Set(
    (Object.keys(SETTINGS) as SettingName[]).filter((name) => valueAt(tree, name.split('.')) !== undefined),
  );
  const config = valuesOf(tree, dirname(file));
  const contradictions = crossProblems(config, set).map(({ setting, message }) =>
    fail(offsetOf(document, setting.split('.'), true), setting, message),
  );
  if (contradictions.length > 0) throw new ConfigError(file, contradictions);
  return { config, set };
}

/** One value from the command line, checked as the file's would be. Throws ConfigError naming the flag. */
export function parseSetting<Name extends SettingName>(
  name: Name,
  value: unknown,
  flag: string,
  folder: string,
): Config[Name] {
  const tree = name.includes('.') ? { [name.split('.')[0]!]: { [name.split('.')[1]!]: value } } : { [name]: value };
  const isValid = validator();
  if (!isValid(tree)) {
    const problems = (isValid.errors ?? []).map((error) => ({
      line: null,
      column: null,
      setting: '',
      message: explain(error, value),
    }));
    throw new ConfigError(flag, problems);
  }
  return valuesOf(tree, folder)[name];
}

type Validate = ReturnType<Ajv['compile']>;
let compiled: Validate | undefined;
function validator(): Validate {
  if (compiled !== undefined) return compiled;
  const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, verbose: true });
  ajv.addFormat('duration', (text) => parseDuration(text) !== null);
  ajv.addFormat('size', (text) => parseSize(text) !== null);
  ajv.addFormat('cidr', isCidr);
  ajv.addFormat('host', /^[A-Za-z0-9.:_-]+$/);
  ajv.addFormat('name', /^[A-Za-z0-9._@-]+$/);
  ajv.addFormat('line', /^[\x20-\x7e]+$/);
  ajv.addFormat('address', isAddress);
  ajv.addFormat('receiver', /^((tcp|udp):\/\/[A-Za-z0-9._:[\]-]+|unix:\/.{1,100})$/);
  ajv.addFormat('path', (text) => !text.includes('\0'));
  ajv.addKeyword({
    keyword: 'between',
    type: 'string',
    validate: ([low, high]: [string, string], text: string) => {
      const measure = parseDuration(low) === null ? parseSize : parseDuration;
      const value = measure(text);
      // What has no value is the format's to refuse, with a better sentence.
      return value === null || (value >= measure(low)! && value <= measure(high)!);
    },
  });
  compiled = ajv.compile(configSchema());
  return compiled;
}

function explain(error: ErrorObject, value: unknown): string {
  const schema = error.parentSchema as SchemaNode;
  const shown = show(value);
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(error.params.additionalProperty);
      if (SECRET_NAME.test(name)) {
        return 'secrets do not belong into the configuration: use the environment or a file that a setting such as console.adminTokenFile or kafka.saslPasswordFile names';
      }
      const known = Object.keys(schema.properties ?? {});
      const [section, inner] = name.split('.');
      if (Object.hasOwn(SETTINGS, name) && inner !== undefined)
        return `no such setting; written as a section of its own it is one: ${section}: { ${inner}: … }`;
      const meant = nearMiss(name, known);
      return `no such setting${meant === undefined ? '' : `, did you mean ${meant}?`} (known: ${known.join(', ')})`;
    }
    case 'enum': {
      const allowed = schema.enum ?? [];
      const meant = typeof value === 'string' ? nearMiss(value, allowed) : undefined;
      return `${shown} is not one of ${allowed.join(', ')}${meant === undefined ? '' : `, did you mean ${meant}?`}`;
    }
    case 'type':
      return `must be ${TYPE_WORDS[String(schema.format ?? schema.type)] ?? schema.type}, is ${shown}`;
    case 'format': {
      const asNumber = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value);
      return `must be ${TYPE_WORDS[schema.format ?? ''] ?? schema.format}, is ${shown}${asNumber ? ' (the unit is missing)' : ''}`;
    }
    case 'between':
      return `must be between ${schema.between![0]} and ${schema.between![1]}, is ${shown}`;
    case 'minimum':
    case 'maximum':
      return `must be between ${schema.minimum} and ${schema.maximum}, is ${shown}`;
    default:
      return `${error.message ?? error.keyword}, is ${shown}`;
  }
}

const TYPE_WORDS: Record<string, string> = {
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  string: 'text',
  object: 'a section with settings of its own',
  array: 'a list',
  duration: `a duration with its unit (${DURATION_UNITS.join(', ')}), e.g. 10s`,
  size: `a size with its unit (${SIZE_UNITS.join(', ')}), e.g. 64KiB`,
  cidr: 'a network in CIDR form, e.g. 10.1.0.0/16',
  host: 'a host name or IP address',
  name: 'a name of letters, digits and . _ @ -',
  line: 'one line of printable ASCII',
  address: 'a broker as host:port, e.g. 127.0.0.1:9092',
  receiver: 'a receiver as tcp://HOST:PORT, udp://HOST:PORT or unix:/PATH',
  path: 'a path',
};

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const unescapePointer = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Where the value of a path starts in the text, or its key. */
function offsetOf(document: Document, path: readonly string[], atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
      if (pair === undefined) return offset;
      const key = pair.key as Node;
      offset = key.range?.[0] ?? offset;
      node = pair.value;
      const isLastKey = atKey && depth === path.length - 1;
      if (!isLastKey && isNode(node) && node.range) offset = node.range[0];
    } else {
      node = isNode(node) && 'items' in node ? (node.items as unknown[])[Number(part)] : undefined;
      if (isNode(node) && node.range) offset = node.range[0];
    }
  }
  return offset;
}

function valuesOf(tree: Record<string, unknown>, folder: string): Config {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    const raw = valueAt(tree, name.split('.')) ?? setting.default;
    if (raw === null) values[name] = null;
    else if (setting.kind === 'duration') values[name] = parseDuration(raw as string);
    else if (setting.kind === 'size') values[name] = parseSize(raw as string);
    else if (setting.kind === 'paths') values[name] = (raw as string[]).map((path) => resolve(folder, path));
    else if (setting.kind === 'path') values[name] = resolve(folder, raw as string);
    else values[name] = raw;
  }
  return values as Config;
}
