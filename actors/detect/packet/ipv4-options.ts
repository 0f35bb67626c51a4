/** Options of an IPv4 header: which are there, and what is wrong with them. */
import { addEvent, type DecodeEvent, refuse } from './decode-events.ts';
import type { Packet } from './packet.ts';

const END = 0;
const NOTHING = 1;
const ROUTE_BYTES_MIN = 3;
const TIMESTAMP_BYTES_MIN = 5;
const CIPSO_BYTES_MIN = 10;
const CIPSO_HEAD_BYTES = 6;
const CIPSO_TAG_BYTES_MIN = 4;
const CIPSO_TAGS: ReadonlySet<number> = new Set([1, 2, 5, 6, 7]);
const UNALIGNED_TAG = 7;

/** Bits of `Packet.ipOptions`. */
export const IPV4_OPTIONS = {
  eol: 1,
  nop: 2,
  rr: 4,
  qs: 8,
  ts: 16,
  sec: 32,
  lsrr: 64,
  esec: 128,
  cipso: 256,
  satid: 512,
  ssrr: 1024,
  rtralt: 2048,
} as const;

type Fault = DecodeEvent | null;

interface Option {
  readonly bit: number;
  /** Place and length of the whole option; the bytes behind its length may be missing. */
  readonly check: (bytes: Uint8Array, at: number, length: number) => Fault;
}

const sized =
  (isRight: (length: number) => boolean): Option['check'] =>
  (_bytes, _at, length) =>
    isRight(length) ? null : 'ipv4.opt_invalid_len';

/** A pointer from one on to the next address, behind type, length and itself. */
const route: Option['check'] = (bytes, at, length) => {
  if (length < ROUTE_BYTES_MIN) return 'ipv4.opt_invalid_len';
  const pointer = bytes[at + 2]!;
  return pointer < 4 || pointer % 4 !== 0 || pointer > length + 1 ? 'ipv4.opt_malformed' : null;
};

const timestamp: Option['check'] = (bytes, at, length) => {
  if (length < TIMESTAMP_BYTES_MIN) return 'ipv4.opt_invalid_len';
  const pointer = bytes[at + 2]!;
  if (pointer < 5) return 'ipv4.opt_malformed';
  // The flag stands behind the pointer and the overflow, as Suricata reads it.
  const flag = bytes[at + 5] ?? 0;
  const size = flag === 1 || flag === 3 ? 8 : 4;
  return (pointer - 5) % size !== 0 || pointer > length + 1 ? 'ipv4.opt_malformed' : null;
};

const cipso: Option['check'] = (bytes, at, length) => {
  if (length < CIPSO_BYTES_MIN) return 'ipv4.opt_invalid_len';
  let left = length - CIPSO_HEAD_BYTES;
  let tag = at + CIPSO_HEAD_BYTES;
  while (left > 0) {
    if (left < 2) return 'ipv4.opt_malformed';
    const [type, size] = [bytes[tag]!, bytes[tag + 1]!];
    if (size > left || !CIPSO_TAGS.has(type) || size < CIPSO_TAG_BYTES_MIN) return 'ipv4.opt_malformed';
    if (type !== UNALIGNED_TAG && bytes[tag + 2] !== 0) return 'ipv4.opt_malformed';
    tag += size;
    left -= size;
  }
  return null;
};

const OPTIONS: Readonly<Record<number, Option>> = {
  7: { bit: IPV4_OPTIONS.rr, check: route },
  25: { bit: IPV4_OPTIONS.qs, check: sized((length) => length >= 8) },
  68: { bit: IPV4_OPTIONS.ts, check: timestamp },
  130: { bit: IPV4_OPTIONS.sec, check: sized((length) => length >= 3) },
  131: { bit: IPV4_OPTIONS.lsrr, check: route },
  133: { bit: IPV4_OPTIONS.esec, check: sized((length) => length >= 3) },
  134: { bit: IPV4_OPTIONS.cipso, check: cipso },
  136: { bit: IPV4_OPTIONS.satid, check: sized((length) => length === 4) },
  137: { bit: IPV4_OPTIONS.ssrr, check: route },
  148: { bit: IPV4_OPTIONS.rtralt, check: sized((length) => length === 4) },
};

export function readIpv4Options(packet: Packet, start: number, end: number): undefined {
  const { bytes } = packet;
  if ((end - start) % 8 !== 0) addEvent(packet, 'ipv4.opt_pad_required');
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === END) {
      packet.ipOptions |= IPV4_OPTIONS.eol;
      return;
    }
    if (kind === NOTHING) {
      packet.ipOptions |= IPV4_OPTIONS.nop;
      at += 1;
      continue;
    }
    if (end - at < 2) return addEvent(packet, 'ipv4.opt_eol_required');
    const length = bytes[at + 1]!;
    // Where an option has no length that can be, nothing behind it is believed, and the packet is none.
    if (length < 2 || length > end - at) return refuse(packet, 'ipv4.opt_invalid_len');
    const option = OPTIONS[kind];
    if (option === undefined) addEvent(packet, 'ipv4.opt_invalid');
    else if ((packet.ipOptions & option.bit) !== 0) addEvent(packet, 'ipv4.opt_duplicate');
    else {
      const fault = option.check(bytes, at, length);
      if (fault === null) packet.ipOptions |= option.bit;
      else addEvent(packet, fault);
    }
    at += length;
  }
}
