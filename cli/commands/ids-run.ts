/** `msec ids`: a capture and rules in, EVE records out, one a line: it can stand where `suricata -r` stands. */

import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import {
  type AcceptedRule,
  type DataSet,
  type EveLine,
  LATER_FORMS,
  type RuleClass,
  type RuleSet,
  readClasses,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  Sensor,
  type SensorOptions,
  type ThresholdLine,
} from '../../actors/detect/index.ts';
import type { MsecError } from '../../engine/base/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { readFileOf } from '../reference-files.ts';
import { ruleFileOf } from '../rule-files.ts';
import { note, UsageError } from '../terminal.ts';
import { examine } from './ids-capture.ts';
import { eveOptions } from './ids-eve.ts';
import { type Givens, givensOf, writeSets } from './ids-givens.ts';
import { type IdsSettingFlags, IdsSettings } from './ids-settings.ts';

export interface IdsRunFlags extends CommonFlags, IdsSettingFlags {
  readonly pcap: string;
  readonly rules?: readonly string[];
  readonly checksum?: 'none' | 'validate';
  readonly midstream?: boolean;
  readonly thresholdConfig?: string;
  readonly alertsOnly?: boolean;
  readonly verdicts?: boolean;
  readonly dataDir?: string;
}

const TEXT_BYTES_MAX = 4 * 1024 * 1024;
/** Records are gathered to so much before they are written. */
const WRITE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

const protocolKey = (name: string): string => `app-layer.protocols.${name}.enabled`;

const KNOWN_KEYS = [
  ...SENSOR_DEFAULTS.protocols.map(({ name }) => protocolKey(name)),
  'stream.midstream',
  'stream.async-oneside',
  'stream.checksum-validation',
  'stream.memcap',
  'stream.reassembly.depth',
  'stream.reassembly.toserver-chunk-size',
  'stream.reassembly.toclient-chunk-size',
  'stream.reassembly.randomize-chunk-size',
  'packet-alert-max',
  'classification-file',
  'threshold-file',
];

/** The rules that were accepted, and how they are to be asked. */
export function idsSetup(flags: IdsRunFlags): {
  readonly rules: readonly AcceptedRule[];
  readonly options: SensorOptions;
  readonly sets: readonly DataSet[];
  readonly dataDir: string;
} {
  const settings = IdsSettings.of(configured(flags), KNOWN_KEYS);
  const givens = givensOf(flags);
  const { accepted, sets } = rulesOf(flags.rules ?? [], settings, givens);
  return { rules: accepted, options: sensorOptions(flags, settings), sets, dataDir: givens.dataDir };
}

export async function runIds(flags: IdsRunFlags): Promise<number> {
  const { rules, options, sets, dataDir } = idsSetup(flags);
  const output = new RecordOutput();
  const add = (line: EveLine): void => output.add(line);
  const sensor = new Sensor(rules, options, add, null, flags.verdicts === true ? add : null);
  for (const { rule, part } of sensor.left) note(`${rule.file}:${rule.line}: ${part} cannot be examined (unsupported)`);
  let damage: MsecError | null;
  try {
    damage = await examine(flags.pcap, sensor, () => output.flush());
  } finally {
    sensor.finish();
    await output.end();
    writeSets(sets, dataDir, (set) => sensor.entriesOf(set));
  }
  const { wrongChecksum } = sensor.counts;
  const have =
    wrongChecksum === 1
      ? '1 TCP segment has a wrong checksum and is'
      : `${wrongChecksum} TCP segments have a wrong checksum and are`;
  if (wrongChecksum > 0) note(`${have} in no stream; --checksum none takes such`);
  if (damage !== null) throw damage;
  return EXIT.ok.code;
}

/** `--config` names a suricata.yaml here. */
function configured(flags: IdsRunFlags): IdsSettingFlags {
  return flags.config === undefined ? flags : { ...flags, suricata: flags.config };
}

function rulesOf(paths: readonly string[], settings: IdsSettings, givens: Givens): RuleSet {
  const files = paths.map((path) => ruleFileOf(path, givens.dataDir));
  const read = readRules(files, settings.variables, givens);
  const { accepted, refused } = read;
  for (const { file, line, column, keyword, says, kind } of refused)
    note(`${file}:${line}:${column}: ${keyword}: ${says} (${kind})`);
  if (refused.length > 0) note(`${refused.length} of ${accepted.length + refused.length} rules are refused`);
  return read;
}

function sensorOptions(flags: IdsRunFlags, settings: IdsSettings): SensorOptions {
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  const { stream } = traffic;
  const eve = eveOptions(flags.config);
  return {
    ...(eve === undefined ? {} : { eve }),
    tellsAll: flags.alertsOnly !== true,
    // A protocol that is off in a suricata.yaml is on here: only what is set by hand takes one out.
    protocols: protocols
      .filter(({ name }) => !isOff(flags.set ?? [], protocolKey(name)))
      .map((one) => (eve?.later.has(one.name) === true ? LATER_FORMS.find(({ name }) => name === one.name)! : one)),
    traffic: {
      ...traffic,
      stream: {
        ...stream,
        midstream: flags.midstream ?? settings.flag('stream.midstream', stream.midstream),
        asyncOneside: settings.flag('stream.async-oneside', stream.asyncOneside),
        memoryBytes: settings.bytes('stream.memcap', stream.memoryBytes),
        depthBytes: settings.bytes('stream.reassembly.depth', stream.depthBytes),
        comparesOverlaps: settings.flag('stream.reassembly.check-overlap-different-data', stream.comparesOverlaps),
        chunkBytes: [
          settings.bytes('stream.reassembly.toserver-chunk-size', stream.chunkBytes[0]),
          settings.bytes('stream.reassembly.toclient-chunk-size', stream.chunkBytes[1]),
        ],
      },
      validatesChecksums:
        flags.checksum === undefined
          ? settings.flag('stream.checksum-validation', true)
          : flags.checksum === 'validate',
    },
    inspect: {
      classes: classesOf(flags, settings) ?? inspect.classes,
      thresholds: thresholdsOf(flags, settings),
      alertsMax: settings.number('packet-alert-max', inspect.alertsMax),
    },
  };
}

const isOff = (set: readonly string[], key: string): boolean =>
  set.some((setting) =>
    /^\s*(?:no|false|0|off)\s*$/i.test(setting.startsWith(`${key}=`) ? setting.slice(key.length + 1) : ''),
  );

/** A path in a suricata.yaml is taken from where that file lies. */
function besideConfig({ config }: IdsRunFlags, path: string): string {
  return config === undefined ? path : resolve(dirname(config), path);
}

function classesOf(flags: IdsRunFlags, settings: IdsSettings): ReadonlyMap<string, RuleClass> | undefined {
  const path = settings.text('classification-file');
  if (path === undefined) return undefined;
  return readClasses(readFileOf(besideConfig(flags, path), TEXT_BYTES_MAX).toString('utf8'));
}

function thresholdsOf(flags: IdsRunFlags, settings: IdsSettings): readonly ThresholdLine[] {
  const named = settings.text('threshold-file');
  const path = flags.thresholdConfig ?? (named === undefined ? undefined : besideConfig(flags, named));
  if (path === undefined) return [];
  const text = readFileOf(path, TEXT_BYTES_MAX).toString('utf8');
  const { lines, mistakes } = readThresholds(text, settings.variables);
  if (mistakes.length > 0)
    throw new UsageError(mistakes.map(({ line, says }) => `${path}:${line}: ${says}`).join('\n'));
  return lines;
}

class RecordOutput {
  #bytes = Buffer.allocUnsafe(2 * WRITE_BYTES);
  #length = 0;

  add({ bytes, length }: EveLine): void {
    if (this.#length + length + 1 > this.#bytes.length) this.#grow(length + 1);
    this.#bytes.set(bytes.subarray(0, length), this.#length);
    this.#length += length + 1;
    this.#bytes[this.#length - 1] = NEWLINE;
  }

  /** Waits where the reader of the output is slower. */
  async flush(): Promise<void> {
    if (this.#length >= WRITE_BYTES) await this.end();
  }

  async end(): Promise<void> {
    if (this.#length === 0) return;
    // It is written while more records come.
    const text = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(2 * WRITE_BYTES);
    this.#length = 0;
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }

  #grow(by: number): void {
    const before = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(2 * (this.#length + by));
    this.#bytes.set(before);
  }
}
