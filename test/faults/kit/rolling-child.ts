/**
 * One of several processes that share the partitions of an application on Kafka. It prints `up` when it works and `done`
 * when SIGINT has let it finish what it had begun.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { startBenchEngine } from '../../../bench/load/engine.ts';
import { LocalSnapshots, openLocalStore } from '../../../engine/index.ts';
import { openKafkaLog, openKafkaShare } from '../../../engine/log/kafka/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { PARTITIONS } from './frame-stream.ts';
import type { LogPlace } from './log-place.ts';

export interface RollingTask {
  readonly place: LogPlace & { readonly kind: 'kafka' };
  readonly keysFolder: string;
}

// Whoever starts it may be killed as well.
process.stdin.on('end', () => process.exit(1)).resume();
const asked = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));

const { place, keysFolder } = JSON.parse(process.argv[2]!) as RollingTask;
mkdirSync(place.stateFolder, { recursive: true });
const log = openKafkaLog(place.kafka);
const { engine } = await startBenchEngine(log, place.kafka, {
  topology: { application: 'faults', keysFolder, overrides: { partitions: PARTITIONS, signatures: 'off', actors: [] } },
  workers: 1,
  heapMegabytesMax: 128,
  share: openKafkaShare({ ...place.kafka, topic: DEVICE_FRAMES }),
  async localState(changelogs) {
    const described = await log.describe(changelogs);
    const known = described.map(({ name, identity }) => [name, identity ?? 'unknown'] as const);
    return { copies: new LocalSnapshots(openLocalStore(place.stateFolder)), changelogs: Object.fromEntries(known) };
  },
});
writeSync(1, 'up\n');
await asked;
await engine.drain();
await log.close();
writeSync(1, 'done\n');
process.exit(0);
