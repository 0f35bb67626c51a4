/**
 * What the commands of `msec ids` take from a suricata.yaml and from `--set`, by Suricata's own keys. A key that is set by
 * hand and not known is told of; of a whole file only what is known here is used.
 */
import { parse } from 'yaml';
import { groupMistake, type Variables, variables } from '../../actors/detect/index.ts';
import { readFileOf } from '../reference-files.ts';
import { note, UsageError } from '../terminal.ts';

export interface IdsSettingFlags {
  readonly vars?: string;
  readonly suricata?: string;
  readonly homeNet?: string;
  readonly set?: readonly string[];
}

const YAML_BYTES_MAX = 4 * 1024 * 1024;
const GROUP_KEY = /^vars\.(address|port)-groups\.([\w-]+)$/;
const HOME_NET = 'vars.address-groups.HOME_NET';

/** Values by their whole keys, with dots. */
export class IdsSettings {
  readonly variables: Variables;
  /** Those that are not Suricata's own. */
  readonly groups: {
    readonly address: Readonly<Record<string, string>>;
    readonly port: Readonly<Record<string, string>>;
  };
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
    const groups: { address: Record<string, string>; port: Record<string, string> } = { address: {}, port: {} };
    for (const [key, value] of values) {
      const match = GROUP_KEY.exec(key);
      if (match !== null) groups[match[1] as 'address' | 'port'][match[2]!] = value;
    }
    this.groups = groups;
    this.variables = variables(groups.address, groups.port);
  }

  static of({ vars, suricata, homeNet, set = [] }: IdsSettingFlags, known: readonly string[] = []): IdsSettings {
    const values = new Map<string, string>();
    if (suricata !== undefined) addYaml(values, suricata);
    if (vars !== undefined) {
      const groups = new Map<string, string>();
      addYaml(groups, vars);
      for (const [key, value] of groups) if (GROUP_KEY.test(key)) values.set(key, value);
    }
    for (const setting of set) {
      const equals = setting.indexOf('=');
      if (equals <= 0) throw new UsageError(`--set takes a key and a value, as vars.port-groups.SSH_PORTS=2222`);
      const key = setting.slice(0, equals).trim();
      if (!GROUP_KEY.test(key) && !known.includes(key)) {
        if (known.length === 0)
          throw new UsageError(`--set takes vars.address-groups.NAME=… or vars.port-groups.NAME=…`);
        note(`--set ${key}: the key means nothing here`);
      }
      values.set(key, setting.slice(equals + 1).trim());
    }
    if (homeNet !== undefined) values.set(HOME_NET, homeNet);
    const settings = new IdsSettings(values);
    // Rules that never name the group would say nothing of a mistake in it.
    if (homeNet !== undefined) settings.#check(HOME_NET, '--home-net');
    for (const setting of set) {
      const key = setting.slice(0, setting.indexOf('=')).trim();
      if (GROUP_KEY.test(key)) settings.#check(key, `--set ${key}`);
    }
    return settings;
  }

  #check(key: string, flag: string): void {
    const [, part, name] = GROUP_KEY.exec(key)!;
    const says = groupMistake(part as 'address' | 'port', name!, this.variables);
    if (says !== null) throw new UsageError(`${flag}: ${says}`);
  }

  text(key: string): string | undefined {
    return this.#values.get(key);
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#values.get(key)?.toLowerCase();
    if (value === undefined) return otherwise;
    if (['yes', 'true', '1', 'on'].includes(value)) return true;
    if (['no', 'false', '0', 'off'].includes(value)) return false;
    throw new UsageError(`${key} is neither yes nor no`);
  }

  number(key: string, otherwise: number): number {
    const value = this.#values.get(key);
    if (value === undefined) return otherwise;
    if (!/^\d{1,12}$/.test(value)) throw new UsageError(`${key} is no whole number`);
    return Number(value);
  }

  /** A number of bytes, with kb, mb or gb behind it. */
  bytes(key: string, otherwise: number): number {
    const value = this.#values.get(key);
    if (value === undefined) return otherwise;
    const match = /^(\d{1,12})\s*(kb|mb|gb|kib|mib|gib)?$/i.exec(value);
    if (match === null) throw new UsageError(`${key} is no number of bytes`);
    return Number(match[1]) * (UNITS[match[2]?.toLowerCase().charAt(0) ?? ''] ?? 1);
  }
}

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function addYaml(values: Map<string, string>, path: string): void {
  const text = readFileOf(path, YAML_BYTES_MAX).toString('utf8');
  let root: unknown;
  try {
    root = parse(text);
  } catch {
    throw new UsageError(`${path} is no YAML`);
  }
  flatten(values, root, '');
}

function flatten(values: Map<string, string>, value: unknown, path: string): void {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    values.set(path, String(value));
  else if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [key, part] of Object.entries(value)) flatten(values, part, path === '' ? key : `${path}.${key}`);
}
