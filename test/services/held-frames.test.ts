/** Held frames are released once and in order, or dropped, and who decided it why is never forgotten. */
import t from 'tap';
import { BatchCursor, BatchEncoder, ByteWriter, type Log, systemClock } from '../../engine/index.ts';
import { decodeDecision } from '../../schemas/attestation/index.ts';
import { type Attestation, encodeAttestation, type TrustState } from '../../schemas/index.ts';
import { DEVICE_ATTESTATION, DEVICE_DECISIONS, DEVICE_FRAMES, DEVICE_QUARANTINE } from '../../schemas/topics/index.ts';
import { decideHeld, FRAMES_AT_ONCE } from '../../services/attestation/index.ts';
import { memoryLog } from './memory-log.ts';

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

const ask = { device: 'gate-1', by: 'ana', why: 'the fan was replaced' } as const;
/** Of a released frame: what stands behind its kind and time. */
const released = async (log: Log) => (await valuesOf(log, DEVICE_FRAMES)).map((value) => text(value.subarray(9)));

t.test('a release hands on each frame of the device once, in order, and a second one finds nothing', async (t) => {
  const log = await city('trusted', ['a', 'b', 'c']);
  t.same(await decideHeld(log, systemClock, { ...ask, decision: 'release' }), { frames: 3 });
  t.same(await decideHeld(log, systemClock, { ...ask, decision: 'release' }), { frames: 0 });
  t.same(await released(log), ['a', 'b', 'c']);
  const [decision] = (await valuesOf(log, DEVICE_DECISIONS)).map((value) => decodeDecision(value));
  t.match(decision, { ...ask, decision: 'release', frames: 3, from: 0 });
  await append(log, DEVICE_QUARANTINE, 'gate-1', [held('d')]);
  t.same(await decideHeld(log, systemClock, { ...ask, decision: 'release' }), { frames: 1 });
  t.same(await released(log), ['a', 'b', 'c', 'd']);
  await log.close();
});

t.test('what was dropped is not released later', async (t) => {
  const log = await city('trusted', ['a', 'b']);
  t.same(await decideHeld(log, systemClock, { ...ask, decision: 'drop' }), { frames: 2 });
  t.same(await decideHeld(log, systemClock, { ...ask, decision: 'release' }), { frames: 0 });
  t.same(await released(log), []);
  await log.close();
});

t.test('frames of a device that is not trusted can be dropped, not released', async (t) => {
  for (const state of ['suspect', 'quarantined', 'unknown', 'revoked'] as const) {
    const log = await city(state, ['a']);
    await t.rejects(decideHeld(log, systemClock, { ...ask, decision: 'release' }), { code: 'ATTESTATION_REQUIRED' });
    t.same(await released(log), []);
    t.same(await decideHeld(log, systemClock, { ...ask, decision: 'drop' }), { frames: 1 });
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
    await t.rejects(decideHeld(dying, systemClock, { ...ask, decision: 'release' }), /dead/);
    await decideHeld(log, systemClock, { ...ask, decision: 'release' });
    t.same(await released(log), names, `at ${diesAt}`);
    await log.close();
  }
});
