/**
 * A process of its own: interactions in an embedded log on disk, the whole engine with one worker, and how far the committed
 * offsets had come, and when. What it wrote is looked at before it ends. Its task is JSON in the first argument.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  BatchCursor,
  type LogReader,
  openEmbeddedLog,
  planTopology,
  realThreads,
  schemasOf,
  startEngine,
  systemClock,
  TASK_OPTIONS,
  type WorkerShared,
} from '../../engine/index.ts';
import { isPairScore, reputationTopics, TRUST_INTERACTIONS, TRUST_SCORES } from '../../schemas/topics/index.ts';
import { interactionChunks } from './trust-interactions.ts';
import { PER_SECOND, trustTopology } from './trust-topology.ts';

export interface TrustConsumeTask {
  readonly folder: string;
  readonly pairs: number;
  /** Behind one of each pair. */
  readonly interactions: number;
}

export interface TrustConsumed {
  readonly perSecond: number;
  /** Nanoseconds of all threads' processor time, for each. */
  readonly processorNs: number;
  /** Records in trust.scores for each interaction that was measured. */
  readonly scoresEach: number;
  /** Interactions that the newest scores of all providers tell of. */
  readonly told: number;
}

const SAMPLE_MS = 20;

const { folder, pairs, interactions } = JSON.parse(process.argv[2]!) as TrustConsumeTask;
const options = { isTold: true };
const definition = trustTopology(options);
const plan = planTopology(definition);
const ids = new Map(schemasOf(definition).map(({ subject }, i) => [subject, i + 1]));
const log = await openEmbeddedLog(folder);
await log.createTopics(plan.topics);
const schemaId = ids.get(`${TRUST_INTERACTIONS}-value`)!;
const startMs = Date.UTC(2026, 0, 1);
const all = { pairs, interactions, seed: 1, startMs, perSecond: PER_SECOND, schemaId };
for (const { bytes } of interactionChunks(all))
  await log.commit({ appends: [{ topic: TRUST_INTERACTIONS, partition: 0, bytes }] });
const shared: WorkerShared = {
  topologyModule: new URL('./trust-topology.ts', import.meta.url).href,
  config: options,
  schemaIds: [...ids],
  log: log.readerDescriptor(),
  options: TASK_OPTIONS,
  reportIntervalMs: 1_000,
};
const engine = await startEngine({
  log,
  plan,
  threads: realThreads({
    entry: new URL('../../engine/runtime/worker-main.ts', import.meta.url),
    shared,
    heapMegabytesMax: 512,
  }),
  workers: 1,
  clock: systemClock,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
  },
  idleTicks: { everyMs: 2 ** 30, ticksMax: 0 },
  logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
});
const reader = log.openReader();
const [subtopology] = plan.subtopologies;
const end = pairs + interactions;
/** Committed offset, time, processor time in milliseconds, scores written. */
const samples: (readonly [number, number, number, number])[] = [];
for (;;) {
  const [committed] = await reader.committed(subtopology!.group, TRUST_INTERACTIONS);
  const { user, system } = process.cpuUsage();
  const scores = await reader.bounds(TRUST_SCORES, 0);
  samples.push([committed ?? 0, performance.now(), (user + system) / 1000, scores.end]);
  if ((committed ?? 0) >= end) break;
  await pause(SAMPLE_MS);
}
const from = samples.find(([offset]) => offset >= pairs)!;
const to = samples.at(-1)!;
const records = to[0] - from[0];
const consumed: TrustConsumed = {
  perSecond: (records * 1000) / (to[1] - from[1]),
  processorNs: ((to[2] - from[2]) * 1e6) / records,
  scoresEach: (to[3] - from[3]) / records,
  told: await toldOf(reader),
};
await reader.close();
await engine.drain();
await log.close();
console.log(JSON.stringify(consumed));

async function toldOf(log: LogReader): Promise<number> {
  const { scores } = reputationTopics();
  scores.codec.bindSchemaIds?.(ids);
  const newest = new Map<string, number>();
  const cursor = new BatchCursor();
  const { start, end } = await log.bounds(TRUST_SCORES, 0);
  for (let offset = start; offset < end; offset = cursor.offsetNext) {
    const fetched = await log.fetch(TRUST_SCORES, 0, offset, 1024 * 1024);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      const key = Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)).toString();
      // Of a pair the key has three names.
      if (key.split(' ').length !== 2) continue;
      const score = scores.codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd);
      if ('trustee' in score && !isPairScore(score)) newest.set(key, score.interactions);
    }
  }
  return [...newest.values()].reduce((sum, count) => sum + count, 0);
}
