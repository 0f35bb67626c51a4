/**
 * Tasks that verify what is packed and sealed in one of the envelope's modes, and window it, alone in a thread: batches from
 * memory, commits answered at once. What a frame costs the engine without a broker, in processor time. The least of
 * many short stretches is what a busy machine cannot blur.
 *   bin/node24 bench/micro/modes-task-bench.ts [--each 1024] [--frames 4000000] [--session] [--plain|--unsealed] [--devices 1000]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BatchHeads } from '../../engine/batch/index.ts';
import {
  type FromWorker,
  KAFKA_TASK_OPTIONS,
  type Log,
  type LogReader,
  openEmbeddedLog,
  planTopology,
  systemClock,
  systemRandom,
  type ToWorker,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { makeSessionKey } from '../../services/session-keys/index.ts';
import { fillPacked } from '../workloads/batch-signed/frames.ts';
import packedTopology from '../workloads/batch-signed/topology.ts';
import { PARTITIONS } from '../workloads/kafka-windows/frames.ts';

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '1024' },
    frames: { type: 'string', default: '4000000' },
    devices: { type: 'string', default: '1000' },
    session: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    unsealed: { type: 'boolean', default: false },
  },
});
const each = Number(values.each);
const folder = mkdtempSync(join(tmpdir(), 'msec-modes-bench-'));
const NOTHING = new Uint8Array(0);
const FETCH_BYTES = 1024 * 1024;
const STRETCH_FETCHES = 10;

interface Filled {
  readonly bytes: Uint8Array;
  readonly offsets: number[];
  readonly places: number[];
  end: number;
}

async function partitionOf(log: Log, partition: number): Promise<Filled> {
  const reader = log.openReader();
  const chunks: Uint8Array[] = [];
  const { end } = await reader.bounds(DEVICE_FRAMES, partition);
  const heads = new BatchHeads();
  for (let offset = 0; offset < end; ) {
    const { bytes, start, end: to } = await reader.fetch(DEVICE_FRAMES, partition, offset, FETCH_BYTES);
    chunks.push(bytes.slice(start, to));
    heads.reset(bytes, start, to);
    while (heads.next()) offset = heads.lastOffset + 1;
  }
  await reader.close();
  const bytes = Buffer.concat(chunks);
  const filled: Filled = { bytes, offsets: [], places: [], end };
  heads.reset(bytes, 0, bytes.length);
  while (heads.next()) {
    filled.offsets.push(heads.baseOffset);
    filled.places.push(heads.start);
  }
  filled.places.push(bytes.length);
  return filled;
}

async function fill(): Promise<{ filled: Filled[]; frames: number }> {
  const log = await openEmbeddedLog(join(folder, 'log'));
  mkdirSync(join(folder, 'keys'));
  const receiver = values.session ? await makeSessionKey(join(folder, 'keys')) : null;
  const frames = Number(values.frames);
  const packed = { devices: Number(values.devices), framesPerSecond: Math.ceil(frames / 300), frames };
  const topic = await fillPacked(log, { ...packed, framesPerRecord: each, receiver, windowMs: 60_000 });
  const filled: Filled[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) filled.push(await partitionOf(log, partition));
  await log.close();
  return { filled, frames: topic.filled.frames };
}

const { filled, frames } = await fill();
const total = filled.reduce((sum, { end }) => sum + end, 0);
const framesPerOffset = frames / (total - Number(values.devices));
const at = filled.map(() => 0);
const stretches: [number, number][] = [];
const plan = planTopology(
  packedTopology({
    application: 'bench',
    partitions: PARTITIONS,
    output: 'told',
    windowMs: 60_000,
    graceMs: 10_000,
    checks: values.plain ? 'none' : values.unsealed ? 'all but seals' : 'all',
    keysFolder: join(folder, 'keys'),
  }),
);
let finished = () => {};
const done = new Promise<void>((resolve) => {
  finished = resolve;
});

function openReader(): LogReader {
  return {
    async fetch(topic, partition, offset) {
      if (topic !== DEVICE_FRAMES) return { bytes: NOTHING, start: 0, end: 0, bounds: { start: 0, end: 0 } };
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
      while (to + 1 < places.length && places[to + 1]! - start <= FETCH_BYTES) to++;
      return { bytes, start, end: places[to]!, bounds };
    },
    bounds: async (topic, partition) =>
      topic === DEVICE_FRAMES ? { start: 0, end: filled[partition]!.end } : { start: 0, end: 0 },
    committed: async () => [null],
    wait: () => new Promise(() => {}),
    close: async () => {},
  };
}

let send: (message: ToWorker) => void = () => {};
const worker = new Worker(
  {
    post(message: FromWorker) {
      if (message.kind !== 'commit') return;
      const { id, transaction } = message;
      const baseOffsets = (transaction.appends ?? []).map(() => 0);
      queueMicrotask(() => send({ kind: 'committed', id, committed: { baseOffsets } }));
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
worker.start();
const [subtopology] = plan.subtopologies;
for (let partition = 0; partition < PARTITIONS; partition++)
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
const costs: number[] = [];
for (let i = STRETCH_FETCHES; i < stretches.length; i++) {
  const [from, to] = [stretches[i - STRETCH_FETCHES]!, stretches[i]!];
  if (from[0] > total / 3 && to[0] > from[0])
    costs.push(((to[1] - from[1]) * 1000) / ((to[0] - from[0]) * framesPerOffset));
}
costs.sort((a, b) => a - b);
const share = (part: number) => costs[Math.floor((costs.length - 1) * part)]!.toFixed(1);
const mode = values.session ? 'session' : `${each} a record`;
console.log(
  `${frames} frames, ${mode}${values.plain ? ', unchecked' : values.unsealed ? ', all checked but seals' : ''}, ns a frame: least ${share(0)}, a tenth ${share(0.1)}, median ${share(0.5)}, of ${costs.length}`,
);
rmSync(folder, { recursive: true, force: true });
// The worker would go on waiting for frames.
process.exit(0);
