/** What network.packets carries: packets, and between them which rules are in force. */
export {
  BATCH_PACKET_BYTES_MAX,
  KIND_PACKETS,
  PACKET_BATCH_BYTES_MAX,
  PacketBatchView,
  PacketBatchWriter,
  vantageKey,
  WRONG_CHECKSUMS,
} from './packet-batch.ts';
export { decodeRulesWord, encodeRulesWord, isRulesWord, KIND_RULES, type RulesWord } from './rules-word.ts';
