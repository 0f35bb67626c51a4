/**
 * Tasks of the window actor that is compared with Kafka Streams, alone in a thread: batches from memory, commits answered
 * at once. What a frame costs the engine without a broker, in processor time.
 *   bin/node24 bench/micro/kafka-task-bench.ts [--devices 10000] [--millions 8] [--tasks 4] [--fetch 1]
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import {
  BatchEncoder,
  KAFKA_TASK_OPTIONS,
  partitionForKey,
  planTopology,
  rewriteBaseOffsets,
} from '../../engine/index.ts';
import { Fleet } from '../load/fleet.ts';
import { startLoneWorker } from '../load/lone-worker.ts';
import { type Chunk, memoryReader } from '../load/memory-log.ts';
import { Stretches } from '../load/stretches.ts';
import {
  BATCH_BYTES,
  FRAMES_TOPIC,
  framePayload,
  PARTITIONS,
  writeMeasures,
} from '../workloads/kafka-windows/frames.ts';
import { windowTopology } from '../workloads/kafka-windows/topology.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10000' },
    millions: { type: 'string', default: '8' },
    tasks: { type: 'string', default: '4' },
    fetch: { type: 'string', default: '1' },
  },
});
const FRAMES_PER_SECOND = 20_000;
const JITTER_MS = 2_000;
const STRETCH_FETCHES = 40;
const tasks = Number(values.tasks);
const fetchBytes = Number(values.fetch) * 1024 * 1024;

function fill(): Chunk[][] {
  const frames = Number(values.millions) * 1e6;
  const fleet = new Fleet({
    devices: Number(values.devices),
    seed: 1,
    framesPerSecond: FRAMES_PER_SECOND,
    startMs: 1.75e12,
  });
  const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
  const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, PARTITIONS));
  const payloads = fleet.imeis.map(framePayload);
  const encoders = Array.from({ length: tasks }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
  const partitions = encoders.map((): Chunk[] => []);
  const flush = (partition: number) => {
    const bytes = encoders[partition]!.finish();
    const chunks = partitions[partition]!;
    chunks.push({ bytes, end: rewriteBaseOffsets(bytes, chunks.at(-1)?.end ?? 0) });
  };
  for (let i = 0; i < frames; i++) {
    fleet.next();
    const { device } = fleet;
    const partition = partitionOf[device]!;
    if (partition >= tasks) continue;
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    const timestamp = Math.max(1.75e12, fleet.timestamp - ((Math.imul(i, 0x9e3779b1) >>> 8) % JITTER_MS));
    const encoder = encoders[partition]!;
    encoder.append(timestamp, keys[device]!, 0, keys[device]!.length, payload, 0, payload.length);
    if (encoder.byteLength > fetchBytes) flush(partition);
  }
  for (const [partition, { count }] of encoders.entries()) if (count > 0) flush(partition);
  return partitions;
}

const partitions = fill();
const total = partitions.reduce((sum, chunks) => sum + chunks.at(-1)!.end, 0);
const at = partitions.map(() => 0);
const stretches = new Stretches();
const { promise: done, resolve: finished } = Promise.withResolvers<void>();
const plan = planTopology(
  windowTopology({
    application: 'bench',
    partitions: PARTITIONS,
    input: FRAMES_TOPIC,
    output: 'told',
    windowMs: 60_000,
    graceMs: 10_000,
  }),
);
function onFetch(partition: number, offset: number): void {
  at[partition] = offset;
  const sum = at.reduce((all, one) => all + one, 0);
  stretches.mark(sum);
  if (sum === total) finished();
}
let appendedBytes = 0;
let gcMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs += duration;
}).observe({ entryTypes: ['gc'] });
startLoneWorker({
  ...{ plan, tasks, options: KAFKA_TASK_OPTIONS },
  openReader: () => memoryReader({ topic: FRAMES_TOPIC, partitions, onFetch }),
  onCommit: ({ appends = [] }) => {
    for (const { bytes } of appends) appendedBytes += bytes.length;
  },
});
await done;
console.log(`${total} frames, ${stretches.report(STRETCH_FETCHES)}`);
console.log(`gc ${gcMs.toFixed(0)} ms; appended ${(appendedBytes / 1e6).toFixed(0)} MB`);
// The worker would go on waiting for frames.
process.exit(0);
