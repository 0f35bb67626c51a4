/** Time goes on in every partition of the evidence, also behind a log that refuses, and not after the end. */
import t from 'tap';
import { BatchCursor, type Clock, type Log, MsecError, type Timer } from '../../../engine/index.ts';
import { ATTEST_EVIDENCE } from '../../../schemas/topics/index.ts';
import { TICK_MS, TimeTicks } from '../../../services/attestation/index.ts';
import { memoryLog } from '../memory-log.ts';

const START_MS = 1_795_000_000_000;

/** Each timer rings when the test says so. */
class HandClock implements Clock {
  nowMs = START_MS;
  readonly timers: { readonly ms: number; readonly run: () => void; isCancelled: boolean }[] = [];

  now = (): number => this.nowMs;
  monotonic = (): number => this.nowMs;

  after(ms: number, run: () => void): Timer {
    const timer = { ms, run, isCancelled: false };
    this.timers.push(timer);
    const cancel = () => {
      timer.isCancelled = true;
    };
    return { cancel, unref: () => undefined };
  }

  ring(): void {
    const timer = this.timers.shift()!;
    this.nowMs += timer.ms;
    if (!timer.isCancelled) timer.run();
  }

  async nextTimer(): Promise<void> {
    while (this.timers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function timesIn(log: Log, partition: number): Promise<number[]> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const times: number[] = [];
  const { end } = await reader.bounds(ATTEST_EVIDENCE, partition);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(ATTEST_EVIDENCE, partition, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      t.ok(cursor.keyStart < 0 && cursor.valueStart < 0, 'a time and nothing else');
      times.push(cursor.timestamp);
    }
  }
  await reader.close();
  return times;
}

async function opened(partitions: number) {
  const log = await memoryLog(partitions);
  await log.createTopics([{ name: ATTEST_EVIDENCE, partitions, cleanup: 'delete' }]);
  const clock = new HandClock();
  return { log, clock, ticks: new TimeTicks(log, clock, partitions) };
}

t.test('each partition is told the time several times a second', async (t) => {
  const { log, clock, ticks } = await opened(3);
  ticks.start();
  for (let i = 0; i < 3; i++) {
    await clock.nextTimer();
    clock.ring();
  }
  await clock.nextTimer();
  for (let partition = 0; partition < 3; partition++)
    t.same(
      await timesIn(log, partition),
      [1, 2, 3].map((round) => START_MS + round * TICK_MS),
    );
  await ticks.close();
  await log.close();
});

t.test('a log that refuses for a while is told the time again afterwards', async (t) => {
  const { log, clock, ticks } = await opened(1);
  const commit = log.commit.bind(log);
  let isDown = true;
  Object.assign(log, {
    commit: async (transaction: Parameters<Log['commit']>[0]) => {
      if (isDown) throw new MsecError('QUOTA_EXCEEDED', 'full');
      return commit(transaction);
    },
  });
  ticks.start();
  clock.ring();
  await clock.nextTimer();
  isDown = false;
  clock.ring();
  await clock.nextTimer();
  t.same(await timesIn(log, 0), [START_MS + 2 * TICK_MS]);
  await ticks.close();
  await log.close();
});

t.test('after the end nothing is written, and what was on its way is waited for', async (t) => {
  const { log, clock, ticks } = await opened(1);
  ticks.start();
  clock.ring();
  await ticks.close();
  t.equal((await timesIn(log, 0)).length, 1);
  while (clock.timers.length > 0) clock.ring();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal((await timesIn(log, 0)).length, 1);
  await log.close();
});
