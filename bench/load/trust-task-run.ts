/**
 * The trust actor in one task on this thread, over batches in memory, commits answered at once: no log and no other threads.
 * What is measured comes after every pair was made, each with an interaction of its own.
 */
import { trustActor } from '../../actors/trust/index.ts';
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
import { reputationTopics, TRUST_INTERACTIONS } from '../../schemas/topics/index.ts';
import { type InteractionChunk, interactionChunks } from './trust-interactions.ts';

export interface TrustRunOptions {
  readonly pairs: number;
  readonly interactions: number;
  /** Whether scores are written. */
  readonly isTold: boolean;
}

export interface TrustRun {
  readonly pairs: number;
  readonly perSecond: number;
  /** Of this thread's processor time. */
  readonly perProcessorSecond: number;
  /** Nanoseconds of this thread's processor time an interaction, for each fetch. */
  readonly stretches: readonly number[];
  /** Of everything that the process holds for pairs and parties: state, keys, numbers of names. */
  readonly stateBytesPerPair: number;
}

const PER_SECOND = 20_000;
const HORIZON_MS = 10_000;

export async function runTrustTask({ pairs, interactions, isTold }: TrustRunOptions): Promise<TrustRun> {
  const topics = reputationTopics();
  const definition = {
    name: 'bench',
    partitions: 1,
    actors: [
      trustActor(topics, {
        services: ['temperature'],
        smallHalfLifeMs: 3_600_000,
        bigHalfLifeMs: 86_400_000,
        horizonMs: HORIZON_MS,
        aheadMs: 60_000,
        idsMax: 1_000_000,
        isTold,
      }),
    ],
  };
  const plan = planTopology(definition);
  const ids = new Map(schemasOf(definition).map(({ subject }, i) => [subject, i + 1]));
  bindSchemaIds(definition, ids);
  const startMs = Date.UTC(2026, 0, 1);
  const schemaId = ids.get(`${TRUST_INTERACTIONS}-value`)!;
  const chunks: InteractionChunk[] = [
    ...interactionChunks({ pairs, interactions, seed: 1, startMs, perSecond: PER_SECOND, schemaId }),
  ];
  const end = pairs + interactions;
  globalThis.gc?.();
  const memoryBefore = memory();
  let memoryAfter = memoryBefore;
  const stretches: [offset: number, ms: number, processorMs: number][] = [];
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  let at = 0;
  const cursor = new BatchCursor({ checkCrc: false });
  const nothing = { start: 0, end: 0 };
  const reader: LogReader = {
    fetch(topic, _partition, offset) {
      if (topic !== TRUST_INTERACTIONS)
        return Promise.resolve({ bytes: new Uint8Array(0), start: 0, end: 0, bounds: nothing });
      const { user, system } = process.threadCpuUsage();
      stretches.push([offset, performance.now(), (user + system) / 1000]);
      if (offset === end) {
        memoryAfter = memory();
        finished();
      }
      while (at < chunks.length && chunks[at]!.end <= offset) at++;
      const bounds = { start: 0, end };
      const chunk = chunks[at];
      if (chunk === undefined) return Promise.resolve({ bytes: new Uint8Array(0), start: 0, end: 0, bounds });
      cursor.reset(chunk.bytes);
      while (cursor.nextBatch() && cursor.lastOffset < offset) {}
      return Promise.resolve({ bytes: chunk.bytes, start: cursor.batchStart, end: chunk.bytes.length, bounds });
    },
    bounds: (topic) => Promise.resolve(topic === TRUST_INTERACTIONS ? { start: 0, end } : nothing),
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
  const worker = new Worker(port, {
    plan,
    clock: systemClock,
    random: systemRandom,
    position: new WorkerPosition(),
    options: TASK_OPTIONS,
    reportIntervalMs: 60_000,
    openReader: () => reader,
    health: () => ({ heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0 }),
  });
  worker.start();
  const ownership = { owner: 'bench', epoch: 1 };
  const [subtopology] = plan.subtopologies;
  send({
    kind: 'assign',
    slot: 1,
    subtopology: subtopology!.name,
    partition: 0,
    ownership,
    condemned: [],
    doubtful: [],
  });
  await done;
  const measured = stretches.filter(([offset]) => offset >= pairs);
  const costs = measured
    .slice(1)
    .map(([offset, , ms], i) => ((ms - measured[i]![2]) * 1e6) / (offset - measured[i]![0]))
    .filter(Number.isFinite);
  const [from, to] = [measured[0]!, measured.at(-1)!];
  return {
    pairs,
    perSecond: ((to[0] - from[0]) * 1000) / (to[1] - from[1]),
    perProcessorSecond: ((to[0] - from[0]) * 1000) / (to[2] - from[2]),
    stretches: costs,
    stateBytesPerPair: (memoryAfter - memoryBefore) / pairs,
  };
}

/** Of arrays and of objects. */
function memory(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
