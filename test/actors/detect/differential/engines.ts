/** Both engines on the same capture and rules: how often each rule alerted in each flow, and with which action. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CaptureReader,
  type EveRecord,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { programPath } from '../../../support/needs.ts';

const run = promisify(execFile);

/** `sid addresses-and-ports action` to the number of alerts. */
export type Counts = ReadonlyMap<string, number>;

export interface Input {
  readonly capture: Uint8Array;
  readonly rules: readonly string[];
  /** Of threshold.config. */
  readonly thresholds: readonly string[];
  readonly midstream: boolean;
}

export interface Results {
  readonly ours: Counts;
  readonly theirs: Counts;
  /** Rules that we do not take, with the keyword. */
  readonly refused: ReadonlyMap<number, string>;
  readonly refusedByThem: ReadonlySet<number>;
  /** What Suricata says when it is asked once more: its flow manager is a thread beside the packets. */
  theirsAgain(capture?: Uint8Array): Promise<Counts>;
}

/** Suricata did not start with these rules, or died of them or the packets: its last line and how it ended. */
export class SuricataEndedError extends Error {
  override readonly name = 'SuricataEndedError';
}

/** Alerts of one packet that both tell of: cases share no packet, so this only has to be enough for one. */
const ALERTS_MAX = 200;

export const sidOf = (rule: string): number => Number(/sid:(\d+);\)\s*$/.exec(rule)?.[1] ?? 0);

/** Suricata runs beside us. */
export async function runBoth(input: Input): Promise<Results> {
  const counts = new Map<string, number>();
  const { sensor, refused } = sensorOf(input, (record) => count(counts, record));
  // What we do not take must not act on what we do: it is asked of nobody's packets there.
  const asked = input.rules.map((rule) => (refused.has(sidOf(rule)) ? muted(rule) : rule));
  const suricata = runSuricata(input, asked);
  const reader = new CaptureReader();
  reader.push(input.capture);
  try {
    while (reader.next()) sensor.take(reader.packet);
    reader.finish();
    sensor.finish();
  } catch (thrown) {
    await suricata;
    throw thrown;
  }
  const { theirs, refusedByThem } = await suricata;
  const theirsAgain = async (capture = input.capture): Promise<Counts> =>
    (await runSuricata({ ...input, capture }, asked)).theirs;
  return { ours: counts, theirs, refused, refusedByThem, theirsAgain };
}

function sensorOf(
  { rules, thresholds, midstream }: Input,
  tell: (record: EveRecord) => void,
): { readonly sensor: Sensor; readonly refused: ReadonlyMap<number, string> } {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  const { lines, mistakes } = readThresholds(thresholds.join('\n'), variables());
  if (mistakes.length > 0) throw new TypeError(`thresholds: ${JSON.stringify(mistakes[0])}`);
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  const options = {
    traffic: { ...traffic, validatesChecksums: false, stream: { ...traffic.stream, midstream } },
    inspect: { ...inspect, thresholds: lines, alertsMax: ALERTS_MAX },
    tellsAll: false,
    protocols,
  };
  const sensor = new Sensor(accepted, options, (line) => tell(line.record()));
  const left = new Map(refused.map(({ line, keyword }) => [sidOf(rules[line - 1]!), keyword]));
  for (const { rule, part } of sensor.left) left.set(rule.rule.sid, part);
  return { sensor, refused: left };
}

/**
 * It asks for no overlaps: Suricata keeps more of every stream because of a rule that does, even one that it refuses.
 * In both directions: which of the two of another such rule a threshold finds depends on how many rules stand before it,
 * counting one of both directions twice.
 */
const muted = (rule: string): string =>
  rule
    .replace(
      /^\S+ (\S+) .*? \((?=[a-z])/,
      (_, protocol: string) =>
        `alert ${protocol} ${protocol.endsWith('6') ? '2001:db8:ffff::1' : '192.0.2.1'} any <> any any (`,
    )
    .replace('reassembly_overlap_different_data', 'reassembly_no_segment');

async function runSuricata(
  { capture, thresholds, midstream }: Input,
  rules: readonly string[],
): Promise<{ readonly theirs: Counts; readonly refusedByThem: ReadonlySet<number> }> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-differential-'));
  try {
    writeFileSync(join(folder, 'in.pcap'), capture);
    writeFileSync(join(folder, 'in.rules'), `${rules.join('\n')}\n`, 'latin1');
    writeFileSync(join(folder, 'threshold.config'), `${thresholds.join('\n')}\n`);
    const set = [
      `stream.midstream=${midstream}`,
      'stream.reassembly.randomize-chunk-size=no',
      `packet-alert-max=${ALERTS_MAX}`,
      `threshold-file=${join(folder, 'threshold.config')}`,
      // Suricata's parsers of Modbus, DNP3 and EtherNet/IP are off in its own configuration.
      'app-layer.protocols.modbus.enabled=yes',
      'app-layer.protocols.dnp3.enabled=yes',
      'app-layer.protocols.enip.enabled=yes',
    ];
    const files = ['-r', join(folder, 'in.pcap'), '-S', join(folder, 'in.rules'), '-l', folder];
    const { stdout, stderr } = await run(
      programPath('suricata'),
      [...files, '-k', 'none', '--runmode', 'single', ...set.flatMap((setting) => ['--set', setting])],
      { maxBuffer: 64 * 1024 * 1024 },
    ).catch((thrown: ExecFileException & { readonly stderr?: string }) => {
      const said = thrown.stderr?.trim().split('\n').at(-1) ?? thrown.message;
      throw new SuricataEndedError(`${thrown.signal ?? `exit code ${thrown.code}`}: ${said}`);
    });
    const theirs = new Map<string, number>();
    for (const line of readFileSync(join(folder, 'eve.json'), 'utf8').split('\n'))
      if (line.includes('"event_type":"alert"')) count(theirs, JSON.parse(line) as EveRecord);
    const refusedByThem = new Set<number>();
    for (const [, rule] of `${stdout}\n${stderr}`.matchAll(/error parsing signature "(.*)" from file/g))
      refusedByThem.add(sidOf(rule!));
    // A rule about an event that does not exist is left out with a warning.
    for (const [, protocol, event] of stdout.matchAll(/protocol "(\S+)" doesn't have event "(\S+)" registered/g))
      for (const rule of rules)
        if (rule.includes(`app-layer-event:${protocol}.${event};`)) refusedByThem.add(sidOf(rule));
    return { theirs, refusedByThem };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(counts: Map<string, number>, record: EveRecord): void {
  const alert = record.alert as EveRecord | undefined;
  if (alert === undefined) return;
  const ends = [
    `${String(record.src_ip)} ${String(record.src_port ?? '')}`,
    `${String(record.dest_ip)} ${String(record.dest_port ?? '')}`,
  ].sort();
  const key = `${String(alert.signature_id)} ${ends.join(' ')} ${String(alert.action)}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
