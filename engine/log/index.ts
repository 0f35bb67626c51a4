export { EmbeddedLog, type EmbeddedLogOptions } from './embedded/embedded-log.ts';
export { EmbeddedReader } from './embedded/embedded-reader.ts';
export { type Ends, LocalEnds, type PublishedEnds, SharedEnds } from './embedded/ends.ts';
export { type Flusher, MemoryDisk, MemoryStore } from './embedded/memory-store.ts';
export {
  EmbeddedLogOnDisk,
  type EmbeddedReaderDescriptor,
  openEmbeddedLog,
  openEmbeddedLogReadOnly,
  openEmbeddedReader,
  openLocalStore,
  type ReadOnlyLog,
} from './embedded/open.ts';
export { type Store, type StoreRange, WriteBatch } from './embedded/store.ts';
export type {
  GroupProtocol,
  KafkaLogOptions,
  KafkaReaderDescriptor,
  KafkaSasl,
  KafkaShareOptions,
  KafkaTls,
  KafkaTokenFile,
  Network,
  Stream,
  StreamReceiver,
} from './kafka/index.ts';
export {
  deleteKafkaTopics,
  type LogReaderDescriptor,
  logReaders,
  openKafkaLog,
  openKafkaShare,
} from './log-access.ts';
export type * from './port.ts';
export { RecordAppender, type RecordAppenderOptions } from './record-appender.ts';
