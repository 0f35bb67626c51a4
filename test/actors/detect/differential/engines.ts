/** Both engines on the same capture and rules: how often each rule alerted in each flow. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CaptureReader,
  type EveRecord,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { programPath } from '../../../support/needs.ts';

const run = promisify(execFile);

/** `sid addresses-and-ports` to the number of alerts. */
export type Counts = ReadonlyMap<string, number>;

export interface Result {
  readonly counts: Counts;
  /** Rules that were not loaded. */
  readonly refused: ReadonlyMap<number, string>;
}

/** Alerts of one packet that both tell of: cases share no packet, so this only has to be enough for one. */
const ALERTS_MAX = 200;

export interface RunOptions {
  readonly midstream: boolean;
}

export function runOurs(capture: Uint8Array, rules: string, { midstream }: RunOptions): Result {
  const { accepted, refused } = readRules([{ name: 'r', text: rules }], variables());
  const lines = rules.split('\n');
  const counts = new Map<string, number>();
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  const options = {
    traffic: { ...traffic, validatesChecksums: false, stream: { ...traffic.stream, midstream } },
    inspect: { ...inspect, alertsMax: ALERTS_MAX },
    tellsAll: false,
    protocols,
  };
  const sensor = new Sensor(accepted, options, (record) => count(counts, record));
  const reader = new CaptureReader();
  reader.push(capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  const left = new Map(refused.map(({ line, keyword }) => [sidOf(lines[line - 1]!), keyword]));
  for (const { rule, part } of sensor.left) left.set(rule.rule.sid, part);
  return { counts, refused: left };
}

export async function runSuricata(capture: Uint8Array, rules: string, { midstream }: RunOptions): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'msec-differential-'));
  try {
    await writeFile(join(folder, 'in.pcap'), capture);
    await writeFile(join(folder, 'in.rules'), rules, 'latin1');
    const set = [
      `stream.midstream=${midstream}`,
      'stream.reassembly.randomize-chunk-size=no',
      `packet-alert-max=${ALERTS_MAX}`,
      // Suricata's parser of Modbus is off in its own configuration.
      'app-layer.protocols.modbus.enabled=yes',
    ];
    const files = ['-r', join(folder, 'in.pcap'), '-S', join(folder, 'in.rules'), '-l', folder];
    const { stdout, stderr } = await run(
      programPath('suricata'),
      [...files, '-k', 'none', '--runmode', 'single', ...set.flatMap((setting) => ['--set', setting])],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const counts = new Map<string, number>();
    for (const line of (await readFile(join(folder, 'eve.json'), 'utf8')).split('\n'))
      if (line.includes('"event_type":"alert"')) count(counts, JSON.parse(line) as EveRecord);
    const refused = new Map<number, string>();
    for (const [, rule] of `${stdout}\n${stderr}`.matchAll(/error parsing signature "(.*)" from file/g))
      refused.set(sidOf(rule!), 'refused');
    return { counts, refused };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const sidOf = (rule: string): number => Number(/sid:(\d+);\)\s*$/.exec(rule)?.[1] ?? 0);

function count(counts: Map<string, number>, record: EveRecord): void {
  const alert = record.alert as EveRecord | undefined;
  if (alert === undefined) return;
  const ends = [
    `${shortened(record.src_ip)} ${record.src_port ?? ''}`,
    `${shortened(record.dest_ip)} ${record.dest_port ?? ''}`,
  ].sort();
  const key = `${alert.signature_id} ${ends.join(' ')}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const shortened = (address: unknown): string => String(address);
