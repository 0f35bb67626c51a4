export { STREAM_DEFAULTS, type StreamOptions } from './stream-options.ts';
export { TCP_STATE, TcpSession } from './tcp-session.ts';
export type { TcpStream } from './tcp-stream.ts';
export { TcpTracker } from './tcp-tracker.ts';
