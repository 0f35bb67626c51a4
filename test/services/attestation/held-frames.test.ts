/** Held frames are released once and in order, or dropped, and who decided it why is never forgotten. */
import t from 'tap';
import { BatchCursor, BatchEncoder, ByteWriter, type Log, seededRandom, systemClock } from '../../../engine/index.ts';
import { decodeDecision } from '../../../schemas/attestation/index.ts';
import { KIND_ENVELOPE, Sealer } from '../../../schemas/envelope/index.ts';
import { type Attestation, encodeAttestation, type TrustState } from '../../../schemas/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  QuarantineEntry,
  quarantineCodec,
  VerifiedFrame,
} from '../../../schemas/topics/index.ts';
import { FRAMES_AT_ONCE, HeldFrames, type HeldRequest } from '../../../services/attestation/index.ts';
import { MemoryKeys } from '../../actors/city.ts';
import { memoryLog } from '../memory-log.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

async function append(log: Log, topic: string, device: string, values: readonly Uint8Array[]): Promise<void> {
  const encoder = new BatchEncoder();
  const key = Buffer.from(device);
  for (const value of values) encoder.append(1_000, key, 0, key.length, value, 0, value.length);
  await log.commit({ appends: [{ topic, partition: 0, bytes: encoder.finish() }] });
}

async function valuesOf(log: Log, topic: string): Promise<Uint8Array[]> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const values: Uint8Array[] = [];
  const { end } = await reader.bounds(topic, 0);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(topic, 0, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) values.push(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd));
  }
  await reader.close();
  return values;
}

const held = (name: string) => Buffer.from(`\u0001${name}`, 'latin1');
const MARK = Buffer.from([2, 0, 0, 0, 1]);

async function city(state: TrustState, frames: readonly string[]): Promise<Log> {
  const log = await memoryLog(1);
  const topics = [DEVICE_QUARANTINE, DEVICE_DECISIONS, DEVICE_ATTESTATION];
  await log.createTopics(topics.map((name) => ({ name, partitions: 1, cleanup: 'delete' })));
  const writer = new ByteWriter();
  const attestation: Attestation = {
    ...{ device: 'gate-1', state, since: 1, reason: 'proven', says: 'so', log: '', entry: 0, pcr: -1, path: '' },
    ...{ firmware: '', provenAt: 1, trustedUntil: 2, failures: 0, transitions: 1, history: [] },
  };
  encodeAttestation(writer, 1, attestation);
  await append(log, DEVICE_ATTESTATION, 'gate-1', [writer.take()]);
  for (const frame of frames) {
    await append(log, DEVICE_QUARANTINE, 'gate-1', [held(frame)]);
    await append(log, DEVICE_QUARANTINE, 'gate-2', [held('of another')]);
  }
  await append(log, DEVICE_QUARANTINE, 'gate-1', [MARK]);
  return log;
}

async function decideHeld(log: Log, request: HeldRequest) {
  const held = new HeldFrames({ log, clock: systemClock });
  try {
    return await held.decide(request);
  } finally {
    await held.close();
  }
}

/** As verify holds a frame that was sealed with the day's key. */
function sealedFrame(day: string): Uint8Array {
  const sealing = { keyId: day, key: new MemoryKeys().sealing };
  const record = new Sealer(seededRandom(3)).seal(KIND_ENVELOPE, sealing, 'gate-1', Buffer.from('a frame'));
  const frame = new VerifiedFrame();
  frame.setContent(record, 0, record.length, day, Buffer.from('a frame'), 0, 0, 7);
  const entry = new QuarantineEntry();
  entry.frame = frame;
  const writer = new ByteWriter();
  quarantineCodec().encode(entry, writer);
  return writer.take();
}

const ask = { device: 'gate-1', by: 'ana', why: 'the fan was replaced' } as const;
/** Of a released frame: what stands behind its kind and time. */
const released = async (log: Log) => (await valuesOf(log, DEVICE_FRAMES)).map((value) => text(value.subarray(9)));

t.test('a release hands on each frame of the device once, in order, and a second one finds nothing', async (t) => {
  const log = await city('trusted', ['a', 'b', 'c']);
  t.same(await decideHeld(log, { ...ask, decision: 'release' }), { frames: 3 });
  t.same(await decideHeld(log, { ...ask, decision: 'release' }), { frames: 0 });
  t.same(await released(log), ['a', 'b', 'c']);
  const [decision] = (await valuesOf(log, DEVICE_DECISIONS)).map((value) => decodeDecision(value));
  t.match(decision, { ...ask, decision: 'release', frames: 3, from: 0 });
  await append(log, DEVICE_QUARANTINE, 'gate-1', [held('d')]);
  t.same(await decideHeld(log, { ...ask, decision: 'release' }), { frames: 1 });
  t.same(await released(log), ['a', 'b', 'c', 'd']);
  await log.close();
});

t.test('what was dropped is not released later', async (t) => {
  const log = await city('trusted', ['a', 'b']);
  t.same(await decideHeld(log, { ...ask, decision: 'drop' }), { frames: 2 });
  t.same(await decideHeld(log, { ...ask, decision: 'release' }), { frames: 0 });
  t.same(await released(log), []);
  await log.close();
});

t.test('frames of a device that is not trusted can be dropped, not released', async (t) => {
  for (const state of ['suspect', 'quarantined', 'unknown', 'revoked'] as const) {
    const log = await city(state, ['a']);
    await t.rejects(decideHeld(log, { ...ask, decision: 'release' }), { code: 'ATTESTATION_REQUIRED' });
    t.same(await released(log), []);
    t.same(await decideHeld(log, { ...ask, decision: 'drop' }), { frames: 1 });
    await log.close();
  }
});

t.test('a release that dies at any of its steps and is repeated has each frame once', async (t) => {
  const names = Array.from({ length: 2 * FRAMES_AT_ONCE + 7 }, (_, i) => `${i}`);
  for (const [diesAt, isDurable] of [
    [1, false],
    [2, false],
    [2, true],
    [3, true],
  ] as const) {
    const log = await city('trusted', names);
    let commits = 0;
    const dying: Log = Object.create(log, {
      ...Object.fromEntries(
        (['describe', 'acquire', 'openReader'] as const).map((name) => [
          name,
          { value: (...given: never[]) => (log[name] as (...all: never[]) => unknown)(...given) },
        ]),
      ),
      commit: {
        value: async (transaction: Parameters<Log['commit']>[0]) => {
          commits += 1;
          if (commits === diesAt && isDurable) await log.commit(transaction);
          if (commits === diesAt) throw new Error('dead');
          return log.commit(transaction);
        },
      },
    });
    await t.rejects(decideHeld(dying, { ...ask, decision: 'release' }), /dead/);
    await decideHeld(log, { ...ask, decision: 'release' });
    t.same(await released(log), names, `at ${diesAt}`);
    await log.close();
  }
});

t.test('two that decide at once take it from each other until each frame is decided on once', async (t) => {
  const names = Array.from({ length: 3 * FRAMES_AT_ONCE }, (_, i) => `${i}`);
  const log = await city('trusted', names);
  const options = { log, clock: systemClock, random: seededRandom(7) };
  const many = [new HeldFrames(options), new HeldFrames(options), new HeldFrames(options)];
  const done = await Promise.all(many.map((held, i) => held.decide({ ...ask, by: `op-${i}`, decision: 'release' })));
  t.equal(
    done.reduce((sum, { frames }) => sum + frames, 0),
    names.length,
  );
  t.same(await released(log), names);
  for (const held of many) await held.close();
  await log.close();
});

t.test('large frames go in several transactions, none of which is larger than a broker takes', async (t) => {
  const large = 'x'.repeat(60_000);
  const log = await city(
    'trusted',
    Array.from({ length: 20 }, (_, i) => `${i}${large}`),
  );
  const sizes: number[] = [];
  const commit = log.commit.bind(log);
  Object.assign(log, {
    commit: (transaction: Parameters<Log['commit']>[0]) => {
      sizes.push(...(transaction.appends ?? []).map(({ bytes }) => bytes.length));
      return commit(transaction);
    },
  });
  await decideHeld(log, { ...ask, decision: 'release' });
  t.equal((await released(log)).length, 20);
  t.ok(Math.max(...sizes) < 1_000_000, `${Math.max(...sizes)} bytes`);
  await log.close();
});

t.test('a released frame whose day key was destroyed is counted in the audit', async (t) => {
  const log = await memoryLog(1);
  const topics = [DEVICE_QUARANTINE, DEVICE_DECISIONS];
  await log.createTopics(topics.map((name) => ({ name, partitions: 1, cleanup: 'delete' })));
  const frames = ['2026-11-25', '2026-11-26'].map(sealedFrame);
  await append(log, DEVICE_QUARANTINE, 'gate-1', [...frames, held('not a frame at all')]);
  const decisions = new HeldFrames({ log, clock: systemClock, canOpen: (keyId) => keyId !== '2026-11-25' });
  const spans = new Map([['gate-1', { from: 0, end: 3 }]]);
  t.equal(await decisions.decideAll(0, spans, { decision: 'release', by: 'policy', why: 'so' }), 3);
  const [decision] = (await valuesOf(log, DEVICE_DECISIONS)).map((value) => decodeDecision(value));
  t.match(decision, { frames: 3, unreadable: 1, by: 'policy' });
  t.equal((await released(log)).length, 3, 'verify says what becomes of each');
  await decisions.close();
  await log.close();
});
