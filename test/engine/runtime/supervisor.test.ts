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

async function start(workers = 1, partitions = 1) {
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

async function running(workers = 1, partitions = 1) {
  const all = await start(workers, partitions);
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
  thread.says({ kind: 'commit', id: 1, transaction: { ownership, offsets } });
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
  first!.says({ kind: 'commit', id: 1, transaction: { ownership, offsets } });
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
  first.says({ kind: 'commit', id: 1, transaction: { ownership, offsets } });
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
