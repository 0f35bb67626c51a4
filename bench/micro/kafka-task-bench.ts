/**
 * Tasks of the window actor that is compared with Kafka Streams, alone in a thread: batches from memory, commits answered
 * at once. What a frame costs the engine without a broker, in processor time. The least of many short stretches is what
 * a busy machine cannot blur.
 *   bin/node24 bench/micro/kafka-task-bench.ts [--devices 10000] [--millions 8] [--tasks 4] [--heap]
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { BatchHeads } from '../../engine/batch/index.ts';
import {
  BatchEncoder,
  type FromWorker,
  KAFKA_TASK_OPTIONS,
  type LogReader,
  partitionForKey,
  planTopology,
  systemClock,
  systemRandom,
  type ToWorker,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';
import { Fleet } from '../load/fleet.ts';
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
const NOTHING = new Uint8Array(0);
const tasks = Number(values.tasks);
const fetchBytes = Number(values.fetch) * 1024 * 1024;

interface Filled {
  readonly bytes: Uint8Array;
  /** Of each batch: its first offset and where it lies. */
  readonly offsets: number[];
  readonly places: number[];
  end: number;
}

function fill(): Filled[] {
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
  const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
  for (let i = 0; i < frames; i++) {
    fleet.next();
    const { device } = fleet;
    const partition = partitionOf[device]!;
    if (partition >= tasks) continue;
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    const timestamp = Math.max(1.75e12, fleet.timestamp - ((Math.imul(i, 0x9e3779b1) >>> 8) % JITTER_MS));
    encoders[partition]!.append(timestamp, keys[device]!, 0, keys[device]!.length, payload, 0, payload.length);
  }
  return encoders.slice(0, tasks).map((encoder) => {
    const bytes = encoder.finish();
    const filled: Filled = { bytes, offsets: [], places: [], end: 0 };
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const heads = new BatchHeads();
    heads.reset(bytes, 0, bytes.length);
    while (heads.next()) {
      view.setBigInt64(heads.start, BigInt(filled.end));
      filled.offsets.push(filled.end);
      filled.places.push(heads.start);
      filled.end += view.getInt32(heads.start + 23) + 1;
    }
    filled.places.push(bytes.length);
    return filled;
  });
}

const filled = fill();
const total = filled.reduce((sum, { end }) => sum + end, 0);
const at = filled.map(() => 0);
const stretches: [number, number][] = [];
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
let finished = () => {};
const done = new Promise<void>((resolve) => {
  finished = resolve;
});
function openReader(): LogReader {
  return {
    async fetch(topic, partition, offset) {
      if (topic !== FRAMES_TOPIC) return { bytes: NOTHING, start: 0, end: 0, bounds: { start: 0, end: 0 } };
      const { bytes, offsets, places, end } = filled[partition]!;
      at[partition] = offset;
      const sum = at.reduce((all, one) => all + one, 0);
      const { user, system } = process.threadCpuUsage();
      stretches.push([sum, user + system]);
      const bounds = { start: 0, end };
      await new Promise((resolve) => setImmediate(resolve));
      if (sum === total) finished();
      if (offset >= end) return { bytes, start: 0, end: 0, bounds };
      let low = 0;
      while (low + 1 < offsets.length && offsets[low + 1]! <= offset) low++;
      const start = places[low]!;
      let to = low + 1;
      while (to + 1 < places.length && places[to + 1]! - start <= fetchBytes) to++;
      return { bytes, start, end: places[to]!, bounds };
    },
    bounds: async (topic, partition) =>
      topic === FRAMES_TOPIC ? { start: 0, end: filled[partition]!.end } : { start: 0, end: 0 },
    committed: async () => [null],
    wait: () => new Promise(() => {}),
    close: async () => {},
  };
}
let send: (message: ToWorker) => void = () => {};
let stateBytes = 0;
const worker = new Worker(
  {
    post(message: FromWorker) {
      if (message.kind !== 'commit') return;
      const { id, transaction } = message;
      for (const a of transaction.appends ?? []) stateBytes += a.bytes.length;
      queueMicrotask(() =>
        send({ kind: 'committed', id, committed: { baseOffsets: (transaction.appends ?? []).map(() => 0) } }),
      );
    },
    onMessage(handle) {
      send = handle;
    },
  },
  {
    plan,
    clock: systemClock,
    random: systemRandom,
    position: new WorkerPosition(),
    options: KAFKA_TASK_OPTIONS,
    reportIntervalMs: 60_000,
    openReader,
    health: () => ({ heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0 }),
  },
);
let gcMs = 0;
new PerformanceObserver((list) =>
  list.getEntries().forEach((e) => {
    gcMs += e.duration;
  }),
).observe({ entryTypes: ['gc'] });
worker.start();
const [subtopology] = plan.subtopologies;
for (let partition = 0; partition < tasks; partition++)
  send({
    kind: 'assign',
    slot: partition + 1,
    subtopology: subtopology!.name,
    partition,
    ownership: { owner: `bench-${partition}`, epoch: 1 } as never,
    condemned: [],
    doubtful: [],
  });
await done;
const STRETCH = 40;
const costs: number[] = [];
for (let i = STRETCH; i < stretches.length; i += 1) {
  const [a, b] = [stretches[i - STRETCH]!, stretches[i]!];
  if (a[0] > total / 3 && b[0] > a[0]) costs.push(((b[1] - a[1]) * 1000) / (b[0] - a[0]));
}
costs.sort((a, b) => a - b);
const q = (share: number) => Math.round(costs[Math.floor((costs.length - 1) * share)]!);
console.log(
  `${total} frames, ns a frame: least ${q(0)}, a tenth ${q(0.1)}, median ${q(0.5)}, of ${costs.length}; gc ${gcMs.toFixed(0)} ms; appended ${(stateBytes / 1e6).toFixed(0)} MB`,
);
process.exit(0);
