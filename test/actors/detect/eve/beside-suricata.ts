/** All EVE records of one capture, those of Suricata 7.0.10 under its own configuration and ours, and where they differ. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CaptureReader,
  EVE_DEFAULTS,
  type EveRecord,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { programPath } from '../../../support/needs.ts';

export interface Scene {
  readonly capture: Uint8Array;
  readonly rules: string;
  readonly midstream: boolean;
  /** Records of this type, too, which Suricata's own configuration does not write. */
  readonly alsoTold?: string;
}

/** Statistics are of the program that makes them. */
const LEFT_OUT: ReadonlySet<string> = new Set(['stats']);
const ALERTS_MAX = 200;

export function suricataRecords({ capture, rules, midstream, alsoTold }: Scene): EveRecord[] {
  const folder = mkdtempSync(join(tmpdir(), 'msec-records-'));
  try {
    writeFileSync(join(folder, 'in.pcap'), capture);
    writeFileSync(join(folder, 'in.rules'), rules, 'latin1');
    const set = [
      `stream.midstream=${midstream}`,
      'stream.reassembly.randomize-chunk-size=no',
      `packet-alert-max=${ALERTS_MAX}`,
      // Suricata's parsers of Modbus, DNP3 and EtherNet/IP are off in its own configuration.
      'app-layer.protocols.modbus.enabled=yes',
      'app-layer.protocols.dnp3.enabled=yes',
      'app-layer.protocols.enip.enabled=yes',
    ];
    const own = readFileSync('/etc/suricata/suricata.yaml', 'utf8');
    const configuration = alsoTold === undefined ? own : own.replace(/^( *)- mqtt:/m, `$1- ${alsoTold}\n$1- mqtt:`);
    writeFileSync(join(folder, 'suricata.yaml'), configuration);
    const files = [
      '-c',
      join(folder, 'suricata.yaml'),
      '-r',
      join(folder, 'in.pcap'),
      '-S',
      join(folder, 'in.rules'),
      '-l',
      folder,
    ];
    const run = spawnSync(
      programPath('suricata'),
      [...files, '-k', 'none', '--runmode', 'single', ...set.flatMap((setting) => ['--set', setting])],
      { timeout: 100_000, env: { ...process.env, TZ: 'UTC' } },
    );
    if (run.status !== 0) throw new Error(`suricata: ${String(run.stderr)}`);
    return readFileSync(join(folder, 'eve.json'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EveRecord)
      .filter(({ event_type: type }) => !LEFT_OUT.has(String(type)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function ourRecords({ capture, rules, midstream, alsoTold }: Scene): EveRecord[] {
  const { accepted, refused } = readRules([{ name: 'r', text: rules }], variables());
  if (refused.length > 0) throw new Error(`a rule is refused: ${JSON.stringify(refused[0])}`);
  const { traffic, inspect } = SENSOR_DEFAULTS;
  const options = {
    ...SENSOR_DEFAULTS,
    traffic: { ...traffic, validatesChecksums: false, stream: { ...traffic.stream, midstream } },
    inspect: { ...inspect, alertsMax: ALERTS_MAX },
    ...(alsoTold === undefined ? {} : { eve: { ...EVE_DEFAULTS, types: new Set([...EVE_DEFAULTS.types, alsoTold]) } }),
  };
  const records: EveRecord[] = [];
  // As a line is read, with what JSON leaves out left out.
  const sensor = new Sensor(accepted, options, (line) => records.push(line.record()));
  const reader = new CaptureReader();
  reader.push(capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  return records;
}

/**
 * Numbers of flows are each program's own, and so is the moment in which it sees that a flow is over: Suricata's looks for such
 * by the clock of the machine.
 */
export function comparable({ flow_id, ...record }: EveRecord): EveRecord {
  if (record.event_type === 'flow') {
    const { reason, ...flow } = record.flow as EveRecord;
    return { ...record, timestamp: '', flow };
  }
  return record.pkt_src === 'stream (flow timeout)' ? { ...record, timestamp: '' } : record;
}

export interface RecordDifference {
  readonly ours: EveRecord | null;
  readonly theirs: EveRecord | null;
}

/** Records that the other has not, each beside the one that is most like it; the order of records does not count. */
export function differences(ours: readonly EveRecord[], theirs: readonly EveRecord[]): RecordDifference[] {
  const left = new Map<string, EveRecord[]>();
  for (const record of theirs.map(comparable)) push(left, JSON.stringify(record), record);
  const alone = ours.map(comparable).filter((record) => left.get(JSON.stringify(record))?.pop() === undefined);
  const others = new Map<string, EveRecord[]>();
  for (const record of [...left.values()].flat()) push(others, kindOf(record), record);
  const found: RecordDifference[] = [];
  for (const record of alone) {
    const alike = others.get(kindOf(record)) ?? [];
    const at = likest(record, alike);
    const theirs = at === -1 ? null : alike.splice(at, 1)[0]!;
    found.push({ ours: record, theirs });
  }
  for (const theirs of [...others.values()].flat()) found.push({ ours: null, theirs });
  return found;
}

function likest(record: EveRecord, others: readonly EveRecord[]): number {
  let best = -1;
  let most = 0;
  for (const [at, other] of others.entries()) {
    const alike = Object.keys(record).filter((name) => isEqual(record[name], other[name])).length;
    if (alike > most) [best, most] = [at, alike];
  }
  return best;
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Only records of one kind, between the same ends, and of one rule can be the same. */
const kindOf = (record: EveRecord): string =>
  `${String(record.event_type)} ${endsOf(record)} ${String((record.alert as EveRecord | undefined)?.signature_id)}`;

const endsOf = (record: EveRecord): string =>
  [`${String(record.src_ip)}:${String(record.src_port)}`, `${String(record.dest_ip)}:${String(record.dest_port)}`]
    .toSorted()
    .join(' ');

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** `alert http.url: "/a" not "/b"`: each field that differs. */
export function tell({ ours, theirs }: RecordDifference): string[] {
  if (ours === null || theirs === null) {
    const record = (ours ?? theirs)!;
    const { event_type: type, anomaly, alert } = record;
    const about = (anomaly as EveRecord | undefined)?.event ?? (alert as EveRecord | undefined)?.signature_id ?? '';
    return [`${String(type)} ${String(about)}: ${ours === null ? 'missing' : 'too many'} ${JSON.stringify(record)}`];
  }
  const told = fields(ours, theirs, '').map((text) => `${String(ours.event_type)} ${text}`);
  return told.length > 0 ? told : [`${String(ours.event_type)} order of names: ${names(ours)} not ${names(theirs)}`];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function fields(ours: unknown, theirs: unknown, path: string): string[] {
  if (isEqual(ours, theirs)) return [];
  if (isObject(ours) && isObject(theirs)) {
    const all = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    return [...all].flatMap((name) => fields(ours[name], theirs[name], path === '' ? name : `${path}.${name}`));
  }
  return [`${path}: ${JSON.stringify(ours)} not ${JSON.stringify(theirs)}`];
}

const names = (value: unknown): string =>
  isObject(value)
    ? `{${Object.entries(value)
        .map(([name, part]) => `${name}${isObject(part) ? names(part) : ''}`)
        .join(' ')}}`
    : '';
