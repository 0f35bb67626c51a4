/**
 * Tasks that verify what is packed and sealed in one of the envelope's modes, and window it, alone in a thread: batches from
 * memory, commits answered at once. What a frame costs the engine without a broker, in processor time.
 *   bin/node24 bench/micro/modes-task-bench.ts [--each 1024] [--frames 4000000] [--session] [--plain|--unsealed] [--devices 1000]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BatchHeads } from '../../engine/batch/index.ts';
import { KAFKA_TASK_OPTIONS, type Log, openEmbeddedLog, planTopology } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { makeSessionKey } from '../../services/session-keys/index.ts';
import { startLoneWorker } from '../load/lone-worker.ts';
import { type Chunk, memoryReader } from '../load/memory-log.ts';
import { Stretches } from '../load/stretches.ts';
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
const FETCH_BYTES = 1024 * 1024;
const STRETCH_FETCHES = 10;

async function chunksOf(log: Log, partition: number): Promise<Chunk[]> {
  const reader = log.openReader();
  const chunks: Chunk[] = [];
  const { end } = await reader.bounds(DEVICE_FRAMES, partition);
  const heads = new BatchHeads();
  for (let offset = 0; offset < end; ) {
    const { bytes, start, end: to } = await reader.fetch(DEVICE_FRAMES, partition, offset, FETCH_BYTES);
    heads.reset(bytes, start, to);
    while (heads.next()) offset = heads.lastOffset + 1;
    chunks.push({ bytes: bytes.slice(start, to), end: offset });
  }
  await reader.close();
  return chunks;
}

async function fill(): Promise<{ partitions: Chunk[][]; frames: number }> {
  const log = await openEmbeddedLog(join(folder, 'log'));
  mkdirSync(join(folder, 'keys'));
  const receiver = values.session ? await makeSessionKey(join(folder, 'keys')) : null;
  const frames = Number(values.frames);
  const packed = { devices: Number(values.devices), framesPerSecond: Math.ceil(frames / 300), frames };
  const topic = await fillPacked(log, { ...packed, framesPerRecord: each, receiver, windowMs: 60_000 });
  const partitions: Chunk[][] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) partitions.push(await chunksOf(log, partition));
  await log.close();
  return { partitions, frames: topic.filled.frames };
}

const { partitions, frames } = await fill();
const total = partitions.reduce((sum, chunks) => sum + chunks.at(-1)!.end, 0);
const framesPerOffset = frames / (total - Number(values.devices));
const at = partitions.map(() => 0);
const stretches = new Stretches();
const { promise: done, resolve: finished } = Promise.withResolvers<void>();
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
function onFetch(partition: number, offset: number): void {
  at[partition] = offset;
  const sum = at.reduce((all, one) => all + one, 0);
  stretches.mark(sum * framesPerOffset);
  if (sum === total) finished();
}
startLoneWorker({
  ...{ plan, tasks: PARTITIONS, options: KAFKA_TASK_OPTIONS },
  openReader: () => memoryReader({ topic: DEVICE_FRAMES, partitions, onFetch }),
});
await done;
const mode = values.session ? 'session' : `${each} a record`;
const checks = values.plain ? ', unchecked' : values.unsealed ? ', all checked but seals' : '';
console.log(`${frames} frames, ${mode}${checks}, ${stretches.report(STRETCH_FETCHES, 1)}`);
rmSync(folder, { recursive: true, force: true });
// The worker would go on waiting for frames.
process.exit(0);
