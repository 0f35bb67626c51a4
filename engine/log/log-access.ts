/**
 * How a process opens its log and how a worker thread gets at it, for either driver. Kafka's is loaded where it is used:
 * a start without it is not to wait for its code.
 */
import type { Clock } from '../base/index.ts';
import { type EmbeddedReaderDescriptor, openEmbeddedReader } from './embedded/open.ts';
import type { KafkaLogOptions, KafkaReaderDescriptor, KafkaShareOptions } from './kafka/index.ts';
import type { Log, LogReader, PartitionShare } from './port.ts';

export type LogReaderDescriptor = EmbeddedReaderDescriptor | KafkaReaderDescriptor;

const kafka = () => import('./kafka/index.ts');

/** Called once in each thread; what it gives opens a reader for each task of the thread. Plain data crosses to it. */
export async function logReaders(descriptor: LogReaderDescriptor, clock: Clock): Promise<() => LogReader> {
  if (!('bootstrap' in descriptor)) return () => openEmbeddedReader(descriptor, clock);
  return (await kafka()).kafkaReaders(descriptor, clock);
}

/** A log on a Kafka cluster; connects at the first use. CONFIG_INVALID for an address that is none. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  return (await kafka()).openKafkaLog(options);
}

/** This process's part in a group of processes; joins it when it is started. */
export async function openKafkaShare(options: KafkaShareOptions): Promise<PartitionShare> {
  return (await kafka()).openKafkaShare(options);
}

/** Removes topics from a Kafka cluster for good. */
export async function deleteKafkaTopics(settings: KafkaReaderDescriptor, names: readonly string[]): Promise<void> {
  await (await kafka()).deleteKafkaTopics(settings, names);
}
