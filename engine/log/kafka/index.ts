export { type KafkaLogOptions, type KafkaReaderDescriptor, kafkaReaders, openKafkaLog } from './driver.ts';
