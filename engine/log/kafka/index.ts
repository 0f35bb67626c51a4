export { type KafkaLogOptions, openKafkaLog } from './driver.ts';
