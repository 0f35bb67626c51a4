/** One task of a topology over the rig's log, and what the tests of it share. */
import { seededRandom } from '../../../engine/base/index.ts';
import { BatchMemory } from '../../../engine/batch/index.ts';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  MsecError,
  planTopology,
  topic,
  values,
} from '../../../engine/index.ts';
import type { LogReader, Transaction } from '../../../engine/log/index.ts';
import { TASK_OPTIONS, Task, type TaskOptions, WorkerPosition } from '../../../engine/runtime/index.ts';
import type { Rig } from './rig.ts';

export const codec = jsonCodec<number>();
export const from = topic('from', codec, { external: true });
export const to = topic('to', codec);

export interface Given {
  /** Default the first of one. */
  readonly partition?: number;
  readonly partitions?: number;
  readonly condemned?: ConstructorParameters<typeof Task>[0]['condemned'];
  readonly doubtful?: ConstructorParameters<typeof Task>[0]['doubtful'];
  readonly options?: Partial<TaskOptions>;
  /** Of the thread. */
  readonly tasks?: number;
  readonly onCommit?: (transaction: Transaction) => Promise<void>;
  readonly reader?: (reader: LogReader) => LogReader;
  readonly openSnapshot?: ConstructorParameters<typeof Task>[0]['openSnapshot'];
}

/** A task of the actors' first subtopology. */
export async function open(rig: Rig, actors: readonly AnyActor[], given: Given = {}) {
  const { partition = 0, partitions = 1 } = given;
  const plan = planTopology({ name: 'app', partitions, actors });
  const [subtopology] = plan.subtopologies;
  if (subtopology === undefined) throw new Error('a plan has a subtopology');
  await rig.run(rig.log.createTopics(plan.topics));
  const ownership = await rig.run(rig.log.acquire(`${subtopology.name}-${partition}`));
  const position = new WorkerPosition();
  const commits: Transaction[] = [];
  const reader = rig.openReader();
  const task = new Task({
    ...{ plan, subtopology, partition, slot: 1, ownership, position },
    condemned: given.condemned ?? [],
    doubtful: given.doubtful ?? [],
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
    tasks: () => given.tasks ?? 1,
    memory: new BatchMemory(),
    ...(given.openSnapshot === undefined ? {} : { openSnapshot: given.openSnapshot }),
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
    committed: async (name = 'from') => (await rig.reader.committed(subtopology.group, name))[partition],
    async stop() {
      task.stop();
      await rig.run(ended);
    },
  };
}

export function handler(process: (value: number, emit: (value: number) => void) => void, name = 'one'): AnyActor {
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

export const input = (error: string) => new MsecError('VALUE_INVALID', error);
