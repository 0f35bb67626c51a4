/** Packets of a capture, spoilt: bits, lengths, cuts, repeats, order, pieces of other packets, leaps in time. */
import type { SimplePacket } from '../captures.ts';
import type { Dice } from '../differential/dice.ts';

/** Of a capture's packets so many in a row are taken. */
const PACKETS_MAX = 60;
/** Where headers lie, and with them lengths. */
const HEADER_BYTES = 80;
const EXTREMES = [0, 1, 3, 4, 7, 8, 20, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x7fff, 0x8000, 0xfffe, 0xffff];
const LEAP_US = 700_000_000;

export function mutated(dice: Dice, base: readonly SimplePacket[]): SimplePacket[] {
  const from = dice.chance(0.5) ? 0 : dice.int(0, Math.max(0, base.length - 10));
  const packets = base.slice(from, from + PACKETS_MAX);
  const share = dice.pick([0.05, 0.2, 0.5, 1]);
  const made: SimplePacket[] = [];
  for (const packet of packets) {
    const isSpoilt = dice.chance(share);
    const one = isSpoilt ? spoilt(dice, packet, base) : packet;
    if (isSpoilt && dice.chance(0.08)) continue;
    made.push(one);
    if (isSpoilt && dice.chance(0.15)) made.push(dice.chance(0.5) ? one : packet);
    if (isSpoilt && dice.chance(0.1) && made.length > 1) made.push(...made.splice(-2, 2).reverse());
  }
  return made;
}

function spoilt(dice: Dice, packet: SimplePacket, others: readonly SimplePacket[]): SimplePacket {
  let bytes: Uint8Array = Uint8Array.from(packet.bytes);
  let { timeUs } = packet;
  for (let i = dice.int(1, 3); i > 0 && bytes.length > 2; i--)
    dice.weighted<() => void>([
      [
        6,
        () => {
          for (let n = dice.int(1, 8); n > 0; n--) {
            const at = dice.int(0, bytes.length - 1);
            bytes[at] = bytes[at]! ^ (1 << dice.int(0, 7));
          }
        },
      ],
      [
        4,
        () => {
          const at = dice.int(0, Math.min(HEADER_BYTES, bytes.length - 2));
          new DataView(bytes.buffer, bytes.byteOffset).setUint16(at, dice.pick(EXTREMES));
        },
      ],
      [3, () => (bytes[dice.int(0, bytes.length - 1)] = dice.pick(EXTREMES) & 255)],
      [2, () => (bytes = bytes.slice(0, dice.int(0, bytes.length)))],
      [
        2,
        () => {
          const at = dice.int(0, bytes.length - 1);
          const piece = bytes.slice(at, at + dice.int(1, 40));
          const times = dice.int(1, 30);
          const repeated = Array.from({ length: times }, () => piece);
          bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), ...repeated, bytes.subarray(at)]));
        },
      ],
      [2, () => bytes.set(dice.pick(others).bytes.subarray(0, bytes.length).slice(dice.int(0, 60)))],
      [1, () => (timeUs = Math.max(0, timeUs + dice.int(-LEAP_US, LEAP_US)))],
    ])();
  return { ...packet, bytes, timeUs, wireLength: Math.max(packet.wireLength, bytes.length) };
}
