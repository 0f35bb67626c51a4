export { type GroupProtocol, type KafkaShareOptions, openKafkaShare } from './share.ts';
