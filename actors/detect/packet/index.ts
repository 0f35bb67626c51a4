export { isIpChecksumValid, isTransportChecksumValid } from './checksum.ts';
export { decodeCaptured, decodeInner, decodeReassembled } from './decode.ts';
export { addEvent, DECODE_EVENTS, type DecodeEvent, decodeEventCode } from './decode-events.ts';
export * from './ether-types.ts';
export { IPV4_OPTIONS } from './ipv4-options.ts';
export { Packet } from './packet.ts';
export { hasBrokenAck, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from './tcp.ts';
