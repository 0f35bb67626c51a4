/** Tasks that have much to do commit at the same moments: by their clock, and because the first of a thread calls the others. */
import t from 'tap';
import { pause } from '../../../engine/base/index.ts';
import type { LogReader, Transaction } from '../../../engine/log/index.ts';
import { Rig } from './rig.ts';
import { handler, open } from './task-rig.ts';

const STEP_MS = 200;
const RECORDS = 60;

interface Commit {
  readonly task: number;
  readonly atMs: number;
  readonly isInStep: boolean;
}

/** Two tasks that take a record every so many ms, each of them always behind. */
async function both(rig: Rig, everyMs: readonly [number, number], outputBytesMax: number, isTold = true) {
  const commits: Commit[] = [];
  const tasks: Awaited<ReturnType<typeof open>>[] = [];
  for (const partition of [0, 1]) {
    const slow = (reader: LogReader): LogReader => ({
      ...{ bounds: reader.bounds.bind(reader), committed: reader.committed.bind(reader) },
      ...{ wait: reader.wait.bind(reader), close: () => reader.close() },
      async fetch(topic, of, offset, bytesMax) {
        if (topic === 'from') await pause(rig.clock, everyMs[partition]!);
        return reader.fetch(topic, of, offset, bytesMax);
      },
    });
    const opened = await open(rig, [handler((n, emit) => emit(n))], {
      ...{ partition, partitions: 2, reader: slow },
      options: { fetchBytes: 1, outputBytesMax, commitIntervalMs: 25, commitIntervalBusyMs: STEP_MS },
      ...(isTold ? { commitOthers: () => tasks[1 - partition]?.task.commitInStep() } : {}),
      async onCommit({ isInStep = false }: Transaction) {
        commits.push({ task: partition, atMs: rig.clock.now(), isInStep });
      },
    });
    tasks.push(opened);
  }
  for (let n = 0; n < RECORDS; n++) for (const partition of [0, 1]) await rig.append('from', partition, 'k', `${n}`);
  await rig.until(() => commits.length > 0 && tasks.every(({ task }) => isDone(task)), 60_000);
  for (const task of tasks) await task.stop();
  for (const partition of [0, 1])
    t.same(
      (await rig.read('to', partition)).map(({ value }) => Number(value)),
      Array.from({ length: RECORDS }, (_, n) => n),
    );
  return commits;
}

function isDone(task: { status(): { inputs: readonly { topic: string; committed: number }[] } }): boolean {
  return task.status().inputs.some(({ topic, committed }) => topic === 'from' && committed === RECORDS);
}

const stepOf = ({ atMs }: Commit): number => Math.floor(atMs / STEP_MS);

t.test('each moment has one commit of each task, and both at once', async (t) => {
  const commits = (await both(new Rig(), [30, 70], 1 << 20)).filter(({ isInStep }) => isInStep);
  const lastOf = (task: number) => Math.max(...commits.filter((commit) => commit.task === task).map(stepOf));
  const end = Math.min(lastOf(0), lastOf(1));
  const byStep = [
    ...Map.groupBy(
      commits.filter((commit) => stepOf(commit) <= end),
      stepOf,
    ).values(),
  ];
  t.ok(byStep.length >= 6);
  for (const [one, other] of byStep) {
    t.same([one?.task, other?.task].toSorted(), [0, 1]);
    t.equal(one?.atMs, other?.atMs);
  }
  t.ok(byStep.every((ofStep) => ofStep.length === 2));
});

t.test('without a word of each other they still commit in the same step', async (t) => {
  const commits = (await both(new Rig(), [30, 70], 1 << 20, false)).filter(({ isInStep }) => isInStep);
  const byStep = [...Map.groupBy(commits, stepOf).values()];
  t.ok(byStep.some((ofStep) => new Set(ofStep.map(({ task }) => task)).size === 2));
  t.ok(byStep.every((ofStep) => new Set(ofStep.map(({ task }) => task)).size === ofStep.length));
});

t.test(
  'what is committed because there is no more room is not in step, nor does it commit for the time as well',
  async (t) => {
    const commits = await both(new Rig(), [30, 30], 8);
    t.ok(commits.length > 10);
    t.same(
      commits.slice(4).filter(({ isInStep }) => isInStep),
      [],
    );
  },
);
