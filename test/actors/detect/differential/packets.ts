/** The packets of a generated flow: TCP cut, swapped, repeated and overlapping; fragments; tags; both versions of IP. */
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, n16, tcpSegment, udpDatagram } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Dialogue } from './messages.ts';

export interface Endpoints {
  readonly version: 4 | 6;
  /** 4 or 16 bytes. */
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly clientPort: number;
}

const SYN = 2;
const RST = 4;
const PUSH_ACK = 0x18;
const ACK = 0x10;
const FIN_ACK = 0x11;

export function packetsOf(dice: Dice, dialogue: Dialogue, ends: Endpoints): Uint8Array[] {
  const tags = dice.chance(0.05) ? [[0x8100, dice.int(1, 4000)] as const] : [];
  const fragments = dice.chance(0.06);
  const frames: Uint8Array[] = [];
  let ids = dice.int(1, 60_000);
  const send = (direction: 0 | 1, protocol: number, body: (ends: Ends) => Uint8Array): void => {
    const way = direction === 0 ? { from: ends.client, to: ends.server } : { from: ends.server, to: ends.client };
    const carried = body(way);
    ids = (ids + 1) & 0xffff;
    if (ends.version === 6) frames.push(ethernet(0x86dd, ipv6(way, protocol, carried), tags));
    else if (fragments && carried.length > 40) {
      const cut = 8 * dice.int(1, Math.floor((carried.length - 8) / 8));
      const parts = [
        ipv4(way, protocol, carried.subarray(0, cut), undefined, { id: ids, offset: 0, more: true }),
        ipv4(way, protocol, carried.subarray(cut), undefined, { id: ids, offset: cut, more: false }),
      ];
      if (dice.chance(0.3)) parts.reverse();
      frames.push(...parts.map((part) => ethernet(0x0800, part, tags)));
    } else
      frames.push(ethernet(0x0800, ipv4(way, protocol, carried, undefined, { id: ids, offset: 0, more: false }), tags));
  };
  if (dialogue.transport === 'udp')
    for (const { direction, bytes } of dialogue.messages) {
      const [from, to] =
        direction === 0 ? [ends.clientPort, dialogue.serverPort] : [dialogue.serverPort, ends.clientPort];
      send(direction, 17, (way) => udpDatagram(way, from, to, bytes));
    }
  else if (dialogue.transport === 'icmp') pings(dice, dialogue, ends, send);
  else session(dice, dialogue, ends, send);
  return frames;
}

type Send = (direction: 0 | 1, protocol: number, body: (ends: Ends) => Uint8Array) => void;

function pings(dice: Dice, { messages }: Dialogue, { version }: Endpoints, send: Send): void {
  const [request, reply, protocol] = version === 4 ? [8, 0, 1] : [128, 129, 58];
  const id = dice.int(0, 65_535);
  const other = dice.chance(0.2) ? dice.pick(version === 4 ? [3, 11, 13, 5] : [1, 3, 135]) : null;
  for (const [i, { direction, bytes }] of messages.entries())
    send(direction, protocol!, (way) =>
      icmpMessage(
        way,
        other ?? (direction === 0 ? request! : reply!),
        other === null ? 0 : dice.int(0, 3),
        bytesOf(n16(id), n16(i >> 1), bytes),
      ),
    );
}

function session(dice: Dice, { messages, serverPort }: Dialogue, { clientPort }: Endpoints, send: Send): void {
  const next = [dice.int(0, 0xffff_0000), dice.int(0, 0xffff_0000)] as [number, number];
  const segment = (
    direction: 0 | 1,
    flags: number,
    sequence: number,
    acknowledgment: number,
    bytes: Uint8Array = new Uint8Array(),
  ): void => {
    const [fromPort, toPort] = direction === 0 ? [clientPort, serverPort] : [serverPort, clientPort];
    send(direction, 6, (way) =>
      tcpSegment(
        way,
        { fromPort, toPort, sequence: sequence >>> 0, acknowledgment: acknowledgment >>> 0, flags },
        bytes,
      ),
    );
  };
  if (dice.chance(0.96)) {
    segment(0, SYN, next[0], 0);
    segment(1, SYN | ACK, next[1], next[0] + 1);
    segment(0, ACK, next[0] + 1, next[1] + 1);
  }
  next[0] += 1;
  next[1] += 1;
  const isRough = dice.chance(0.4);
  for (const { direction, bytes } of messages) {
    const other: 0 | 1 = direction === 0 ? 1 : 0;
    const pieces: { at: number; bytes: Uint8Array }[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = isRough ? dice.int(1, Math.max(1, Math.min(1400, Math.ceil(bytes.length / 2)))) : 1400;
      const from = isRough && at > 3 && dice.chance(0.1) ? at - dice.int(1, 3) : at;
      pieces.push({ at: from, bytes: bytes.subarray(from, at + length) });
      if (isRough && dice.chance(0.08)) pieces.push(pieces.at(-1)!);
      at += length;
    }
    for (let i = 0; isRough && i + 1 < pieces.length; i += 1)
      if (dice.chance(0.12)) [pieces[i], pieces[i + 1]] = [pieces[i + 1]!, pieces[i]!];
    for (const piece of pieces) {
      segment(direction, PUSH_ACK, next[direction] + piece.at, next[other], piece.bytes);
      if (isRough && dice.chance(0.3)) segment(other, ACK, next[other], next[direction] + Math.max(0, piece.at));
    }
    next[direction] += bytes.length;
    if (dice.chance(0.9)) segment(other, ACK, next[other], next[direction]);
  }
  const end = dice.weighted([
    [5, 'fin'],
    [1, 'reset'],
    [3, 'none'],
  ] as const);
  const resetter = dice.int(0, 1) as 0 | 1;
  if (end === 'reset') segment(resetter, RST | ACK, next[resetter], next[resetter === 0 ? 1 : 0]);
  if (end !== 'fin') return;
  segment(0, FIN_ACK, next[0], next[1]);
  segment(1, FIN_ACK, next[1], next[0] + 1);
  segment(0, ACK, next[0] + 1, next[1] + 1);
}
