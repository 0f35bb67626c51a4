/**
 * One task of the main job on one partition, alone in a thread, its commits answered at once: what a frame costs the
 * engine without the store's writes and without other threads, in processor time.
 *   bin/node24 bench/micro/task-bench.ts [--devices 1250] [--frames 1000000] [--readings] [--signed]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bindSchemaIds,
  type LogReader,
  openEmbeddedLog,
  planTopology,
  schemasOf,
  TASK_OPTIONS,
} from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { fillLog } from '../load/fill.ts';
import { soon } from '../load/filled-log.ts';
import { Fleet } from '../load/fleet.ts';
import { startLoneWorker, withSource } from '../load/lone-worker.ts';
import { Stretches } from '../load/stretches.ts';
import { benchTopology } from '../load/topology.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1250' },
    frames: { type: 'string', default: '1000000' },
    readings: { type: 'boolean', default: false },
    signed: { type: 'boolean', default: false },
  },
});

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
  const stretches = new Stretches();
  const { promise: done, resolve: finished } = Promise.withResolvers<void>();
  const frames = log.openReader();
  const nothing = { start: 0, end: 0 };
  const reader: LogReader = {
    fetch(topic, partition, offset, bytesMax) {
      stretches.mark(offset);
      if (offset === end) finished();
      return frames.fetch(topic, partition, offset, bytesMax);
    },
    bounds: async (topic, partition) => (topic === DEVICE_FRAMES ? frames.bounds(topic, partition) : nothing),
    committed: async () => [null],
    wait: (positions, timeoutMs) => frames.wait(positions, timeoutMs),
    close: () => frames.close(),
  };
  startLoneWorker({ plan: withSource(plan, DEVICE_FRAMES), options: TASK_OPTIONS, openReader: () => reader });
  await done;
  console.log(stretches.report(STRETCH_FETCHES));
  await log.close();
}
