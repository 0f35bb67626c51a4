/**
 * A process of its own: the trust actor in one task on this thread, over batches in memory, no log and no other threads.
 * What is measured comes after every pair was made. Prints what an interaction takes. Its task is JSON in the first argument.
 */
import {
  BatchCursor,
  bindSchemaIds,
  type FromWorker,
  type LogReader,
  planTopology,
  schemasOf,
  systemClock,
  systemRandom,
  TASK_OPTIONS,
  type ToWorker,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';
import { TRUST_INTERACTIONS } from '../../schemas/topics/index.ts';
import { interactionChunks } from './trust-interactions.ts';
import { PER_SECOND, trustTopology } from './trust-topology.ts';

export interface TrustUpdateTask {
  readonly pairs: number;
  /** Behind one of each pair. */
  readonly interactions: number;
  /** Whether commits are made, each with its part of the changelog; false: there are none while it is measured. */
  readonly isCommitted: boolean;
}

export interface TrustUpdate {
  readonly perSecond: number;
  /** Nanoseconds of this thread's processor time, for each. */
  readonly processorNs: number;
  /** What memory has grown by since the batches were made, all garbage gone. */
  readonly bytes: number;
}

const NEVER_MS = 2 ** 30;

const { pairs, interactions, isCommitted } = JSON.parse(process.argv[2]!) as TrustUpdateTask;
const definition = trustTopology({ isTold: false });
const plan = planTopology(definition);
const ids = new Map(schemasOf(definition).map(({ subject }, i) => [subject, i + 1]));
bindSchemaIds(definition, ids);
const schemaId = ids.get(`${TRUST_INTERACTIONS}-value`)!;
const startMs = Date.UTC(2026, 0, 1);
const chunks = [...interactionChunks({ pairs, interactions, seed: 1, startMs, perSecond: PER_SECOND, schemaId })];
const end = pairs + interactions;
const memoryBefore = memory();
/** Offset, time, processor time in milliseconds, at each fetch. */
const samples: (readonly [number, number, number])[] = [];
await consumed();
const measured = samples.filter(([offset]) => offset >= pairs);
const [from, to] = [measured[0]!, measured.at(-1)!];
const update: TrustUpdate = {
  perSecond: ((to[0] - from[0]) * 1000) / (to[1] - from[1]),
  processorNs: ((to[2] - from[2]) * 1e6) / (to[0] - from[0]),
  bytes: memory() - memoryBefore,
};
console.log(JSON.stringify(update));
// The worker would go on waiting for interactions.
process.exit(0);

async function consumed(): Promise<void> {
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  let at = 0;
  const cursor = new BatchCursor({ checkCrc: false });
  const nothing = { start: 0, end: 0 };
  const bounds = { start: 0, end };
  const empty = { bytes: new Uint8Array(0), start: 0, end: 0 };
  const reader: LogReader = {
    fetch(topic, _partition, offset) {
      if (topic !== TRUST_INTERACTIONS) return Promise.resolve({ ...empty, bounds: nothing });
      const { user, system } = process.threadCpuUsage();
      samples.push([offset, performance.now(), (user + system) / 1000]);
      if (offset === end) finished();
      while (at < chunks.length && chunks[at]!.end <= offset) at++;
      const chunk = chunks[at];
      if (chunk === undefined) return Promise.resolve({ ...empty, bounds });
      cursor.reset(chunk.bytes);
      // As a log does: from the batch that holds the offset.
      while (cursor.nextBatch() && cursor.lastOffset < offset) {}
      return Promise.resolve({ bytes: chunk.bytes, start: cursor.batchStart, end: chunk.bytes.length, bounds });
    },
    bounds: (topic) => Promise.resolve(topic === TRUST_INTERACTIONS ? bounds : nothing),
    committed: () => Promise.resolve([null]),
    wait: () => new Promise((resolve) => setTimeout(() => resolve(false), 50)),
    close: () => Promise.resolve(),
  };
  let send: (message: ToWorker) => void = () => {};
  const port = {
    post(message: FromWorker) {
      if (message.kind !== 'commit') return;
      const { id, transaction } = message;
      const baseOffsets = (transaction.appends ?? []).map(() => 0);
      queueMicrotask(() => send({ kind: 'committed', id, committed: { baseOffsets } }));
    },
    onMessage(handle: (message: ToWorker) => void) {
      send = handle;
    },
  };
  const options = isCommitted
    ? TASK_OPTIONS
    : { ...TASK_OPTIONS, commitIntervalMs: NEVER_MS, commitIntervalBusyMs: NEVER_MS };
  const worker = new Worker(port, {
    ...{ plan, options, clock: systemClock, random: systemRandom, position: new WorkerPosition() },
    reportIntervalMs: 60_000,
    openReader: () => reader,
    health: () => ({ heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0 }),
  });
  worker.start();
  const ownership = { owner: 'bench', epoch: 1 };
  const task = { slot: 1, subtopology: plan.subtopologies[0]!.name, partition: 0, ownership };
  send({ kind: 'assign', ...task, condemned: [], doubtful: [] });
  await done;
}

/** Of arrays and of objects; started with --expose-gc. */
function memory(): number {
  globalThis.gc!();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
