export {
  type FileRetention,
  type NdjsonEvent,
  NdjsonSink,
  type NdjsonSinkOptions,
  type Rotation,
  type SinkRecord,
} from './ndjson-sink.ts';
