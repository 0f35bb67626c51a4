export { CaptureProcess, type CaptureProcessOptions } from './capture-process.ts';
export { type GatewayCredential, type HttpSenderOptions, sendOverHttp } from './http-sender.ts';
export { sendToLog } from './log-sender.ts';
export { PacketPublisher, type PublisherCounts, type PublisherOptions, type SendBatch } from './publisher.ts';
