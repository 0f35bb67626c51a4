/** What `msec ids` tells of, and how much of it, by the eve-log of a suricata.yaml. */
import { parse } from 'yaml';
import { type AlertOptions, type AnomalyOptions, EVE_DEFAULTS, type EveOptions } from '../../actors/detect/index.ts';
import { readFileOf } from '../reference-files.ts';
import { UsageError } from '../terminal.ts';

const YAML_BYTES_MAX = 4 * 1024 * 1024;

type Section = Readonly<Record<string, unknown>>;

export interface ToldOptions extends EveOptions {
  /** Names of protocols whose records are those of Suricata 8. */
  readonly later: ReadonlySet<string>;
}

/** undefined: the file has no eve-log that is on. */
export function eveOptions(path: string | undefined): ToldOptions | undefined {
  if (path === undefined) return undefined;
  const logs = listOf(sectionOf(read(path)).outputs)
    .map((output) => sectionOf(sectionOf(output)['eve-log']))
    .filter((log) => Object.keys(log).length > 0 && isOn(log.enabled, true));
  if (logs.length === 0) return undefined;
  const types = new Set<string>(['rules']);
  const later = new Set<string>();
  let { alert, anomaly } = EVE_DEFAULTS;
  for (const one of logs.flatMap((log) => listOf(log.types))) {
    const [name, value] = typeof one === 'string' ? [one, null] : (Object.entries(sectionOf(one))[0] ?? ['', null]);
    const section = sectionOf(value);
    if (!isOn(section.enabled, true)) continue;
    types.add(name === 'files' ? 'fileinfo' : name);
    if (name === 'dns' && Number(section.version ?? 2) >= 3) later.add('dns');
    if (name === 'anomaly') anomaly = anomalyOptions(section);
    if (name !== 'alert') continue;
    alert = alertOptions(section);
    if (isOn(section['tagged-packets'], true)) types.add('packet');
  }
  return { types, alert, anomaly, later };
}

function anomalyOptions(section: Section): AnomalyOptions {
  const types = sectionOf(section.types);
  const { application, decode, stream } = EVE_DEFAULTS.anomaly;
  const isDecoded = isOn(types.decode, decode);
  return {
    decode: isDecoded,
    stream: isOn(types.stream, stream),
    application: isOn(types.applayer, application),
    packetHeader: isDecoded && isOn(section.packethdr, false),
  };
}

function read(path: string): unknown {
  try {
    return parse(readFileOf(path, YAML_BYTES_MAX).toString('utf8'));
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name.startsWith('YAML')) throw new UsageError(`${path} is no YAML`);
    throw thrown;
  }
}

function alertOptions(section: Section): AlertOptions {
  const defaults = EVE_DEFAULTS.alert;
  const flag = (key: string, otherwise: boolean): boolean => isOn(section[key], otherwise);
  const metadata = sectionOf(section.metadata);
  const hasMetadata = typeof section.metadata === 'object' || isOn(section.metadata, true);
  const rule = sectionOf(metadata.rule);
  return {
    application: hasMetadata && isOn(metadata['app-layer'], true),
    flow: hasMetadata && isOn(metadata.flow, true),
    metadata: hasMetadata && isOn(rule.metadata, true),
    ruleText: isOn(rule.raw, false),
    payload: flag('payload', defaults.payload),
    payloadPrintable: flag('payload-printable', defaults.payloadPrintable),
    payloadBytesMax: bytesOf(section['payload-buffer-size'], defaults.payloadBytesMax),
    packet: flag('packet', defaults.packet),
    httpBody: flag('http-body', defaults.httpBody),
    httpBodyPrintable: flag('http-body-printable', defaults.httpBodyPrintable),
    verdict: flag('verdict', defaults.verdict),
  };
}

const sectionOf = (value: unknown): Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function isOn(value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  return ['yes', 'true', '1', 'on'].includes(String(value).toLowerCase());
}

function bytesOf(value: unknown, otherwise: number): number {
  const match = /^(\d{1,9})\s*(kb|mb)?$/i.exec(String(value ?? ''));
  if (match === null) return otherwise;
  const unit = match[2]?.toLowerCase();
  return Number(match[1]) * (unit === 'kb' ? 1024 : unit === 'mb' ? 1024 ** 2 : 1);
}
