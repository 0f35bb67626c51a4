export type { StreamReader } from './reassembler.ts';
export { STREAM_DEFAULTS, STREAM_POLICIES, type StreamOptions, type StreamPolicy } from './stream-options.ts';
export { TCP_STATE, TcpSession } from './tcp-session.ts';
export type { TcpStream } from './tcp-stream.ts';
export { TcpTracker } from './tcp-tracker.ts';
