/**
 * The process that is killed or stopped: log, engine and a loader that appends the numbered stream and says which frames
 * are durable. Started again, it goes on from the last frame that its parent has seen acknowledged, so that frames whose
 * acknowledgement was lost come a second time. It ends when everything that it found in the log is worked on, by itself
 * or by another process of its group. Its task is JSON in the first argument; it prints `ack N`, `ended REASON` for each
 * worker that ended, `lost` when its group has gone on without it, and `done`.
 */
import { writeSync } from 'node:fs';
import { startBenchEngine } from '../../../bench/load/engine.ts';
import { frameValues } from '../../../bench/load/fill.ts';
import { BatchEncoder, partitionForKey } from '../../../engine/index.ts';
import { systemNetwork } from '../../../engine/log/kafka/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { allCommitted } from './all-committed.ts';
import { FrameStream, PARTITIONS, type StreamOptions } from './frame-stream.ts';
import { KillPoints, PointedLog, pointedThreads, Terminations } from './kill-points.ts';
import { type LogPlace, openPlace } from './log-place.ts';
import { pointedNetwork } from './pointed-network.ts';
import { whileDown } from './while-down.ts';

export interface ChildTask {
  readonly place: LogPlace;
  readonly keysFolder: string;
  readonly stream: StreamOptions;
  /** Frames that are acknowledged already, and how many there are to be in the end. */
  readonly from: number;
  readonly to: number;
  /** Whether event time ends behind the last frame, so that every window is told. */
  readonly isLast: boolean;
  /** Threads that are ended from outside while the stream goes on. */
  readonly terminations: number;
  /** What it waits for behind its last frame, so that it surely comes: its end from outside, or the loss of its partitions. */
  readonly awaits: 'kill' | 'loss' | null;
  /** URL of the hostile actor; empty without one. */
  readonly hostileActor: string;
}

const CHUNK_FRAMES = 32;
const CLOSING_MS = 10 * 60_000;
const WORKERS = 2;
const RECORD_MS_MAX = 1_500;
/** Threads that are ended from outside can meet an innocent record twice, on a machine that is busy with other things. */
const THREADS_PER_RECORD_MAX = 4;
const TERMINATION_MS = 120;
const NOTHING = new Uint8Array(0);

// Whoever starts it may be killed as well.
process.stdin.on('end', () => process.exit(1)).resume();

const task = JSON.parse(process.argv[2]!) as ChildTask;
const say = (line: string) => writeSync(1, `${line}\n`);
const points = new KillPoints();
const terminations = new Terminations(task.terminations, TERMINATION_MS);
const lost = Promise.withResolvers<void>();
const place = await openPlace(task.place, pointedNetwork(systemNetwork, points));
const { log: raw, descriptor, localState } = place;
const log = new PointedLog(raw, points);
const share = place.share?.(DEVICE_FRAMES);
const { engine, group } = await startBenchEngine(log, descriptor, {
  topology: {
    application: 'faults',
    keysFolder: task.keysFolder,
    overrides: {
      partitions: PARTITIONS,
      signatures: 'off',
      actors: task.hostileActor === '' ? [] : [task.hostileActor],
    },
  },
  workers: WORKERS,
  ...(localState === undefined ? {} : { localState }),
  ...(share === undefined ? {} : { share }),
  heapMegabytesMax: 128,
  reportIntervalMs: 100,
  supervisor: {
    recordMsMax: RECORD_MS_MAX,
    threadsPerRecordMax: THREADS_PER_RECORD_MAX,
    restartMsMin: 5,
    restartMsMax: 50,
  },
  wrapThreads: (threads) => pointedThreads(threads, points, terminations),
  emit: (name, event) => {
    if (name === 'workerEnded') say(`ended ${(event as { because: string }).because}`);
    if (name === 'partitionsLost') {
      say('lost');
      lost.resolve();
    }
    // Read by nobody as long as all goes well.
    writeSync(2, `${name} ${JSON.stringify(event)}\n`);
  },
});
await load();
if (task.awaits === 'kill') await new Promise(() => {});
if (task.awaits === 'loss') await lost.promise;
const reader = raw.openReader();
await allCommitted(reader, group, DEVICE_FRAMES, PARTITIONS, async (state) => {
  const { tasks } = await engine.status();
  writeSync(2, `waits: ${JSON.stringify({ state, tasks })}\n`);
});
await reader.close();
points.pass('drain.begun');
await engine.drain();
await raw.close();
points.pass('drain.done');
say('done');
process.exit(0);

async function load(): Promise<void> {
  const stream = new FrameStream(task.stream);
  const values = frameValues(stream.fleet);
  const keys = stream.fleet.ids.map((id) => new TextEncoder().encode(id));
  const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder());
  const append = async () => {
    const appends = encoders.map((encoder, partition) => ({
      topic: DEVICE_FRAMES,
      partition,
      bytes: encoder.finish(),
    }));
    const some = appends.filter(({ bytes }) => bytes.length > 0);
    // As bridges do: each partition by itself.
    await Promise.all(some.map((one) => whileDown(() => log.commit({ appends: [one], admission: 'refusable' }))));
  };
  while (stream.number + 1 < task.to) {
    stream.next();
    if (stream.number < task.from) continue;
    const { device, timestamp } = stream.fleet;
    const key = keys[device]!;
    const value = values();
    if (stream.isMalformed) value[1] = value[1]! ^ 0x20;
    encoders[partitionForKey(key, 0, key.length, PARTITIONS)]!.append(
      timestamp,
      key,
      0,
      key.length,
      value,
      0,
      value.length,
    );
    // The template is used again for the device's next frame.
    if (stream.isMalformed) value[1] = value[1]! ^ 0x20;
    if ((stream.number + 1) % CHUNK_FRAMES !== 0) continue;
    await append();
    say(`ack ${stream.number + 1}`);
    await terminations.keepPace((stream.number - task.from) / (task.to - task.from));
  }
  for (const encoder of task.isLast ? encoders : [])
    encoder.append(stream.fleet.timestamp + CLOSING_MS, NOTHING, -1, -1, NOTHING, -1, -1);
  if (encoders.some(({ count }) => count > 0)) await append();
  say(`ack ${task.to}`);
}
