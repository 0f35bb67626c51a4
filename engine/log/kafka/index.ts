export { type Network, type Stream, type StreamReceiver, systemNetwork } from './client/index.ts';
export { deleteKafkaTopics } from './delete-topics.ts';
export { kafkaReaders, openKafkaLog } from './driver.ts';
export { type GroupProtocol, type KafkaShareOptions, openKafkaShare } from './group/index.ts';
export type { KafkaLogOptions, KafkaReaderDescriptor, KafkaSasl, KafkaTls, KafkaTokenFile } from './settings.ts';
