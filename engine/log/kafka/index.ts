export { kafkaReaders, openKafkaLog } from './driver.ts';
export type { KafkaLogOptions, KafkaReaderDescriptor, KafkaSasl, KafkaTls } from './settings.ts';
