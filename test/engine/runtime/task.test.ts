/** One task over a log in memory: turns, pauses, letters, condemned records and letters that come again. */
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { BatchCursor } from '../../../engine/batch/index.ts';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  MsecError,
  planTopology,
  rawCodec,
  type Topic,
  topic,
  values,
} from '../../../engine/index.ts';
import type { LogReader, Transaction } from '../../../engine/log/index.ts';
import {
  readLetter,
  resendLetter,
  TASK_OPTIONS,
  Task,
  type TaskOptions,
  WorkerPosition,
} from '../../../engine/runtime/index.ts';
import { headerOf, Rig } from './rig.ts';

const codec = jsonCodec<number>();
const from = topic('from', codec, { external: true });
const to = topic('to', codec);

interface Given {
  readonly condemned?: ConstructorParameters<typeof Task>[0]['condemned'];
  readonly options?: Partial<TaskOptions>;
  readonly onCommit?: (transaction: Transaction) => Promise<void>;
  readonly reader?: (reader: LogReader) => LogReader;
}

/** A task of the actors' first subtopology on partition 0. */
async function open(rig: Rig, actors: readonly AnyActor[], given: Given = {}) {
  const plan = planTopology({ name: 'app', partitions: 1, actors });
  const [subtopology] = plan.subtopologies;
  if (subtopology === undefined) throw new Error('a plan has a subtopology');
  await rig.run(rig.log.createTopics(plan.topics));
  const ownership = await rig.run(rig.log.acquire(`${subtopology.name}-0`));
  const position = new WorkerPosition();
  const commits: Transaction[] = [];
  const reader = rig.openReader();
  const task = new Task({
    ...{ plan, subtopology, partition: 0, slot: 1, ownership, position },
    condemned: given.condemned ?? [],
    reader: given.reader?.(reader) ?? reader,
    clock: rig.clock,
    random: seededRandom(1),
    options: { ...TASK_OPTIONS, ...given.options },
    async commit(transaction) {
      commits.push(transaction);
      await given.onCommit?.(transaction);
      return rig.log.commit(transaction);
    },
    observe: () => {},
  });
  const ended = task.run();
  let outcome: unknown = null;
  ended.then(
    () => {
      outcome = 'ended';
    },
    (thrown: unknown) => {
      outcome = thrown;
    },
  );
  return {
    ...{ task, position, commits, plan },
    outcome: () => outcome,
    committed: async (name = 'from') => (await rig.reader.committed(subtopology.group, name))[0],
    async stop() {
      task.stop();
      await rig.run(ended);
    },
  };
}

function handler(process: (value: number, emit: (value: number) => void) => void, name = 'one'): AnyActor {
  return defineActor({
    name,
    inputs: { from },
    outputs: { to },
    state: { sum: values(codec) },
    process({ keyId, value }, { out, state }) {
      state.sum.set(keyId, (state.sum.get(keyId) ?? 0) + value);
      process(value, (n) => out.to.emit(n));
    },
  });
}

const input = (error: string) => new MsecError('VALUE_INVALID', error);

t.test('outputs, state and offsets go in one transaction, at the latest after the interval', async (t) => {
  const rig = new Rig();
  const { commits, committed, stop } = await open(rig, [handler((n, emit) => emit(n * 2))]);
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(300);
  t.equal(await committed(), 3);
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['2', '4', '6'],
  );
  for (const { offsets, appends, ownership } of commits) {
    t.equal(ownership?.owner, 'one-0');
    t.ok((offsets?.length ?? 0) > 0 && appends?.some(({ topic }) => topic === 'app.one.state'));
  }
  await stop();
});

t.test('a task that stops commits what it has begun', async (t) => {
  const rig = new Rig();
  const { committed, stop } = await open(rig, [handler((n, emit) => emit(n))], {
    options: { commitIntervalMs: 60_000, commitIntervalBusyMs: 60_000 },
  });
  await rig.append('from', 0, 'k', '1');
  await rig.pass(1_000);
  t.equal(await committed(), null, 'it was not yet time');
  await stop();
  t.equal(await committed(), 1);
  t.equal((await rig.read('to')).length, 1);
});

t.test('no more than two commits are on their way; the task waits for one of them', async (t) => {
  const rig = new Rig();
  const gates: (() => void)[] = [];
  const { commits, committed, stop, task } = await open(rig, [handler((n, emit) => emit(n))], {
    options: { commitIntervalMs: 0, commitIntervalBusyMs: 0, fetchBytes: 1 },
    onCommit: () => new Promise((resolve) => gates.push(resolve)),
  });
  for (let n = 1; n <= 6; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(1_000);
  t.equal(commits.length, 2);
  t.equal(task.commitsInFlight, 2);
  for (let i = 0; i < 6; i++) {
    gates[i]?.();
    await rig.pass(100);
    t.ok(task.commitsInFlight <= 2);
  }
  t.equal(await committed(), 6);
  await stop();
});

t.test('a failed commit ends the task with its reason, and what came after it was never committed', async (t) => {
  const rig = new Rig();
  let commitsSeen = 0;
  const { outcome, committed, commits } = await open(rig, [handler((n, emit) => emit(n))], {
    options: { commitIntervalMs: 0, commitIntervalBusyMs: 0, fetchBytes: 1 },
    async onCommit() {
      if (++commitsSeen >= 2) throw new MsecError('QUOTA_EXCEEDED', 'full');
    },
  });
  for (let n = 1; n <= 5; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.until(() => outcome() !== null);
  t.match(outcome(), { code: 'QUOTA_EXCEEDED' });
  const sent = commits.length;
  await rig.pass(1_000);
  t.equal(commits.length, sent, 'it sends no more');
  t.equal(await committed(), 1);
});

t.test('a dependency that is down pauses longer and longer, and is never a letter', async (t) => {
  const rig = new Rig();
  let isDown = true;
  const triedMs: number[] = [];
  const { task, committed, stop } = await open(rig, [
    handler((n, emit) => {
      if (n === 2) triedMs.push(rig.timeline.elapsedMs);
      if (n === 2 && isDown) throw new MsecError('DEPENDENCY_DOWN', 'nobody answers');
      emit(n);
    }),
  ]);
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(5_000);
  t.match(task.status(), { state: 'paused', pausedBecause: 'nobody answers' });
  t.equal(await committed(), 1, 'what came before it is committed');
  const gaps = triedMs.slice(1).map((ms, i) => ms - triedMs[i]!);
  for (let i = 1; i < gaps.length; i++) t.ok(gaps[i]! > gaps[i - 1]! * 1.5, `${gaps[i]} ms`);
  isDown = false;
  await rig.pass(20_000);
  t.match(task.status(), { state: 'running', pausedBecause: null });
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['1', '2', '3'],
  );
  t.same(await rig.read('from.dlq'), []);
  await stop();
});

t.test('a paused task stops at once', async (t) => {
  const rig = new Rig();
  const { stop, outcome, task } = await open(rig, [
    handler(() => {
      throw new MsecError('DEPENDENCY_DOWN', 'nobody answers');
    }),
  ]);
  await rig.append('from', 0, 'k', '1');
  await rig.until(() => task.status().state === 'paused');
  await rig.pass(30_000);
  const before = rig.timeline.elapsedMs;
  await stop();
  t.equal(outcome(), 'ended');
  t.ok(rig.timeline.elapsedMs - before < 500);
});

t.test('a codec whose dependency is down pauses too', async (t) => {
  const rig = new Rig();
  let isDown = true;
  const needy = topic(
    'from',
    {
      ...codec,
      decode(bytes: Uint8Array, start: number, end: number) {
        if (isDown) throw new MsecError('DEPENDENCY_DOWN', 'no registry');
        return codec.decode(bytes, start, end);
      },
    },
    { external: true },
  );
  const actor = defineActor({
    name: 'one',
    inputs: { needy },
    outputs: { to },
    process: ({ value }, { out }) => out.to.emit(value),
  });
  const { stop } = await open(rig, [actor]);
  await rig.append('from', 0, 'k', '1');
  await rig.pass(1_000);
  isDown = false;
  await rig.pass(5_000);
  t.same(await rig.read('from.dlq'), []);
  t.equal((await rig.read('to')).length, 1);
  await stop();
});

t.test('a record that fails is undone alone, and its letter keeps key and bytes', async (t) => {
  const rig = new Rig();
  const calls: number[] = [];
  const { stop, task } = await open(rig, [
    handler((n, emit) => {
      calls.push(n);
      emit(n);
      if (n === 2) throw new Error('bug');
      if (n === 3) throw input('bad');
    }),
  ]);
  for (let n = 1; n <= 4; n++) await rig.append('from', 0, 'k', `${n}`, 1000 + n);
  await rig.append('from', 0, null, '{', 7);
  await rig.append('from', 0, 'k', null, 8);
  await rig.pass(1_000);
  t.same(calls, [1, 2, 2, 2, 3, 4], 'a bug is tried again, bad input is not');
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['1', '4'],
  );
  const letters = await rig.read('from.dlq');
  t.same(
    letters.map((letter) => [
      letter.key,
      letter.value,
      letter.timestamp,
      headerOf(letter, 'msec.reason'),
      headerOf(letter, 'msec.offset'),
      headerOf(letter, 'msec.attempts'),
    ]),
    [
      ['k', '2', 1002, 'ACTOR_FAILED', '1', '3'],
      ['k', '3', 1003, 'VALUE_INVALID', '2', '1'],
      [null, '{', 7, 'VALUE_INVALID', '4', '1'],
      ['k', null, 8, 'VALUE_MISSING', '5', '1'],
    ],
  );
  t.match(task.status(), { stages: [{ deadLetters: 4, actor: 'one' }] });
  await stop();
});

t.test('a record as large as a log takes fits into its letter', async (t) => {
  const rig = new Rig();
  const raw = topic('from', rawCodec(), { external: true });
  const actor = defineActor({
    name: 'one',
    inputs: { raw },
    process() {
      throw input('x'.repeat(2_000));
    },
  });
  const { stop, committed } = await open(rig, [actor]);
  const large = 'v'.repeat(3_000_000);
  await rig.append('from', 0, 'k', large);
  await rig.append('from', 0, 'k', 'small');
  await rig.pass(1_000);
  t.equal(await committed(), 2);
  const [letter] = await rig.read('from.dlq');
  t.equal(letter?.value, large);
  t.equal(headerOf(letter!, 'msec.message')?.length, 500);
  await stop();
});

t.test('a condemned record goes to the letters unseen, and the next is handled', async (t) => {
  const rig = new Rig();
  const seen: number[] = [];
  const { stop } = await open(rig, [handler((n) => void seen.push(n))], {
    condemned: [{ source: 0, offset: 1, attempts: 2, code: 'RECORD_HUNG' }],
  });
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`);
  await rig.pass(1_000);
  t.same(seen, [1, 3]);
  const [letter] = await rig.read('from.dlq');
  t.equal(letter?.value, '2');
  t.equal(headerOf(letter!, 'msec.reason'), 'RECORD_HUNG');
  t.equal(headerOf(letter!, 'msec.attempts'), '2');
  await stop();
});

t.test('a letter that comes again enters at the stage that failed, once, and moves no time', async (t) => {
  const rig = new Rig();
  const middle = topic('middle', codec);
  const seen: string[] = [];
  let isMended = false;
  const times: number[] = [];
  const first = defineActor({
    name: 'first',
    inputs: { from },
    outputs: { middle },
    process({ value }, { out }) {
      seen.push(`first ${value}`);
      out.middle.emit(value);
    },
  });
  const second = defineActor({
    name: 'second',
    inputs: { middle },
    outputs: { to },
    process({ value }, context) {
      seen.push(`second ${value}`);
      times.push(context.watermark());
      if (value === 2 && !isMended) throw input('not yet');
      context.out.to.emit(value);
    },
  });
  const { stop } = await open(rig, [first, second]);
  for (let n = 1; n <= 3; n++) await rig.append('from', 0, 'k', `${n}`, n * 1000);
  await rig.pass(1_000);
  const [letter] = await rig.read('middle.dlq');
  t.equal(letter?.value, '2');
  t.equal(headerOf(letter!, 'msec.actor'), 'second');
  t.equal(headerOf(letter!, 'msec.stage'), 'first');
  t.equal(headerOf(letter!, 'msec.topic'), 'from', 'where its record can be found');
  isMended = true;
  seen.length = 0;
  const place = { topic: 'middle', partition: 0, offset: 0 };
  t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), true);
  t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), false);
  await rig.pass(1_000);
  t.same(seen, ['second 2'], 'the first stage is not run again');
  t.same(
    (await rig.read('to')).map(({ value }) => value),
    ['1', '3', '2'],
  );
  t.equal((await rig.read('middle.resend')).length, 1);
  await rig.append('from', 0, 'k', '4', 4000);
  await rig.pass(1_000);
  t.equal(times.at(-1), 3000);
  await t.rejects(rig.run(resendLetter(rig.log, rig.reader, { ...place, offset: 1 })), { code: 'OFFSET_OUT_OF_RANGE' });
  await stop();
});

t.test('a letter that comes again moves no time, also when it is the newest of all', async (t) => {
  const rig = new Rig();
  let isMended = false;
  const times: number[] = [];
  const actor = defineActor({
    name: 'one',
    inputs: { from },
    process({ value }, context) {
      times.push(context.watermark());
      if (value === 2 && !isMended) throw input('not yet');
    },
  });
  const { stop } = await open(rig, [actor]);
  for (const [value, timestamp] of [
    ['1', 1000],
    ['2', 9000],
    ['3', 2000],
  ] as const)
    await rig.append('from', 0, 'k', value, timestamp);
  await rig.pass(1_000);
  isMended = true;
  await rig.run(resendLetter(rig.log, rig.reader, { topic: 'from', partition: 0, offset: 0 }));
  await rig.pass(1_000);
  await rig.append('from', 0, 'k', '4', 2500);
  await rig.pass(1_000);
  t.same(times, [Number.NEGATIVE_INFINITY, 1000, 1000, 2000, 2000]);
  await stop();
});

t.test('a pause of one reader of a record takes back the time of the other, too', async (t) => {
  const rig = new Rig();
  let isDown = true;
  const times: number[] = [];
  const met = topic('met', codec);
  const timed = defineActor({
    name: 'timed',
    inputs: { from },
    outputs: { met },
    process: (_record, context) => void times.push(context.watermark()),
  });
  // Fused with the other through `met`, and a reader of `from` itself.
  const needy = defineActor({
    name: 'needy',
    inputs: { from, met },
    process() {
      if (isDown) throw new MsecError('DEPENDENCY_DOWN', 'down');
    },
  });
  const { stop } = await open(rig, [timed, needy]);
  await rig.append('from', 0, 'k', '1', 5000);
  await rig.pass(500);
  isDown = false;
  await rig.pass(5_000);
  t.ok(times.length > 1);
  t.ok(times.every((time) => time === Number.NEGATIVE_INFINITY));
  await stop();
});

t.test('an error that is nobody’s fault undoes the whole record, earlier stages included', async (t) => {
  const rig = new Rig();
  const middle: Topic<number> = topic('middle', codec, { access: 'public' });
  let isDown = true;
  const first = defineActor({
    name: 'first',
    inputs: { from },
    outputs: { middle },
    state: { count: values(codec) },
    process({ keyId }, { out, state }) {
      const count = (state.count.get(keyId) ?? 0) + 1;
      state.count.set(keyId, count);
      try {
        out.middle.emit(count);
      } catch {
        // An actor that swallows what is not its own does not stop it.
      }
    },
  });
  const second = defineActor({
    name: 'second',
    inputs: { middle },
    process() {
      if (isDown) throw new MsecError('DEPENDENCY_DOWN', 'down');
    },
  });
  const { stop } = await open(rig, [first, second]);
  await rig.append('from', 0, 'k', '1');
  await rig.pass(2_000);
  t.same(await rig.read('middle'), []);
  isDown = false;
  await rig.pass(5_000);
  t.same(
    (await rig.read('middle')).map(({ value }) => value),
    ['1'],
    'counted once',
  );
  await stop();
});

t.test('after a batch that cannot be read the position is idle, and the task has failed', async (t) => {
  const rig = new Rig();
  const { outcome, position } = await open(rig, [handler(() => {})], {
    reader: (reader) => ({
      bounds: (topic, partition) => reader.bounds(topic, partition),
      committed: (group, topic) => reader.committed(group, topic),
      wait: (positions, timeoutMs) => reader.wait(positions, timeoutMs),
      close: () => reader.close(),
      async fetch(topic, partition, offset, bytesMax) {
        const fetched = await reader.fetch(topic, partition, offset, bytesMax);
        if (topic === 'from' && fetched.end > fetched.start) fetched.bytes[fetched.end - 1]! ^= 0xff;
        return fetched;
      },
    }),
  });
  await rig.append('from', 0, 'k', '1');
  await rig.until(() => outcome() !== null);
  t.match(outcome(), { code: 'BATCH_CORRUPT' });
  t.equal(position.read(), null);
});

t.test('a task that has much to do commits in between, and loses nothing', async (t) => {
  const rig = new Rig();
  const { commits, stop } = await open(rig, [handler((n, emit) => emit(n))], {
    options: { outputBytesMax: 200, commitIntervalMs: 60_000, commitIntervalBusyMs: 60_000 },
  });
  for (let n = 0; n < 400; n++) void rig.append('from', 0, `k${n % 7}`, `${n}`);
  await rig.pass(5_000);
  t.ok(commits.length > 2);
  await stop();
  t.same(
    (await rig.read('to')).map(({ value }) => Number(value)),
    Array.from({ length: 400 }, (_, n) => n),
  );
});

t.test('headers of a letter that is none read as nothing', (t) => {
  t.match(readLetter(new BatchCursor()), { code: 'ACTOR_FAILED', actor: '', offset: 0, attempts: 0 });
  t.end();
});
