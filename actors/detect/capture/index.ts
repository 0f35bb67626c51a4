export { CaptureReader } from './capture-reader.ts';
export { CapturedPacket } from './captured-packet.ts';
export * as linkTypes from './link-types.ts';
