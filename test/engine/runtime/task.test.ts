/** One task over a log in memory: its turns, its commits, its pauses. */
import t from 'tap';
import { defineActor, MsecError, type Topic, topic, values } from '../../../engine/index.ts';
import { Rig } from './rig.ts';
import { codec, from, handler, open, to } from './task-rig.ts';

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

t.test(
  'with more to do than fits into a slice it is busy, and commits as seldom, however little was fetched',
  async (t) => {
    const rig = new Rig();
    const slow = handler((n, emit) => {
      rig.timeline.elapsedMs++;
      emit(n);
    });
    await rig.run(rig.log.createTopics([{ name: 'from', partitions: 1, cleanup: 'delete' }]));
    for (let n = 1; n <= 1_000; n++) await rig.append('from', 0, 'k', `${n}`);
    const { commits, committed, stop } = await open(rig, [slow], {
      options: { commitIntervalMs: 10, commitIntervalBusyMs: 200 },
    });
    await rig.until(() => commits.some(({ offsets }) => offsets?.[0]?.offset === 1_000));
    t.ok(commits.length <= 8, `${commits.length} commits of a second's work`);
    const offsets = commits.map((commit) => commit.offsets![0]!.offset);
    for (const [i, offset] of offsets.entries())
      t.ok(offset - (offsets[i - 1] ?? 0) <= 330, 'none holds more than its time');
    await stop();
    t.equal(await committed(), 1_000);
  },
);

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

t.test('while a commit is under way the next waits for it, with all that came meanwhile', async (t) => {
  const rig = new Rig();
  const gates: (() => void)[] = [];
  const { commits, committed, stop } = await open(rig, [handler((n, emit) => emit(n))], {
    options: { commitIntervalMs: 10, commitIntervalBusyMs: 10_000 },
    onCommit: () => new Promise((resolve) => gates.push(resolve)),
  });
  await rig.append('from', 0, 'k', '1');
  await rig.until(() => commits.length === 1);
  for (let n = 2; n <= 4; n++) {
    await rig.append('from', 0, 'k', `${n}`);
    await rig.pass(100);
  }
  t.equal(commits.length, 1);
  gates[0]?.();
  await rig.until(() => commits.length === 2);
  gates[1]?.();
  await rig.pass(100);
  t.equal(await committed(), 4);
  t.equal(commits.length, 2);
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

t.test('a task that is abandoned ends without a commit, and handles nothing more', async (t) => {
  const rig = new Rig();
  const handled: number[] = [];
  const { committed, commits, task, outcome } = await open(rig, [handler((n) => handled.push(n))], {
    options: { commitIntervalMs: 60_000, commitIntervalBusyMs: 60_000 },
  });
  await rig.append('from', 0, 'k', '1');
  await rig.pass(1_000);
  task.abandon();
  await rig.append('from', 0, 'k', '2');
  await rig.pass(1_000);
  t.equal(outcome(), 'ended');
  t.same(handled, [1]);
  t.same(commits, []);
  t.equal(await committed(), null);
});

t.test('a task stops in the middle of its restore, and leaves everything as it was', async (t) => {
  const rig = new Rig();
  const actor = handler(() => {});
  const before = await open(rig, [actor]);
  for (let n = 1; n <= 5; n++) {
    await rig.append('from', 0, `key ${n}`, `${n}`);
    await rig.pass(100);
  }
  await before.stop();
  const changelog = await rig.read('app.one.state');
  let fetches = 0;
  const restoring = await open(rig, [actor], {
    reader: (reader) => ({
      ...{ bounds: reader.bounds.bind(reader), committed: reader.committed.bind(reader) },
      ...{ wait: reader.wait.bind(reader), close: () => reader.close() },
      async fetch(topic, partition, offset) {
        if (++fetches === 2) restoring.task.stop();
        // A batch at a time.
        return reader.fetch(topic, partition, offset, 1);
      },
    }),
  });
  await rig.until(() => restoring.outcome() !== null);
  t.equal(restoring.outcome(), 'ended');
  t.equal(fetches, 2);
  t.same(restoring.commits, []);
  t.same(await rig.read('app.one.state'), changelog);
  t.equal(await restoring.committed(), 5);
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

t.test('an actor that fails as time goes on holds up neither its task nor the stages before it', async (t) => {
  const rig = new Rig();
  const middle: Topic<number> = topic('middle', codec, { access: 'public' });
  let isBroken = true;
  const told: number[] = [];
  const first = defineActor({
    name: 'first',
    inputs: { from },
    outputs: { middle },
    process: ({ value }, { out }) => out.middle.emit(value),
  });
  const second = defineActor({
    name: 'second',
    inputs: { middle },
    state: { seen: values(codec) },
    open: ({ state }) => ({
      process: ({ keyId, value }) => state.seen.set(keyId, value),
      onWatermark(watermark) {
        if (isBroken) throw new Error('a mistake');
        told.push(watermark);
      },
    }),
  });
  const { stop, task, committed, outcome } = await open(rig, [first, second]);
  await rig.append('from', 0, 'k', '1', 1_000);
  await rig.append('from', 0, null, null, 5_000);
  await rig.append('from', 0, 'k', '2', 6_000);
  await rig.pass(1_000);
  t.equal(outcome(), null);
  t.equal(await committed(), 3);
  t.same(
    (await rig.read('middle')).filter(({ key }) => key !== null).map(({ value }) => value),
    ['1', '2'],
  );
  t.equal((await rig.read('middle.dlq')).length, 2, 'its own records are letters');
  t.ok((task.status().stages.find(({ actor }) => actor === 'second')?.counts.timeNotTaken ?? 0) > 0);
  isBroken = false;
  await rig.append('from', 0, null, null, 9_000);
  await rig.pass(1_000);
  t.same(told, [9_000], 'once it is mended, time goes on');
  await stop();
});
