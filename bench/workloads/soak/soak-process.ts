/**
 * The whole engine under a loader that never lets it wait, with small retention everywhere, in one process; prints a
 * line a second: what the process holds in anonymous memory, what the log takes on the disk, how far the committed
 * offsets are. Arguments: folder, seconds.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { BatchEncoder, openEmbeddedLog, partitionForKey, type TopicConfig } from '../../../engine/index.ts';
import { DEVICE_FRAMES, deviceRegistryConfig } from '../../../schemas/topics/index.ts';
import { startBenchEngine } from '../../load/engine.ts';
import { enrolFleet, frameValues } from '../../load/fill.ts';
import { PARTITIONS, soon } from '../../load/filled-log.ts';
import { Fleet } from '../../load/fleet.ts';

export interface SoakSample {
  readonly second: number;
  readonly anonymousBytes: number;
  readonly heapBytes: number;
  readonly logBytes: number;
  readonly frames: number;
}

const RETENTION_BYTES = 8 * 1024 * 1024;
const SEGMENT_BYTES = 2 * 1024 * 1024;
const APPEND_FRAMES = 8_000;
/** Frames that may wait for the engine: more than it fetches at once, and far less than retention keeps. */
const LAG_MAX = 200_000;

const [folder, seconds] = [process.argv[2]!, Number(process.argv[3])];
const log = await openEmbeddedLog(join(folder, 'log'));
const configOf = (topic: TopicConfig): TopicConfig =>
  topic.cleanup === 'compact' || topic.name.endsWith('.state')
    ? topic
    : { ...topic, retentionBytes: RETENTION_BYTES, segmentBytes: SEGMENT_BYTES };
await log.createTopics([
  configOf({ name: DEVICE_FRAMES, partitions: PARTITIONS, cleanup: 'delete' }),
  deviceRegistryConfig(PARTITIONS),
]);
const fleet = new Fleet({ devices: 10_000, seed: 3, framesPerSecond: 20_000, startMs: soon() });
await enrolFleet(log, fleet, null);
const { group } = await startBenchEngine(log, log.readerDescriptor(), {
  topology: {
    application: 'soak',
    keysFolder: join(folder, 'keys'),
    overrides: { partitions: PARTITIONS, signatures: 'off' },
  },
  workers: 2,
  configOf,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
  },
});
const reader = log.openReader();
const startedAt = performance.now();
const elapsed = () => (performance.now() - startedAt) / 1000;
await Promise.all([load(), sample()]);
process.exit(0);

async function committed(): Promise<number> {
  const offsets = await reader.committed(group, DEVICE_FRAMES);
  return offsets.reduce<number>((sum, offset) => sum + (offset ?? 0), 0);
}

async function load(): Promise<void> {
  const values = frameValues(fleet);
  const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
  const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, PARTITIONS));
  const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: 256 * 1024 }));
  let appended = (await log.describe())
    .find(({ name }) => name === DEVICE_FRAMES)!
    .bounds.reduce((sum, { end }) => sum + end, 0);
  while (elapsed() < seconds) {
    if (appended - (await committed()) > LAG_MAX) {
      await pause(5);
      continue;
    }
    for (let i = 0; i < APPEND_FRAMES; i++) {
      fleet.next();
      const { device, timestamp } = fleet;
      const [key, value] = [keys[device]!, values()];
      encoders[partitionOf[device]!]!.append(timestamp, key, 0, key.length, value, 0, value.length);
    }
    const appends = encoders.map((encoder, partition) => ({
      topic: DEVICE_FRAMES,
      partition,
      bytes: encoder.finish(),
    }));
    await log.commit({ appends: appends.filter(({ bytes }) => bytes.length > 0), admission: 'refusable' });
    appended += APPEND_FRAMES;
    await turn();
  }
}

async function sample(): Promise<void> {
  for (let second = 0; second <= seconds; second++) {
    while (elapsed() < second) await pause(Math.max(1, (second - elapsed()) * 1000));
    const status = readFileSync('/proc/self/status', 'latin1');
    const line: SoakSample = {
      second,
      anonymousBytes: Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) * 1024,
      heapBytes: process.memoryUsage().heapTotal,
      logBytes: statSync(join(folder, 'log', 'data.mdb')).size,
      frames: await committed(),
    };
    console.log(JSON.stringify(line));
  }
}
