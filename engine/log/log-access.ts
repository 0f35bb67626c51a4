/** How a worker thread gets at the log that its process has open: plain data that crosses to it, for either driver. */
import type { Clock } from '../base/index.ts';
import { type EmbeddedReaderDescriptor, openEmbeddedReader } from './embedded/open.ts';
import { type KafkaReaderDescriptor, kafkaReaders } from './kafka/index.ts';
import type { LogReader } from './port.ts';

export type LogReaderDescriptor = EmbeddedReaderDescriptor | KafkaReaderDescriptor;

/** Called once in each thread; what it gives opens a reader for each task of the thread. */
export function logReaders(descriptor: LogReaderDescriptor, clock: Clock): () => LogReader {
  return 'bootstrap' in descriptor ? kafkaReaders(descriptor, clock) : () => openEmbeddedReader(descriptor, clock);
}
