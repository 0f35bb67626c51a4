/**
 * The window actor of W1 and W2 in one task of one partition, over batches that lie in memory, commits
 * answered at once: what a record costs the engine itself, without any log.
 *   bin/node24 bench/micro/window-bench.ts [--devices 125] [--frames 2000000] [--rounds 3]
 */
import { parseArgs } from 'node:util';
import { BatchEncoder, planTopology, rewriteBaseOffsets, TASK_OPTIONS } from '../../engine/index.ts';
import { Fleet } from '../load/fleet.ts';
import { startLoneWorker, withSource } from '../load/lone-worker.ts';
import { type Chunk, memoryReader } from '../load/memory-log.ts';
import { Stretches } from '../load/stretches.ts';
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

const chunks = fill(Number(values.frames), Number(values.devices));
for (let round = 0; round < Number(values.rounds); round++) console.log((await consume()).report(10));
// The workers would go on waiting for frames.
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
  const flush = () => {
    const bytes = encoder.finish();
    filled.push({ bytes, end: rewriteBaseOffsets(bytes, filled.at(-1)?.end ?? 0) });
  };
  for (let i = 0; i < frames; i++) {
    fleet.next();
    for (let measure = 0; measure < fleet.wire.length; measure++) view.setInt16(23 + 2 * measure, fleet.wire[measure]!);
    const key = keys[fleet.device]!;
    encoder.append(fleet.timestamp, key, 0, key.length, payload, 0, FRAME_BYTES);
    if (encoder.byteLength > CHUNK_BYTES) flush();
  }
  if (encoder.count > 0) flush();
  return filled;
}

async function consume(): Promise<Stretches> {
  const plan = planTopology(
    windowTopology({
      application: 'bench',
      partitions: 1,
      input: TOPIC,
      output: 'told',
      windowMs: 60_000,
      graceMs: 10_000,
    }),
  );
  const stretches = new Stretches();
  const { promise, resolve } = Promise.withResolvers<void>();
  const onFetch = (_partition: number, offset: number) => {
    stretches.mark(offset);
    if (offset === chunks.at(-1)!.end) resolve();
  };
  const openReader = () => memoryReader({ topic: TOPIC, partitions: [chunks], onFetch });
  startLoneWorker({ plan: withSource(plan, TOPIC), options: TASK_OPTIONS, openReader });
  await promise;
  return stretches;
}
