/** A TCP header and those of its options that change how the stream is read. */
import { addEvent, refuse, spoil } from './decode-events.ts';
import { be16, be32 } from './network-order.ts';
import type { Packet } from './packet.ts';

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_ACK = 0x10;

const TCP_MIN_BYTES = 20;
const OPTION_END = 0;
const OPTION_NOTHING = 1;
const OPTION_MAXIMUM_SEGMENT = 2;
const OPTION_WINDOW_SCALE = 3;
const OPTION_SACK_PERMITTED = 4;
const OPTION_SACK = 5;
const OPTION_TIMESTAMP = 8;
const OPTION_MD5 = 19;
const OPTION_AUTHENTICATION = 29;
const OPTION_FAST_OPEN = 34;
/** Fast open used these before it had a number of its own, with what they begin with. */
const OPTION_EXPERIMENT_1 = 253;
const OPTION_EXPERIMENT_2 = 254;
const FAST_OPEN_MAGIC = 0xf989;
const MAX_WINDOW_SCALE = 14;

export function decodeTcp(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  packet.payloadAt = end;
  if (end - at < TCP_MIN_BYTES) return refuse(packet, 'tcp.pkt_too_small');
  const headerBytes = (bytes[at + 12]! >> 4) * 4;
  if (headerBytes < TCP_MIN_BYTES) return refuse(packet, 'tcp.invalid_optlen');
  if (end - at < headerBytes) return refuse(packet, 'tcp.hlen_too_small');
  packet.sourcePort = be16(bytes, at);
  packet.destinationPort = be16(bytes, at + 2);
  packet.sequence = be32(bytes, at + 4);
  packet.acknowledgment = be32(bytes, at + 8);
  packet.tcpFlags = bytes[at + 13]!;
  packet.window = be16(bytes, at + 14);
  packet.payloadAt = at + headerBytes;
  packet.hasTransport = true;
  packet.hasFlow = true;
  if (headerBytes > TCP_MIN_BYTES) readOptions(packet, at + TCP_MIN_BYTES, at + headerBytes);
}

/** It acknowledges something without saying that it does. */
export function hasBrokenAck({ tcpFlags, acknowledgment }: Packet): boolean {
  return (tcpFlags & TCP_ACK) === 0 && acknowledgment !== 0;
}

/** The first of a kind holds; an option that is cut off ends the list. */
function readOptions(packet: Packet, start: number, end: number): undefined {
  const { bytes } = packet;
  let at = start;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === OPTION_END) return;
    if (kind === OPTION_NOTHING) {
      at++;
      continue;
    }
    if (at + 1 >= end) return;
    const length = bytes[at + 1]!;
    if (length < 2 || at + length > end) return spoil(packet, 'tcp.opt_invalid_len');
    readOption(packet, kind, length, at + 2);
    at += length;
  }
}

function readOption(packet: Packet, kind: number, length: number, at: number): undefined {
  const { bytes } = packet;
  switch (kind) {
    case OPTION_MAXIMUM_SEGMENT:
      if (length !== 4) addEvent(packet, 'tcp.opt_invalid_len');
      else if (packet.maximumSegment >= 0) addEvent(packet, 'tcp.opt_duplicate');
      else packet.maximumSegment = be16(bytes, at);
      break;
    case OPTION_WINDOW_SCALE:
      if (length !== 3) addEvent(packet, 'tcp.opt_invalid_len');
      else if (packet.windowScale >= 0) addEvent(packet, 'tcp.opt_duplicate');
      else packet.windowScale = Math.min(bytes[at]!, MAX_WINDOW_SCALE);
      break;
    case OPTION_SACK_PERMITTED:
      if (length !== 2) addEvent(packet, 'tcp.opt_invalid_len');
      else if (packet.allowsSack) addEvent(packet, 'tcp.opt_duplicate');
      else packet.allowsSack = true;
      break;
    case OPTION_SACK:
      if (length > 34 || (length - 2) % 8 !== 0) addEvent(packet, 'tcp.opt_invalid_len');
      else if (packet.hasSack) addEvent(packet, 'tcp.opt_duplicate');
      else packet.hasSack = true;
      break;
    case OPTION_TIMESTAMP:
      if (length !== 10) addEvent(packet, 'tcp.opt_invalid_len');
      else if (packet.hasTimestamp) addEvent(packet, 'tcp.opt_duplicate');
      else {
        packet.hasTimestamp = true;
        packet.timestampValue = be32(bytes, at);
        packet.timestampEcho = be32(bytes, at + 4);
      }
      break;
    case OPTION_FAST_OPEN:
      if (length === 3 || length > 18 || length % 2 !== 0) addEvent(packet, 'tcp.opt_invalid_len');
      else noteFastOpen(packet);
      break;
    case OPTION_EXPERIMENT_1:
    case OPTION_EXPERIMENT_2:
      if (length !== 4 && length !== 12) addEvent(packet, 'tcp.opt_invalid_len');
      else if (be16(bytes, at) === FAST_OPEN_MAGIC) noteFastOpen(packet);
      break;
    case OPTION_MD5:
      if (length !== 18) spoil(packet, 'tcp.opt_invalid_len');
      break;
    case OPTION_AUTHENTICATION:
      if (length < 4) spoil(packet, 'tcp.opt_invalid_len');
      break;
    default:
  }
}

function noteFastOpen(packet: Packet): undefined {
  if (packet.hasFastOpen) addEvent(packet, 'tcp.opt_duplicate');
  else packet.hasFastOpen = true;
}
