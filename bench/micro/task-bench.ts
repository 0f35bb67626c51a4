/**
 * One task of the main job on one partition, alone in a thread, its commits answered at once: what a frame costs the
 * engine without the store's writes and without other threads, in processor time. The least of many short stretches is
 * what a busy machine cannot blur.
 *   bin/node24 bench/micro/task-bench.ts [--devices 1250] [--frames 1000000] [--readings] [--signed]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bindSchemaIds,
  type FromWorker,
  type LogReader,
  openEmbeddedLog,
  planTopology,
  schemasOf,
  systemClock,
  systemRandom,
  TASK_OPTIONS,
  type ToWorker,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { fillLog } from '../load/fill.ts';
import { soon } from '../load/filled-log.ts';
import { Fleet } from '../load/fleet.ts';
import { benchTopology } from '../load/topology.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1250' },
    frames: { type: 'string', default: '1000000' },
    readings: { type: 'boolean', default: false },
    signed: { type: 'boolean', default: false },
  },
});

/** A kernel may count processor time in ticks of some milliseconds. */
const STRETCH_FETCHES = 10;

const folder = mkdtempSync(join(tmpdir(), 'msec-task-bench-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// The worker would go on waiting for frames.
process.exit(0);

async function main(): Promise<void> {
  const fleet = new Fleet({ devices: Number(values.devices), seed: 1, framesPerSecond: 2_500, startMs: soon() });
  const log = await openEmbeddedLog(join(folder, 'log'));
  const fill = { partitions: 1, frames: Number(values.frames), isSigned: values.signed, onFrame: () => {} };
  const [end] = (await fillLog(log, fleet, fill)) as [number];
  const definition = await benchTopology({
    application: 'bench',
    keysFolder: folder,
    overrides: {
      partitions: 1,
      signatures: values.signed ? 'required' : 'off',
      omit: values.readings ? [] : ['device.readings'],
    },
  });
  const plan = planTopology(definition);
  bindSchemaIds(definition, new Map(schemasOf(definition).map(({ subject }, i) => [subject, i + 1])));
  const stretches: [number, number][] = [];
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const frames = log.openReader();
  const nothing = { start: 0, end: 0 };
  const reader: LogReader = {
    fetch(topic, partition, offset, bytesMax) {
      const { user, system } = process.threadCpuUsage();
      stretches.push([offset, user + system]);
      if (offset === end) finished();
      return frames.fetch(topic, partition, offset, bytesMax);
    },
    bounds: async (topic, partition) => (topic === DEVICE_FRAMES ? frames.bounds(topic, partition) : nothing),
    committed: async () => [null],
    wait: (positions, timeoutMs) => frames.wait(positions, timeoutMs),
    close: () => frames.close(),
  };
  let send: (message: ToWorker) => void = () => {};
  const port = {
    post(message: FromWorker) {
      if (message.kind !== 'commit') return;
      const { id } = message;
      queueMicrotask(() => send({ kind: 'committed', id, committed: { baseOffsets: [] } }));
    },
    onMessage(handle: (message: ToWorker) => void) {
      send = handle;
    },
  };
  // Other topics of the plan are empty here: only the frames' source is asked for.
  const [subtopology] = plan.subtopologies.map((one) => ({
    ...one,
    sources: one.sources.filter(({ topic }) => topic.name === DEVICE_FRAMES),
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
  report(stretches, end);
  await log.close();
}

function report(stretches: readonly (readonly [number, number])[], end: number): void {
  const warm = stretches.filter(([offset]) => offset > end / 3);
  const costs = warm.slice(STRETCH_FETCHES).map(([offset, microseconds], i) => {
    return ((microseconds - warm[i]![1]) * 1000) / (offset - warm[i]![0]);
  });
  const sorted = costs.filter(Number.isFinite).toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)]!);
  console.log(`ns a frame: least ${at(0)}, a tenth ${at(0.1)}, median ${at(0.5)} of ${sorted.length} stretches`);
}
