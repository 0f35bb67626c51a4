/**
 * Sends malformed frames and good ones between them through a bridge into a log with the whole engine behind it, and
 * looks afterwards at each single one: where the log says it lies, what became of it, and with which bytes.
 */
import { join } from 'node:path';
import { HELD_MS_MAX } from '../../../actors/verify/held-frames.ts';
import { startBenchEngine } from '../../../bench/load/engine.ts';
import { makeTopics } from '../../../bench/load/fill.ts';
import { HttpBridge } from '../../../bridges/http/index.ts';
import { Intake, type Lane, type Outcome, unsignedFrom } from '../../../bridges/intake/index.ts';
import {
  BatchEncoder,
  type Log,
  type LogReader,
  openEmbeddedLog,
  RecordAppender,
  seededRandom,
  systemClock,
} from '../../../engine/index.ts';
import { frameTypes } from '../../../schemas/index.ts';
import { DEVICE_FRAMES, DEVICE_READINGS } from '../../../schemas/topics/index.ts';
import { DayKeys } from '../../../services/day-keys/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import { allCommitted } from './all-committed.ts';
import { type MadeFrame, MalformedFleet, type Sender } from './malformed-frames.ts';
import { readLetters, readTopic } from './read-topics.ts';

export interface MalformedOptions {
  readonly folder: string;
  readonly frames: number;
  readonly seed: number;
  readonly progress?: (text: string) => void;
}

export interface MalformedVerdict {
  readonly differences: readonly string[];
  readonly sent: Readonly<Record<string, number>>;
  /** Told by the bridge, before anything was stored. */
  readonly refused: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly letters: number;
  readonly readings: number;
  readonly workersEnded: number;
}

const PARTITIONS = 4;
const IN_FLIGHT = 1_000;
const GOOD_EVERY = 10;
const HTTP_EVERY = 100;
/** A busy machine may keep a request waiting. */
const PATIENCE_MS = 120_000;
const OVERSIZE_EVERY = 5_000;
const OVERSIZE_BYTES = 70_000;

interface Stored {
  readonly className: string;
  readonly reasons: readonly string[] | null;
}

export async function runMalformed(options: MalformedOptions): Promise<MalformedVerdict> {
  const { folder, frames, seed, progress = () => {} } = options;
  const log = await openEmbeddedLog(join(folder, 'log'));
  await makeTopics(log, PARTITIONS);
  const keys = new DayKeys({ folder: join(folder, 'keys'), clock: systemClock });
  const devices = await DeviceService.open({ log, clock: systemClock });
  const fleet = new MalformedFleet(seededRandom(seed));
  await enrol(devices, fleet.all);
  let workersEnded = 0;
  const { engine, group } = await startBenchEngine(log, log.readerDescriptor(), {
    topology: { application: 'faults', keysFolder: join(folder, 'keys'), overrides: { partitions: PARTITIONS } },
    workers: 2,
    emit: (name) => {
      if (name === 'workerEnded') workersEnded++;
    },
  });
  const appender = new RecordAppender(log);
  const intake = makeIntake(devices, keys, appender);
  const bridge = await HttpBridge.open({
    intake,
    port: 0,
    limits: { headersTimeoutMs: PATIENCE_MS, requestTimeoutMs: PATIENCE_MS },
  });
  const stored = new Map<string, Stored>();
  const sent: Record<string, number> = {};
  const refused: Record<string, number> = {};
  const take = (frame: MadeFrame, outcome: Outcome) => {
    if (!outcome.isAccepted) {
      const name = `${frame.className}: ${outcome.code}`;
      refused[name] = (refused[name] ?? 0) + 1;
      return;
    }
    stored.set(place(outcome.partition, outcome.offset), frame);
  };
  const lanes = new Map(
    fleet.all.map((sender) => [sender, intake.authenticate(sender.id, sender.token, '127.0.0.1')!]),
  );
  await sendAll(fleet.all.filter(({ type }) => type === 'enmon').map((sender) => fleet.goodFrame(sender)));
  for (let count = 0; count < frames; count += IN_FLIGHT) {
    const batch = Array.from({ length: Math.min(IN_FLIGHT, frames - count) }, (_, i) =>
      i % GOOD_EVERY === 0 ? fleet.goodFrame() : fleet.malformed(),
    );
    await sendAll(batch);
    if (count % OVERSIZE_EVERY === 0) await sendAll([oversize(fleet)]);
    if (count % 50_000 === 0) progress(`${count + batch.length} of ${frames} sent`);
  }
  await appendForeign(log, fleet, stored, sent);
  await passTime(log, HELD_MS_MAX);
  const reader = log.openReader();
  await allCommitted(reader, group, DEVICE_FRAMES, PARTITIONS);
  await bridge.close();
  await intake.close();
  await appender.close();
  await engine.drain();
  progress('all of it is committed; comparing');
  const verdict = await compare(log, reader, stored);
  await reader.close();
  await devices.close();
  await log.close();
  return { ...verdict, sent, refused, workersEnded };

  async function sendAll(batch: readonly MadeFrame[]): Promise<void> {
    const outcomes = batch.map((frame, i) => {
      sent[frame.className] = (sent[frame.className] ?? 0) + 1;
      if (i % HTTP_EVERY === HTTP_EVERY / 2) return overHttp(bridge.port, frame);
      return (lanes.get(frame.sender) as Lane).accept(frame.bytes);
    });
    for (const [i, outcome] of (await Promise.all(outcomes)).entries()) take(batch[i]!, outcome);
  }
}

async function enrol(devices: DeviceService, senders: readonly Sender[]): Promise<void> {
  const enrolments = await devices.addAll(
    senders.map(({ id, type, identity, publicKey }) => ({
      deviceId: id,
      type,
      identity,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    })),
  );
  for (const [i, { record, secrets }] of enrolments.entries()) {
    senders[i]!.key.keyId.set(Buffer.from(record.keys[0]!.keyId, 'hex'));
    senders[i]!.token = secrets.token!;
  }
}

function makeIntake(devices: DeviceService, keys: DayKeys, appender: RecordAppender): Intake {
  const types = frameTypes();
  return new Intake({
    topic: DEVICE_FRAMES,
    partitions: PARTITIONS,
    directory: devices,
    privacyOf: (type) => {
      const codec = types.byName(type)!;
      return {
        personal: codec.hasSightings,
        matches: (bytes, start, end) => codec.format === 'binary' && codec.matches(bytes, start, end),
      };
    },
    keys,
    appender,
    clock: systemClock,
    unsigned: unsignedFrom([]),
    limits: { rate: { perSecond: 1e9, burst: 1e9 } },
  });
}

async function overHttp(port: number, { sender, bytes }: MadeFrame): Promise<Outcome> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/frames`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sender.id}:${sender.token}`, 'content-type': 'application/octet-stream' },
    body: Buffer.from(bytes),
  });
  const answer = (await response.json()) as { partition: number; offset: number; code: string };
  if (response.status === 202) return { isAccepted: true, partition: answer.partition, offset: answer.offset };
  return { isAccepted: false, code: answer.code } as Outcome;
}

function oversize(fleet: MalformedFleet): MadeFrame {
  const sender = fleet.pick(fleet.good);
  return { sender, className: 'oversize', bytes: fleet.random.bytes(OVERSIZE_BYTES), reasons: [] };
}

/** What no bridge of ours would write: records of other kinds, empty and missing values, broken control records. */
async function appendForeign(
  log: Log,
  fleet: MalformedFleet,
  stored: Map<string, Stored>,
  sent: Record<string, number>,
): Promise<void> {
  const key = new TextEncoder().encode(fleet.good[0]!.id);
  const records: [string, Uint8Array | null, readonly string[]][] = [
    ['topic: no value', null, ['VALUE_MISSING']],
    ['topic: empty value', new Uint8Array(0), ['ENVELOPE_INVALID']],
    ['topic: unknown kind', Uint8Array.of(99, 1, 2, 3), ['ENVELOPE_INVALID']],
    ['topic: kind alone', Uint8Array.of(1), ['ENVELOPE_INVALID']],
    ['topic: broken control record', Buffer.from('\x10{"version":1'), ['DEVICE_INVALID']],
    ['topic: control record of nonsense', Buffer.from('\x10[]'), ['DEVICE_INVALID']],
    ['topic: sealed nonsense', Uint8Array.of(2, 1, 3, 65, 66, 67, 1, 2), ['SEAL_INVALID', 'KEY_DESTROYED']],
    [
      'topic: sealed with an unknown key',
      Buffer.concat([Buffer.from('\x02\x01\x083019-01-'), Buffer.alloc(60)]),
      ['SEAL_INVALID', 'KEY_DESTROYED'],
    ],
  ];
  const encoder = new BatchEncoder();
  for (const [, value] of records)
    encoder.append(Date.now(), key, 0, key.length, value ?? key, value === null ? -1 : 0, value?.length ?? -1);
  const { baseOffsets } = await log.commit({
    appends: [{ topic: DEVICE_FRAMES, partition: 0, bytes: encoder.finish() }],
  });
  for (const [i, [className, , reasons]] of records.entries()) {
    sent[className] = 1;
    stored.set(place(0, baseOffsets[0]! + i), { className, reasons });
  }
}

/** Neither key nor value: event time has come so far. What waited for a key is refused then. */
async function passTime(log: Log, ms: number): Promise<void> {
  const encoder = new BatchEncoder();
  const nothing = new Uint8Array(0);
  const appends = Array.from({ length: PARTITIONS }, (_, partition) => {
    encoder.append(Date.now() + ms, nothing, -1, -1, nothing, -1, -1);
    return { topic: DEVICE_FRAMES, partition, bytes: encoder.finish() };
  });
  await log.commit({ appends });
}

function place(partition: number, offset: number): string {
  return `${DEVICE_FRAMES}-${partition}@${offset}`;
}

async function compare(
  log: Log,
  reader: LogReader,
  stored: ReadonlyMap<string, Stored>,
): Promise<Pick<MalformedVerdict, 'differences' | 'reasons' | 'letters' | 'readings'>> {
  const differences: string[] = [];
  const tell = (difference: string) => {
    if (differences.length < 20) differences.push(difference);
  };
  const values = new Map<string, Buffer | null>();
  for await (const { partition, offset, value } of readTopic(reader, DEVICE_FRAMES, PARTITIONS))
    if (stored.has(place(partition, offset))) values.set(place(partition, offset), value);
  if (values.size !== stored.size) tell(`${stored.size} were acknowledged, ${values.size} are in the topic`);
  const lettered = new Map<string, string>();
  const reasons: Record<string, number> = {};
  for (const { name } of await log.describe()) {
    if (!name.endsWith('.dlq')) continue;
    for await (const { origin, reason, value } of readLetters(reader, name, PARTITIONS)) {
      const frame = stored.get(origin);
      if (lettered.has(origin)) tell(`${origin} has two letters`);
      lettered.set(origin, reason);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      if (frame === undefined) tell(`${origin} has a letter (${reason}) and was not sent`);
      else if (frame.reasons !== null && !frame.reasons.includes(reason))
        tell(
          `${origin} (${frame.className}) is in ${name} for ${reason}, not ${frame.reasons.join(' or ') || 'at all'}`,
        );
      const bytes = values.get(origin) ?? null;
      // Where a later stage failed, the letter is that stage's input, which has the whole record in it.
      const hasBytes =
        bytes === null
          ? value === null
          : name === `${DEVICE_FRAMES}.dlq`
            ? value?.equals(bytes)
            : value?.includes(bytes);
      if (hasBytes !== true) tell(`the letter of ${origin} (${frame?.className}) in ${name} has not the frame's bytes`);
    }
  }
  let unclear = 0;
  let good = 0;
  for (const [origin, { className, reasons: allowed }] of stored) {
    if (allowed === null) unclear += lettered.has(origin) ? 0 : 1;
    else if (allowed.length === 0) good++;
    else if (!lettered.has(origin)) tell(`${origin} (${className}) has no letter`);
  }
  let readings = 0;
  for await (const { value } of readTopic(reader, DEVICE_READINGS, PARTITIONS)) if (value !== null) readings++;
  if (readings !== good + unclear)
    tell(`${readings} readings of ${good} good frames and ${unclear} whose text was still well-formed`);
  return { differences, reasons, letters: lettered.size, readings };
}
