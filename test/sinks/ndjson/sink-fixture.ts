/** A log in memory with records to write, and what stands in the files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchEncoder, type Log, systemClock } from '../../../engine/index.ts';
import { EmbeddedLog, LocalEnds, MemoryStore } from '../../../engine/log/index.ts';
import { NdjsonSink, type NdjsonSinkOptions, type SinkRecord } from '../../../sinks/ndjson/index.ts';

export const TOPIC = 'device.readings';
export const GROUP = 'sink.files';

export async function memoryLog(t: { teardown(run: () => unknown): void }, partitions = 2): Promise<EmbeddedLog> {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  t.teardown(() => log.close());
  await log.createTopics([{ name: TOPIC, partitions, cleanup: 'delete' }]);
  return log;
}

export async function append(log: Pick<Log, 'commit'>, partition: number, values: readonly string[]): Promise<void> {
  const encoder = new BatchEncoder();
  for (const text of values) {
    const value = Buffer.from(text);
    encoder.append(1000, Buffer.from('key'), 0, 3, value, 0, value.length);
  }
  await log.commit({ appends: [{ topic: TOPIC, partition, bytes: encoder.finish() }] });
}

export const decode = ({ partition, offset, bytes, valueStart, valueEnd }: SinkRecord) => ({
  partition,
  offset,
  text: Buffer.from(bytes).toString('utf8', valueStart, valueEnd),
});

export function openSink(log: Log, folder: string, more: Partial<NdjsonSinkOptions> = {}): Promise<NdjsonSink> {
  const ports = { log, reader: log.openReader(), clock: systemClock };
  const names = { topic: TOPIC, partitions: 2, group: GROUP, folder };
  return NdjsonSink.open({ ...ports, ...names, decode, ...more });
}

export const filesIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.ndjson'));

/** All lines in the order of the files. */
export function linesIn(folder: string): Record<string, unknown>[] {
  return filesIn(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
