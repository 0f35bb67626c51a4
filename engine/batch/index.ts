export { BatchMemory, type BatchMemoryOptions } from './batch-memory.ts';
export type { Compression } from './compression.ts';
export { crc32c } from './crc32c.ts';
export { BatchCursor, type CursorOptions } from './cursor.ts';
export { BatchEncoder, EncoderMark, type EncoderOptions } from './encoder.ts';
export { BatchHeads } from './heads.ts';
export { KeyTable } from './key-table.ts';
export { BATCH_HEADER_BYTES, type Header } from './layout.ts';
export { murmur2, partitionForKey } from './murmur2.ts';
export { type KeyPlaces, NewestRecords } from './newest-records.ts';
export { RecordPlaces } from './record-places.ts';
export {
  type BatchLimits,
  type BatchSpan,
  type BatchStamp,
  type BatchTotals,
  batchSpans,
  hideBatch,
  rewriteBaseOffsets,
  sequenceAfter,
  stampBatch,
  validateBatches,
} from './spans.ts';
