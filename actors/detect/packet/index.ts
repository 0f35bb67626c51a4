export { isIpChecksumValid, isTransportChecksumValid } from './checksum.ts';
export { decodeCaptured, decodeInner, decodeReassembled, isKnownLink } from './decode.ts';
export { addEvent, DECODE_EVENTS, type DecodeEvent, decodeEventCode } from './decode-events.ts';
export * from './ether-types.ts';
export { IPV4_OPTIONS } from './ipv4-options.ts';
export { Packet } from './packet.ts';
export { hasBrokenAck, TCP_ACK, TCP_CWR, TCP_ECE, TCP_FIN, TCP_PUSH, TCP_RST, TCP_SYN, TCP_URG } from './tcp.ts';
