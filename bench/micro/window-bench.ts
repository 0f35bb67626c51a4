/**
 * The window actor of W1 and W2 in one task of one partition, over batches that lie in memory, commits
 * answered at once: what a record costs the engine itself, without any log. The least of many short stretches is what a
 * busy machine cannot blur.
 *   bin/node24 bench/micro/window-bench.ts [--devices 125] [--frames 2000000] [--rounds 3]
 */
import { parseArgs } from 'node:util';
import {
  BatchCursor,
  BatchEncoder,
  type FromWorker,
  type LogReader,
  planTopology,
  rewriteBaseOffsets,
  systemClock,
  systemRandom,
  TASK_OPTIONS,
  type ToWorker,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';
import { Fleet } from '../load/fleet.ts';
import { windowTopology } from '../workloads/kafka-windows/topology.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '125' },
    frames: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
  },
});

const TOPIC = 'frames';
const CHUNK_BYTES = 1024 * 1024;
const FRAME_BYTES = 31;
const FRAMES_PER_SECOND = 2_500;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly end: number;
}

const chunks = fill(Number(values.frames), Number(values.devices));
const end = chunks.at(-1)!.end;
for (let round = 0; round < Number(values.rounds); round++) report(await consume());
// The worker would go on waiting for frames.
process.exit(0);

function fill(frames: number, devices: number): Chunk[] {
  const fleet = new Fleet({ devices, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs: 1_700_000_040_000 });
  const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
  const encoder = new BatchEncoder({ batchBytesMax: 128 * 1024 });
  const payload = new Uint8Array(FRAME_BYTES);
  payload.set([0x01, 0x00, 0x1c]);
  payload.set(new TextEncoder().encode(fleet.imeis[0]), 7);
  const view = new DataView(payload.buffer);
  const filled: Chunk[] = [];
  let offset = 0;
  const flush = (next: number) => {
    const bytes = encoder.finish();
    rewriteBaseOffsets(bytes, offset);
    filled.push({ bytes, offset, end: next });
    offset = next;
  };
  for (let i = 0; i < frames; i++) {
    fleet.next();
    for (let measure = 0; measure < fleet.wire.length; measure++) view.setInt16(23 + 2 * measure, fleet.wire[measure]!);
    const key = keys[fleet.device]!;
    encoder.append(fleet.timestamp, key, 0, key.length, payload, 0, FRAME_BYTES);
    if (encoder.byteLength > CHUNK_BYTES) flush(i + 1);
  }
  if (encoder.count > 0) flush(frames);
  return filled;
}

async function consume(): Promise<(readonly [number, number])[]> {
  const definition = windowTopology({
    application: 'bench',
    partitions: 1,
    input: TOPIC,
    output: 'told',
    windowMs: 60_000,
    graceMs: 10_000,
  });
  const plan = planTopology(definition);
  const stretches: [number, number][] = [];
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  let at = 0;
  const cursor = new BatchCursor({ checkCrc: false });
  const nothing = { start: 0, end: 0 };
  const reader: LogReader = {
    fetch(topic, _partition, offset) {
      if (topic !== TOPIC) return Promise.resolve({ bytes: new Uint8Array(0), start: 0, end: 0, bounds: nothing });
      stretches.push([offset, performance.now()]);
      if (offset === end) finished();
      while (at < chunks.length && chunks[at]!.end <= offset) at++;
      const bounds = { start: 0, end };
      const chunk = chunks[at];
      if (chunk === undefined) return Promise.resolve({ bytes: new Uint8Array(0), start: 0, end: 0, bounds });
      cursor.reset(chunk.bytes);
      // As a log does: from the batch that holds the offset.
      while (cursor.nextBatch() && cursor.lastOffset < offset) {}
      return Promise.resolve({ bytes: chunk.bytes, start: cursor.batchStart, end: chunk.bytes.length, bounds });
    },
    bounds: (topic) => Promise.resolve(topic === TOPIC ? { start: 0, end } : nothing),
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
  const [subtopology] = plan.subtopologies.map((one) => ({
    ...one,
    sources: one.sources.filter(({ topic }) => topic.name === TOPIC),
  }));
  const worker = new Worker(port, {
    plan: { ...plan, subtopologies: [subtopology!] },
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
  const task = { slot: 1, subtopology: subtopology!.name, partition: 0, ownership };
  send({ kind: 'assign', ...task, condemned: [], doubtful: [] });
  await done;
  return stretches;
}

function report(stretches: readonly (readonly [number, number])[]): void {
  const costs = stretches
    .slice(1)
    .map(([offset, ms], i) => ((ms - stretches[i]![1]) * 1e6) / (offset - stretches[i]![0]));
  const sorted = costs.filter(Number.isFinite).toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)]!);
  console.log(`ns a frame: least ${at(0)}, a tenth ${at(0.1)}, median ${at(0.5)} of ${sorted.length} stretches`);
}
