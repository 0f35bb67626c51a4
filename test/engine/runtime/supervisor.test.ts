/** The supervisor with threads of paper: each does what the test tells it to, and no more. */
import t from 'tap';
import { defineActor, type EngineEvents, planTopology, rawCodec, topic } from '../../../engine/index.ts';
import {
  type FromWorker,
  SUPERVISOR_OPTIONS,
  type ThreadEnd,
  type ToWorker,
  WorkerPosition,
} from '../../../engine/runtime/index.ts';
import { Supervisor } from '../../../engine/runtime/supervisor.ts';
import { Rig } from './rig.ts';

class PaperThread {
  readonly got: ToWorker[] = [];
  readonly position: WorkerPosition;
  readonly startedMs: number;
  isTerminated = false;
  #handle: (message: FromWorker) => void = () => {};
  #handleEnd: (end: ThreadEnd) => void = () => {};

  constructor(memory: SharedArrayBuffer, startedMs: number) {
    this.position = new WorkerPosition(memory);
    this.startedMs = startedMs;
  }

  post(message: ToWorker): void {
    this.got.push(message);
  }

  onMessage(handle: (message: FromWorker) => void): void {
    this.#handle = handle;
  }

  onEnd(handle: (end: ThreadEnd) => void): void {
    this.#handleEnd = handle;
  }

  async terminate(): Promise<void> {
    this.isTerminated = true;
    this.#handleEnd({ kind: 'ended' });
  }

  says(message: FromWorker): void {
    this.#handle(message);
  }

  ends(end: ThreadEnd): void {
    this.#handleEnd(end);
  }

  assigned(subtopology: string) {
    return this.got.flatMap((message) =>
      message.kind === 'assign' && message.subtopology === subtopology ? [message] : [],
    );
  }
}

async function start(workers = 1, partitions = 1, mine?: readonly number[]) {
  const rig = new Rig();
  const from = topic('from', rawCodec(), { external: true });
  const plan = planTopology({
    name: 'app',
    partitions,
    actors: [defineActor({ name: 'one', inputs: { from }, process: () => {} })],
  });
  await rig.run(rig.log.createTopics(plan.topics));
  const threads: PaperThread[] = [];
  const events: [string, unknown][] = [];
  const supervisor = new Supervisor({
    log: rig.log,
    plan,
    workers,
    ...(mine === undefined ? {} : { partitions: mine }),
    clock: rig.clock,
    options: { ...SUPERVISOR_OPTIONS, recordMsMax: 1000, restartMsMin: 100, restartMsMax: 1000 },
    emit: <Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]) => void events.push([name, event]),
    threads: {
      start(_name, { position }) {
        const thread = new PaperThread(position, rig.timeline.elapsedMs);
        threads.push(thread);
        return thread;
      },
    },
  });
  const started = supervisor.start();
  return { rig, plan, supervisor, threads, events, started };
}

async function running(workers = 1, partitions = 1, mine?: readonly number[]) {
  const all = await start(workers, partitions, mine);
  for (const thread of all.threads) thread.says({ kind: 'ready' });
  await all.rig.run(all.started);
  return all;
}

/** The thread that runs after `before` threads have run. */
async function next({ rig, threads }: Awaited<ReturnType<typeof start>>, before: number): Promise<PaperThread> {
  await rig.until(() => threads.length > before);
  const thread = threads[before]!;
  thread.says({ kind: 'ready' });
  await rig.until(() => thread.assigned('one').length > 0);
  return thread;
}

t.test('partitions are shared out whole, and each task has an owner of its own', async (t) => {
  const { threads, supervisor } = await running(2, 5);
  t.same(
    threads.map((thread) => thread.assigned('one').map(({ partition }) => partition)),
    [
      [0, 2, 4],
      [1, 3],
    ],
  );
  const slots = threads.flatMap((thread) => thread.assigned('one').map(({ slot }) => slot));
  t.equal(new Set(slots).size, 5);
  t.notOk(slots.includes(0), 'slot 0 says idle');
  t.same(threads[0]?.assigned('one')[0]?.ownership, { owner: 'one-0', epoch: 1 });
  t.same(
    supervisor.workers().map(({ state }) => state),
    ['running', 'running'],
  );
});

t.test('a record that ends two threads is condemned, and named with its cause', async (t) => {
  const all = await running();
  let thread = all.threads[0]!;
  for (let ended = 1; ended <= 2; ended++) {
    t.same(thread.assigned('one')[0]?.condemned, [], 'not yet');
    thread.position.enter(1, 0, 42);
    thread.ends({ kind: 'heap' });
    thread = await next(all, ended);
  }
  t.same(thread.assigned('one')[0]?.condemned, [{ source: 0, offset: 42, attempts: 2, code: 'RECORD_KILLED_WORKER' }]);
  t.equal(thread.assigned('one')[0]?.ownership.epoch, 3, 'each takes the task over from the one before');
});

t.test('records that are handled in one loop are never condemned together, but then come one by one', async (t) => {
  const all = await running();
  let thread = all.threads[0]!;
  for (let ended = 1; ended <= 3; ended++) {
    thread.position.enter(1, 0, 42);
    thread.position.spread(10);
    thread.ends({ kind: 'heap' });
    thread = await next(all, ended);
    t.same(thread.assigned('one')[0]?.condemned, []);
    t.match(thread.assigned('one')[0]?.doubtful, [{ source: 0, from: 42, to: 52 }]);
  }
  const { ownership } = thread.assigned('one')[0]!;
  for (const [id, offset] of [51, 52].entries()) {
    const offsets = [{ group: 'app.one', topic: 'from', partition: 0, offset }];
    thread.says({ kind: 'commit', id, transaction: { ownership, offsets }, wantsMemory: false });
    await all.rig.until(() => thread.got.filter(({ kind }) => kind === 'committed').length === id + 1);
    if (offset === 52) break;
  }
  thread.ends({ kind: 'heap' });
  thread = await next(all, 4);
  t.same(thread.assigned('one')[0]?.doubtful, [], 'until all of them are committed');
});

t.test('two records that end one thread each are both tried again', async (t) => {
  const all = await running();
  let thread = all.threads[0]!;
  for (const [i, offset] of [7, 8].entries()) {
    thread.position.enter(1, 0, offset);
    thread.ends({ kind: 'failed', message: 'x' });
    thread = await next(all, i + 1);
  }
  t.same(thread.assigned('one')[0]?.condemned, []);
});

t.test('what was committed past is no suspect any more', async (t) => {
  const all = await running();
  let thread = all.threads[0]!;
  thread.position.enter(1, 0, 42);
  thread.ends({ kind: 'heap' });
  thread = await next(all, 1);
  const { ownership } = thread.assigned('one')[0]!;
  const offsets = [{ group: 'app.one', topic: 'from', partition: 0, offset: 43 }];
  thread.says({ kind: 'commit', id: 1, transaction: { ownership, offsets }, wantsMemory: false });
  await all.rig.until(() => thread.got.some(({ kind }) => kind === 'committed'));
  thread.position.enter(1, 0, 42);
  thread.ends({ kind: 'heap' });
  thread = await next(all, 2);
  t.same(thread.assigned('one')[0]?.condemned, []);
});

t.test('a record that does not end is taken for hung: its thread is ended, and twice condemns it', async (t) => {
  const all = await running();
  let thread = all.threads[0]!;
  for (let ended = 1; ended <= 2; ended++) {
    thread.position.enter(1, 0, 9);
    const since = all.rig.timeline.elapsedMs;
    await all.rig.until(() => thread.isTerminated);
    const waited = all.rig.timeline.elapsedMs - since;
    t.ok(waited >= 1000 && waited <= 2000, `after ${waited} ms`);
    thread = await next(all, ended);
  }
  t.match(thread.assigned('one')[0]?.condemned, [{ offset: 9, attempts: 2, code: 'RECORD_HUNG' }]);
});

t.test('a worker that is idle, or that goes from record to record, is never taken for hung', async (t) => {
  const { rig, threads } = await running();
  await rig.pass(10_000);
  for (let offset = 0; offset < 40; offset++) {
    threads[0]?.position.enter(1, 0, offset);
    await rig.pass(400);
  }
  t.equal(threads[0]?.isTerminated, false);
});

t.test('a process that was stopped in the middle of a record, and goes on, does not take it for hung', async (t) => {
  const { rig, threads } = await running();
  threads[0]?.position.enter(1, 0, 9);
  await rig.pass(300);
  rig.life.freeze(rig.timeline, 60_000);
  await rig.pass(60_500);
  t.equal(threads[0]?.isTerminated, false);
  const since = rig.timeline.elapsedMs;
  await rig.until(() => threads[0]?.isTerminated === true);
  t.ok(rig.timeline.elapsedMs - since <= 2000, 'but one that hangs from then on is');
});

t.test('restarts come later and later, up to a limit, and soon again after a quiet time', async (t) => {
  const all = await running();
  const gaps: number[] = [];
  for (let ended = 1; ended <= 6; ended++) {
    const since = all.rig.timeline.elapsedMs;
    all.threads.at(-1)!.ends({ kind: 'failed', message: 'again' });
    const thread = await next(all, ended);
    gaps.push(Math.round(thread.startedMs - since));
  }
  t.same(gaps, [100, 200, 400, 800, 1000, 1000]);
  const worker = { heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0, commitsInFlight: 0 };
  const nothing = { bounds: [], cumulative: [0], sum: 0 };
  all.threads.at(-1)!.says({
    kind: 'report',
    worker: { ...worker, batchRecords: nothing, processingMs: nothing },
    tasks: [
      {
        ...{ task: 'one-0', subtopology: 'one', partition: 0, state: 'running', pausedBecause: null },
        ...{ inputs: [], stages: [], transactions: 3, stateBytes: 0, watermark: null },
      },
    ],
  });
  const since = all.rig.timeline.elapsedMs;
  all.threads.at(-1)!.ends({ kind: 'heap' });
  const thread = await next(all, 7);
  t.equal(Math.round(thread.startedMs - since), 100);
  t.match(all.supervisor.workers(), [{ restarts: 7, state: 'running' }]);
});

t.test('a task that fails waits, and is handed out again under a new ownership', async (t) => {
  const { rig, threads, supervisor, events } = await running();
  const thread = threads[0]!;
  thread.says({ kind: 'task-failed', slot: 1, error: { code: 'QUOTA_EXCEEDED', message: 'full' } });
  t.match(supervisor.tasks(), [{ state: 'paused', pausedBecause: 'QUOTA_EXCEEDED: full', worker: null }]);
  await rig.until(() => thread.assigned('one').length === 2);
  t.equal(thread.assigned('one')[1]?.ownership.epoch, 2);
  t.match(supervisor.tasks(), [{ pausedBecause: null }]);
  t.ok(events.some(([name]) => name === 'taskPaused'));
});

t.test('what a replaced thread still says is not heard', async (t) => {
  const all = await running();
  const [first] = all.threads;
  const { ownership } = first!.assigned('one')[0]!;
  first!.ends({ kind: 'failed', message: 'gone' });
  await next(all, 1);
  const offsets = [{ group: 'app.one', topic: 'from', partition: 0, offset: 1 }];
  first!.says({ kind: 'commit', id: 1, transaction: { ownership, offsets }, wantsMemory: false });
  first!.says({ kind: 'task-failed', slot: 1, error: { code: 'FENCED', message: '' } });
  await all.rig.pass(5_000);
  t.same(await all.rig.reader.committed('app.one', 'from'), [null]);
  t.equal(all.threads.length, 2);
  t.notOk(first!.got.some(({ kind }) => kind === 'committed'));
});

t.test('draining waits for each worker to say that it is done, commits meanwhile included', async (t) => {
  const { rig, threads, supervisor } = await running(2, 2);
  const drained = supervisor.drain();
  t.ok(threads.every((thread) => thread.got.at(-1)?.kind === 'drain'));
  const [first, second] = threads as [PaperThread, PaperThread];
  const { ownership } = first.assigned('one')[0]!;
  const offsets = [{ group: 'app.one', topic: 'from', partition: 0, offset: 5 }];
  first.says({ kind: 'commit', id: 1, transaction: { ownership, offsets }, wantsMemory: false });
  await rig.until(() => first.got.some(({ kind }) => kind === 'committed'));
  first.says({ kind: 'drained' });
  second.says({ kind: 'drained' });
  await rig.run(drained);
  t.ok(threads.every(({ isTerminated }) => isTerminated));
  t.same(await rig.reader.committed('app.one', 'from'), [5, null]);
});

t.test('draining ends also when a worker dies meanwhile, hangs, or is between two lives', async (t) => {
  const { rig, threads, supervisor } = await running(3, 3);
  const [dying, hanging, restarting] = threads as [PaperThread, PaperThread, PaperThread];
  restarting.ends({ kind: 'heap' });
  hanging.position.enter(hanging.assigned('one')[0]!.slot, 0, 3);
  const drained = supervisor.drain();
  dying.ends({ kind: 'failed', message: 'now of all times' });
  await rig.run(drained);
  t.equal(hanging.isTerminated, true);
  await rig.pass(20_000);
  t.equal(threads.length, 3, 'nobody is started again');
});

const partitionsOf = (thread: PaperThread) => thread.assigned('one').map(({ partition }) => partition);
const releases = (thread: PaperThread) => thread.got.filter(({ kind }) => kind === 'release');
const report = (task: string) => ({
  kind: 'report' as const,
  worker: {
    ...{ heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0, commitsInFlight: 0 },
    batchRecords: { bounds: [], cumulative: [0], sum: 0 },
    processingMs: { bounds: [], cumulative: [0], sum: 0 },
  },
  tasks: [
    {
      ...{ task, subtopology: 'one', partition: 0, state: 'running' as const, pausedBecause: null },
      ...{ inputs: [], stages: [], transactions: 3, stateBytes: 7, watermark: null },
    },
  ],
});

/** Whether it has resolved, without waiting for it. */
function watched(promise: Promise<void>): () => boolean {
  let isDone = false;
  void promise.then(() => {
    isDone = true;
  });
  return () => isDone;
}

t.test('where partitions are shared with others, nothing is worked on before it is said', async (t) => {
  const { rig, threads, supervisor } = await running(2, 4, []);
  await rig.pass(5_000);
  t.same(threads.map(partitionsOf), [[], []]);
  t.same(
    supervisor.tasks().map(({ state, worker }) => [state, worker]),
    Array(4).fill(['elsewhere', null]),
  );
  await rig.run(supervisor.setPartitions([1, 2, 3]));
  await rig.run(supervisor.running());
  t.same(threads.map(partitionsOf), [[1, 3], [2]]);
  t.same(
    supervisor.tasks().map(({ state }) => state),
    ['elsewhere', 'restoring', 'restoring', 'restoring'],
  );
  t.same(
    [0, 1].map((partition) => supervisor.isHere(partition)),
    [false, true],
  );
});

t.test('the partition in which most has piled up has a worker to itself as far as numbers allow', async (t) => {
  const { rig, threads, supervisor } = await running(2, 4, []);
  const backlog = new Map([0, 10, 100, 10].entries());
  await rig.run(supervisor.setPartitions([0, 1, 2, 3], backlog));
  await rig.run(supervisor.running());
  t.same(threads.map(partitionsOf).map(String), ['0,2', '1,3']);
});

t.test('a partition is given up when its tasks have said so, and what they commit until then counts', async (t) => {
  const { rig, threads, supervisor } = await running(1, 2);
  const thread = threads[0]!;
  thread.says(report('one-0'));
  const isDone = watched(supervisor.setPartitions([1]));
  t.same(releases(thread), [{ kind: 'release', slot: 1, isLost: false }]);
  const { ownership } = thread.assigned('one')[0]!;
  const offsets = [{ group: 'app.one', topic: 'from', partition: 0, offset: 5 }];
  thread.says({ kind: 'commit', id: 1, transaction: { ownership, offsets }, wantsMemory: false });
  await rig.until(() => thread.got.some(({ kind }) => kind === 'committed'));
  await rig.pass(5_000);
  t.equal(isDone(), false);
  t.match(supervisor.tasks(), [{ state: 'running' }, {}], 'until then it runs here');
  thread.says({ kind: 'released', slot: 1 });
  await rig.pass(1);
  t.equal(isDone(), true);
  t.match(supervisor.tasks(), [{ state: 'elsewhere', worker: null, stateBytes: 0 }, { state: 'restoring' }]);
  t.same(await rig.reader.committed('app.one', 'from'), [5, null]);
  await rig.pass(5_000);
  t.equal(thread.assigned('one').length, 2, 'nobody has it assigned again');
});

t.test('a task that fails while it is to end has ended', async (t) => {
  const { rig, threads, supervisor } = await running(1, 2);
  const isDone = watched(supervisor.setPartitions([1]));
  threads[0]!.says({ kind: 'task-failed', slot: 1, error: { code: 'FENCED', message: '' } });
  await rig.pass(5_000);
  t.equal(isDone(), true);
  t.equal(threads[0]!.assigned('one').length, 2);
});

t.test('a partition whose task waits to be tried again is given up at once', async (t) => {
  const { rig, threads, supervisor } = await running(1, 2);
  threads[0]!.says({ kind: 'task-failed', slot: 1, error: { code: 'QUOTA_EXCEEDED', message: 'full' } });
  await rig.run(supervisor.setPartitions([1]));
  t.same(releases(threads[0]!), []);
  await rig.pass(5_000);
  t.equal(threads[0]!.assigned('one').length, 2);
  t.match(supervisor.tasks(), [{ state: 'elsewhere', pausedBecause: null }, {}]);
});

t.test('a worker that dies meanwhile has given up what it was to give up, and goes on with the rest', async (t) => {
  const all = await running(1, 2);
  const isDone = watched(all.supervisor.setPartitions([1]));
  all.threads[0]!.ends({ kind: 'heap' });
  await all.rig.pass(1);
  t.equal(isDone(), true);
  const thread = await next(all, 1);
  await all.rig.pass(1);
  t.same(partitionsOf(thread), [1]);
});

t.test('a record that hangs does not hold a partition for ever', async (t) => {
  const all = await running(1, 2);
  all.threads[0]!.position.enter(1, 0, 9);
  await all.rig.run(all.supervisor.setPartitions([1]));
  t.equal(all.threads[0]!.isTerminated, true);
});

t.test('a change of mind waits for the end of what was told to end, and takes it over anew', async (t) => {
  const { rig, threads, supervisor } = await running(1, 1);
  const thread = threads[0]!;
  const isDone = watched(supervisor.setPartitions([]));
  await rig.run(supervisor.setPartitions([0]));
  await rig.pass(1_000);
  t.equal(isDone(), true, 'what is kept need not be waited for');
  t.equal(thread.assigned('one').length, 1);
  thread.says({ kind: 'released', slot: 1 });
  await rig.run(supervisor.running());
  t.equal(thread.assigned('one')[1]?.ownership.epoch, 2);
});

t.test(
  'an ownership that arrives too late is not used, and until it is there the partition is not given up',
  async (t) => {
    const { rig, threads, supervisor } = await running(1, 1, []);
    await supervisor.setPartitions([0]);
    const isDone = watched(supervisor.setPartitions([]));
    t.equal(isDone(), false);
    await rig.pass(1_000);
    t.equal(isDone(), true);
    t.same(partitionsOf(threads[0]!), []);
  },
);

t.test('a partition moves to a worker that has nothing when it has ended with the other', async (t) => {
  const { rig, threads, supervisor } = await running(2, 4);
  const [first, second] = threads as [PaperThread, PaperThread];
  const given = supervisor.setPartitions([0, 2]);
  t.match(releases(first), [{ slot: 3 }], 'one of two that stay');
  t.match(releases(second), [{ slot: 2 }, { slot: 4 }]);
  for (const slot of [2, 4]) second.says({ kind: 'released', slot });
  await rig.run(given);
  t.same(partitionsOf(second), [1, 3], 'not before it has ended there');
  first.says({ kind: 'released', slot: 3 });
  await rig.run(supervisor.running());
  t.same(partitionsOf(second), [1, 3, 2]);
  t.equal(second.assigned('one')[2]?.ownership.epoch, 2);
});

t.test('what is lost is dropped without a commit, and who waited for it waits no longer', async (t) => {
  const { rig, threads, supervisor } = await running(1, 2);
  const thread = threads[0]!;
  const given = supervisor.setPartitions([1]);
  supervisor.losePartitions();
  await rig.run(given);
  t.match(releases(thread), [
    { slot: 1, isLost: false },
    { slot: 1, isLost: true },
    { slot: 2, isLost: true },
  ]);
  await rig.run(supervisor.setPartitions([0]));
  await rig.pass(1_000);
  t.equal(thread.assigned('one').length, 2, 'the old one is still there');
  thread.says({ kind: 'released', slot: 1 });
  thread.says({ kind: 'released', slot: 2 });
  await rig.run(supervisor.running());
  t.same(partitionsOf(thread), [0, 1, 0]);
});

t.test('while it drains nothing new begins, and what is to be given up is given up with the last commit', async (t) => {
  const { rig, threads, supervisor } = await running(1, 2);
  const thread = threads[0]!;
  const before = watched(supervisor.setPartitions([1]));
  const drained = supervisor.drain();
  const meanwhile = watched(supervisor.setPartitions([]));
  supervisor.losePartitions();
  thread.says({ kind: 'released', slot: 1 });
  thread.says({ kind: 'released', slot: 2 });
  await rig.pass(100);
  t.equal(before() || meanwhile(), false);
  thread.says({ kind: 'drained' });
  await rig.run(drained);
  await rig.pass(1);
  t.equal(before() && meanwhile(), true);
  await rig.run(supervisor.setPartitions([0, 1]));
  t.equal(thread.assigned('one').length, 2);
});
