export {
  BATCH_PACKET_BYTES_MAX,
  KIND_PACKETS,
  PACKET_BATCH_BYTES_MAX,
  PacketBatchView,
  PacketBatchWriter,
  vantageKey,
} from './packet-batch.ts';
