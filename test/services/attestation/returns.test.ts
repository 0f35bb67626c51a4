/** What the policy says of held frames happens once for each device that is back, wherever whoever does it dies. */
import t from 'tap';
import { BatchCursor, BatchEncoder, type Log, seededRandom, systemClock } from '../../../engine/index.ts';
import { decodeDecision } from '../../../schemas/attestation/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
} from '../../../schemas/topics/index.ts';
import { HeldFrames, type HeldRequest, RETURNS_GROUP, Returns } from '../../../services/attestation/index.ts';
import { memoryLog } from '../memory-log.ts';

const RELEASE = { decision: 'release', by: 'policy', why: 'on return release held' } as const;

async function city(): Promise<Log> {
  const log = await memoryLog(1);
  const topics = [DEVICE_QUARANTINE, DEVICE_DECISIONS, DEVICE_ATTESTATION];
  await log.createTopics(topics.map((name) => ({ name, partitions: 1, cleanup: 'delete' })));
  return log;
}

/** `a1` is a frame of device a; `a!` the mark that it is back. */
async function quarantine(log: Log, ...entries: readonly string[]): Promise<void> {
  const encoder = new BatchEncoder();
  for (const entry of entries) {
    const key = Buffer.from(entry[0]!);
    const value = entry[1] === '!' ? Buffer.from([2, 0, 0, 0, 1]) : Buffer.from(`\u0001${entry}`, 'latin1');
    encoder.append(1_000, key, 0, key.length, value, 0, value.length);
  }
  await log.commit({ appends: [{ topic: DEVICE_QUARANTINE, partition: 0, bytes: encoder.finish() }] });
}

async function valuesOf(log: Log, topic: string): Promise<Buffer[]> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const values: Buffer[] = [];
  const { end } = await reader.bounds(topic, 0);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(topic, 0, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) values.push(Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)));
  }
  await reader.close();
  return values;
}

const released = async (log: Log) =>
  (await valuesOf(log, DEVICE_FRAMES)).map((value) => value.subarray(9).toString('latin1'));

interface Life {
  step(): Promise<number>;
  close(): Promise<void>;
}

function life(log: Log, terms: Omit<HeldRequest, 'device'> | null = RELEASE, isHere = () => true): Life {
  const held = new HeldFrames({ log, clock: systemClock, random: seededRandom(3) });
  const returns = new Returns({ log, clock: systemClock, held, partitions: 1, terms, isHere, onFailure: () => {} });
  return {
    step: () => returns.step(),
    async close() {
      await returns.close();
      await held.close();
    },
  };
}

t.test('a device that is back has what was held of it released in order, and nobody else has', async (t) => {
  const log = await city();
  const running = life(log);
  await quarantine(log, 'a1', 'b1', 'a2');
  t.equal(await running.step(), 0, 'it is not back');
  await quarantine(log, 'a!', 'a3', 'b2');
  t.equal(await running.step(), 2);
  t.same(await released(log), ['a1', 'a2']);
  await quarantine(log, 'b!', 'a!', 'b3');
  t.equal(await running.step(), 3);
  t.same(await released(log), ['a1', 'a2', 'b1', 'b2', 'a3'], 'each device in its order');
  t.equal(await running.step(), 0);
  for (const value of await valuesOf(log, DEVICE_DECISIONS)) t.match(decodeDecision(value), RELEASE);
  await running.close();
  await log.close();
});

t.test('what the policy drops no operator can release, and what an operator dropped is not released', async (t) => {
  const log = await city();
  const dropping = life(log, { ...RELEASE, decision: 'drop' });
  await quarantine(log, 'a1', 'a!');
  t.equal(await dropping.step(), 1);
  const held = new HeldFrames({ log, clock: systemClock });
  await quarantine(log, 'b1');
  t.same(await held.decide({ device: 'b', decision: 'drop', by: 'ana', why: 'broken' }), { frames: 1 });
  await quarantine(log, 'b2', 'b!');
  await dropping.close();
  const releasing = life(log);
  t.equal(await releasing.step(), 1);
  t.same(await released(log), ['b2']);
  t.same(
    (await valuesOf(log, DEVICE_DECISIONS)).map((value) => decodeDecision(value)).map(({ by, frames }) => [by, frames]),
    [
      ['policy', 1],
      ['ana', 1],
      ['policy', 1],
    ],
  );
  await releasing.close();
  await held.close();
  await log.close();
});

t.test('whoever begins anew reads what was not decided on, and decides on nothing twice', async (t) => {
  const log = await city();
  await quarantine(log, 'a1', 'a2');
  const first = life(log);
  await first.step();
  await first.close();
  await quarantine(log, 'a!', 'c1', 'b1');
  const second = life(log);
  t.equal(await second.step(), 2, 'a device that was held in an earlier life');
  await second.close();
  const reader = log.openReader();
  t.same(await reader.committed(RETURNS_GROUP, DEVICE_QUARANTINE), [3], 'only what is open is read again');
  await reader.close();
  const third = life(log);
  t.equal(await third.step(), 0);
  await quarantine(log, 'c!', 'b!');
  t.equal(await third.step(), 2);
  await third.close();
  t.same(await released(log), ['a1', 'a2', 'c1', 'b1']);
  await log.close();
});

t.test('two processes that both take a partition for theirs release each frame once', async (t) => {
  const log = await city();
  const names = Array.from({ length: 700 }, (_, i) => `a${i}`);
  await quarantine(log, ...names, 'a!', 'b1', 'b!');
  const lives = [life(log), life(log), life(log)];
  await Promise.all(lives.map((one) => one.step()));
  t.same(await released(log), [...names, 'b1']);
  for (const one of lives) await one.close();
  await log.close();
});

t.test('a partition of another process is left to that one, and taken up when it comes here', async (t) => {
  const log = await city();
  let isHere = false;
  const running = life(log, RELEASE, () => isHere);
  await quarantine(log, 'a1', 'a!');
  t.equal(await running.step(), 0);
  isHere = true;
  t.equal(await running.step(), 1);
  await running.close();
  await log.close();
});

t.test('a failure is told once, and what failed is done when the log answers again', async (t) => {
  const log = await city();
  const told: unknown[] = [];
  const held = new HeldFrames({ log, clock: systemClock });
  const commit = log.commit.bind(log);
  let isDown = true;
  const back = Promise.withResolvers<void>();
  Object.assign(log, {
    commit: async (transaction: Parameters<Log['commit']>[0]) => {
      if (isDown && transaction.ownership !== undefined) throw new Error('down');
      const done = await commit(transaction);
      if (transaction.ownership !== undefined) back.resolve();
      return done;
    },
  });
  await quarantine(log, 'a1', 'a!');
  const returns = new Returns({
    ...{ log, clock: systemClock, held, partitions: 1, terms: RELEASE, isHere: () => true },
    onFailure: (error) => {
      told.push(error);
      isDown = false;
    },
  });
  returns.start();
  await back.promise;
  await returns.close();
  t.equal(told.length, 1);
  t.same(await released(log), ['a1']);
  await held.close();
  await log.close();
});

t.test('where an operator decides nothing happens by itself, and the offset follows what he has decided', async (t) => {
  const log = await city();
  const operator = new HeldFrames({ log, clock: systemClock });
  const offsets = async () => {
    const running = life(log, null);
    t.equal(await running.step(), 0);
    await running.close();
    const reader = log.openReader();
    const [offset] = await reader.committed(RETURNS_GROUP, DEVICE_QUARANTINE);
    await reader.close();
    return offset;
  };
  await quarantine(log, 'a1', 'b1', 'a!');
  t.equal(await offsets(), null);
  await operator.decide({ device: 'a', decision: 'drop', by: 'ana', why: 'so' });
  t.equal(await offsets(), 1, 'b waits');
  await quarantine(log, 'a2');
  await operator.decide({ device: 'b', decision: 'drop', by: 'ana', why: 'so' });
  t.equal(await offsets(), 3, 'a waits again');
  await operator.decide({ device: 'a', decision: 'drop', by: 'ana', why: 'so' });
  t.equal(await offsets(), 4);
  await operator.close();
  await log.close();
});
