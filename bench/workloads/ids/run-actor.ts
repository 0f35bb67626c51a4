/**
 * `run-actor.ts TASK`: a capture as batches in a log on disk, the whole engine with one worker, and how far the committed offset
 * had come, and when; prints what it took as JSON. The task is JSON.
 */
import { createReadStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { CaptureReader } from '../../../actors/detect/index.ts';
import {
  BatchEncoder,
  openEmbeddedLog,
  planTopology,
  realThreads,
  startEngine,
  systemClock,
  TASK_OPTIONS,
  type WorkerShared,
} from '../../../engine/index.ts';
import { PacketBatchWriter } from '../../../schemas/network/index.ts';
import { IDS_ALERTS, NETWORK_PACKETS } from '../../../schemas/topics/index.ts';
import { actorTopology } from './actor-topology.ts';

export interface ActorTask {
  readonly capture: string;
  readonly rules: string;
  readonly folder: string;
  /** Packets that are not counted. */
  readonly warmUp: number;
}

export interface ActorRun {
  readonly packetsPerSecond: number;
  readonly alerts: number;
}

const READ_BYTES = 1024 * 1024;
const SAMPLE_MS = 20;
const HEAP_MEGABYTES = 1024;
const KEY = new TextEncoder().encode('city');

const { capture, rules, folder, warmUp } = JSON.parse(process.argv[2]!) as ActorTask;
const options = { rules };
const plan = planTopology(actorTopology(options));
const log = await openEmbeddedLog(folder);
await log.createTopics(plan.topics);
/** Packets up to and with each record. */
const counts: number[] = [];
const writer = new PacketBatchWriter({ high: 1, low: 1 });
let packets = 0;
async function write(): Promise<void> {
  const value = writer.finish(counts.length + 1, 0, 0);
  counts.push(packets);
  const encoder = new BatchEncoder();
  encoder.append(Date.now(), KEY, 0, KEY.length, value, 0, value.length);
  await log.commit({ appends: [{ topic: NETWORK_PACKETS, partition: 0, bytes: encoder.finish() }] });
}
const captured = new CaptureReader();
for await (const piece of createReadStream(capture, { highWaterMark: READ_BYTES })) {
  captured.push(piece as Buffer);
  while (captured.next()) {
    const { bytes, start, end, wireLength, linkType, timeUs } = captured.packet;
    if (!writer.add(bytes, start, end, wireLength, linkType, timeUs)) {
      await write();
      writer.add(bytes, start, end, wireLength, linkType, timeUs);
    }
    packets += 1;
  }
}
await write();
const shared: WorkerShared = {
  topologyModule: new URL('./actor-topology.ts', import.meta.url).href,
  config: options,
  schemaIds: [],
  log: log.readerDescriptor(),
  options: TASK_OPTIONS,
  reportIntervalMs: 1_000,
};
const engine = await startEngine({
  log,
  plan,
  threads: realThreads({
    entry: new URL('../../../engine/runtime/worker-main.ts', import.meta.url),
    shared,
    heapMegabytesMax: HEAP_MEGABYTES,
  }),
  workers: 1,
  clock: systemClock,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') process.stderr.write(`${name} ${JSON.stringify(event)}\n`);
  },
  idleTicks: { everyMs: 2 ** 30, ticksMax: 0 },
  logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
});
const reader = log.openReader();
const { group } = plan.subtopologies[0]!;
/** Packets that are committed, and when that was seen. */
const samples: (readonly [number, number])[] = [];
for (let done = 0; done < packets; ) {
  await pause(SAMPLE_MS);
  const [committed] = await reader.committed(group, NETWORK_PACKETS);
  done = counts[(committed ?? 0) - 1] ?? 0;
  samples.push([done, performance.now()]);
}
const from = samples.find(([count]) => count >= warmUp)!;
const to = samples.at(-1)!;
const { start, end } = await reader.bounds(IDS_ALERTS, 0);
await reader.close();
await engine.drain();
await log.close();
const run: ActorRun = { packetsPerSecond: ((to[0] - from[0]) * 1000) / (to[1] - from[1]), alerts: end - start };
process.stdout.write(JSON.stringify(run));
