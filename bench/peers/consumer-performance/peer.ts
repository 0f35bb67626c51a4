/**
 * Kafka's own ConsumerPerformance: one thread that polls and counts, and does nothing else. It commits no offsets that could
 * be sampled, so its rate is what it prints, of the intervals after the warm-up.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetchKafkaJars } from '../../../test/support/kafka-server.ts';
import { programPath } from '../../../test/support/needs.ts';
import { PEER_JVM, PEER_LOGGING, settings } from '../java.ts';

export interface ConsumerTask {
  readonly bootstrap: string;
  readonly topic: string;
  readonly group: string;
  /** As many records as it is to read, and after how many it is steady. */
  readonly records: number;
  readonly warmUp: number;
  readonly folder: string;
}

export const CONSUMER_CONFIG = {
  'max.poll.records': 20_000,
  'fetch.max.bytes': 64 << 20,
  'auto.offset.reset': 'earliest',
} as const;
export const CONSUMER_FETCH_BYTES: number = 4 << 20;
export const CONSUMER_SOCKET_BYTES: number = 2 << 20;
const INTERVAL_MS = 100;
const run = promisify(execFile);

/** Records a second. */
export async function consumerPerformance(task: ConsumerTask): Promise<number> {
  const config = join(task.folder, `${task.group}.properties`);
  writeFileSync(config, settings(CONSUMER_CONFIG).join('\n'));
  const jars = await fetchKafkaJars();
  const { stdout } = await run(programPath('java'), [
    ...PEER_JVM,
    ...PEER_LOGGING,
    '-cp',
    join(jars, '*'),
    'org.apache.kafka.tools.ConsumerPerformance',
    ...['--bootstrap-server', task.bootstrap, '--topic', task.topic, '--group', task.group],
    ...['--messages', String(task.records), '--consumer.config', config],
    ...['--fetch-size', String(CONSUMER_FETCH_BYTES), '--socket-buffer-size', String(CONSUMER_SOCKET_BYTES)],
    ...['--show-detailed-stats', '--reporting-interval', String(INTERVAL_MS)],
  ]);
  return steadyRate(stdout, task.warmUp);
}

/** Of lines like `2026-01-31 23:59:59:999, 0, MB, MB/s, records, …`, one an interval, from the first past the warm-up to the last. */
function steadyRate(output: string, warmUp: number): number {
  const line = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d):(\d{3}), \d+, [\d.]+, [\d.]+, (\d+),/gm;
  const samples = Array.from(output.matchAll(line), ([, day, time, ms, records]) => ({
    at: Date.parse(`${day}T${time}.${ms}Z`),
    records: Number(records),
  }));
  const from = samples.find(({ records }) => records >= warmUp);
  const to = samples.at(-1);
  if (from === undefined || to === undefined || from.at === to.at)
    throw new Error(`ConsumerPerformance printed too few intervals: ${output}`);
  return ((to.records - from.records) * 1000) / (to.at - from.at);
}

/** As an expert set it: a sentence of the notes. */
export function consumerNote(warmUp: number): string {
  const config = settings(CONSUMER_CONFIG).join(', ');
  return `Kafka's ConsumerPerformance 4.1, one thread as the tool has it, only reading the same topic: --fetch-size ${CONSUMER_FETCH_BYTES}, --socket-buffer-size ${CONSUMER_SOCKET_BYTES}, ${config}; the rate that it prints, of its intervals of ${INTERVAL_MS} ms after the first ${warmUp} records; Java with ${PEER_JVM.join(' ')}`;
}
