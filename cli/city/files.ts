/** Readings and aggregates as NDJSON files, for those who want files. */
import { join } from 'node:path';
import { type Clock, type Emit, errorData, type Log } from '../../engine/index.ts';
import { DEVICE_AGGREGATES, DEVICE_READINGS, type DeviceTopics } from '../../schemas/topics/index.ts';
import { NdjsonSink, type SinkRecord } from '../../sinks/ndjson/index.ts';
import type { Config } from '../config/index.ts';
import type { DataFolder } from './data-folder.ts';
import { pageDecoders } from './page-items.ts';

export const FILES_GROUP = 'city.files';
export const FILE_TOPICS: readonly string[] = [DEVICE_READINGS, DEVICE_AGGREGATES];

export interface FileSinks {
  readonly folder: string;
  /** Writes what is in the log, then closes. */
  close(): Promise<void>;
}

export async function openFileSinks(
  config: Config,
  folder: DataFolder,
  log: Log,
  topics: DeviceTopics,
  clock: Clock,
  emit: Emit,
): Promise<FileSinks> {
  const target = config['files.folder'] ?? folder.files;
  const decoders = pageDecoders(topics);
  const described = await log.describe(FILE_TOPICS);
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const sinks: NdjsonSink[] = [];
  const failed = (where: string, error: unknown) => {
    const { code, message } = errorData(error);
    emit('unexpectedError', { where, code, error: message });
  };
  for (const topic of FILE_TOPICS) {
    const decode = topic === DEVICE_READINGS ? decoders.reading : decoders.aggregate;
    const sink = await NdjsonSink.open({
      log,
      reader: log.openReader(),
      topic,
      partitions: described.find(({ name }) => name === topic)?.partitions ?? 0,
      group: FILES_GROUP,
      folder: join(target, topic),
      decode: (record) => lineOf(topic, record, decode),
      clock,
      rotation: { bytesMax: config['files.rotateSize'] },
      retention: { filesMax: config['files.keep'] },
      onEvent: (event) =>
        failed(
          `files of ${event.topic}`,
          new Error(event.event === 'NdjsonWriteFailed' ? event.message : `${event.records} records were missed`),
        ),
    });
    sinks.push(sink);
    running.push(sink.run(stop.signal).catch((error: unknown) => failed(`files of ${topic}`, error)));
  }
  return {
    folder: target,
    async close() {
      stop.abort();
      await Promise.all(running);
      for (const sink of sinks) await sink.close();
    },
  };
}

type Decode = ReturnType<typeof pageDecoders>['reading' | 'aggregate'];

function lineOf(topic: string, record: SinkRecord, decode: Decode): unknown {
  if (record.valueStart < 0) return undefined;
  const value = record.bytes.subarray(record.valueStart, record.valueEnd);
  const { partition, offset, timestampMs: timestamp, key } = record;
  return (
    decode({ topic, partition, offset, timestamp, key: key === null ? null : Buffer.from(key), value, headers: [] }) ??
    undefined
  );
}
