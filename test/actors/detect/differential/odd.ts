/** Packets beside TCP and UDP as they should be: other protocols, wrong lengths, odd flags, errors that quote a packet. */
import { bytesOf, type Ends, icmpMessage, ipv4, ipv6, n16, n32, tcpSegment, udpDatagram } from '../frames.ts';
import type { Dialogue } from './dialogues/message.ts';
import type { Dice } from './dice.ts';
import type { Endpoints, Send } from './network.ts';

const [ICMP, TCP, UDP, ESP, AH, ICMPV6, SCTP] = [1, 6, 17, 50, 51, 58, 132] as const;
/** IGMP, EGP, DCCP, RSVP, OSPF, one for experiments. */
const OTHERS = [2, 8, 33, 46, 89, 253];
const QUOTED_PORT = 9005;

type Make = (direction: 0 | 1, payload: Uint8Array) => void;

/** Of one or two kinds. */
export function oddPackets(dice: Dice, { messages }: Dialogue, ends: Endpoints, send: Send): void {
  const makers = kinds(dice, ends, send);
  const chosen = [dice.pick(makers), dice.pick(makers)];
  for (const { direction, bytes } of messages) dice.pick(chosen)(direction, bytes);
}

function kinds(dice: Dice, { version, clientPort }: Endpoints, send: Send): Make[] {
  const icmp = version === 4 ? ICMP : ICMPV6;
  const ports = (direction: 0 | 1): [number, number] =>
    direction === 0 ? [clientPort, QUOTED_PORT] : [QUOTED_PORT, clientPort];
  const other = dice.pick(OTHERS);
  const odd = dice.pick([0, 1, 3, 4, 5, 8, 9, 11, 12, 13, 15, 17, 30, 128, 129, 133, 134, 135, 136, 200]);
  const quote = (way: Ends, direction: 0 | 1, payload: Uint8Array): Uint8Array => {
    const quoted = { from: way.to, to: way.from };
    const [from, to] = ports(direction === 0 ? 1 : 0);
    const datagram = udpDatagram(quoted, from, to, payload);
    return version === 4 ? ipv4(quoted, UDP, datagram) : ipv6(quoted, UDP, datagram);
  };
  const segment = (
    way: Ends,
    direction: 0 | 1,
    flags: number,
    options: Uint8Array,
    payload: Uint8Array,
  ): Uint8Array => {
    const [fromPort, toPort] = ports(direction);
    const fields = {
      fromPort,
      toPort,
      sequence: dice.int(0, 9000),
      acknowledgment: dice.pick([0, 77]),
      flags,
      options,
    };
    return tcpSegment(way, fields, payload);
  };
  const changed = (bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy.set(values, at);
    return copy;
  };
  const datagram = (way: Ends, direction: 0 | 1, payload: Uint8Array): Uint8Array =>
    udpDatagram(way, ...ports(direction), payload);
  return [
    (direction, payload) => send(direction, other, () => payload),
    (direction, payload) => send(direction, ESP, () => bytesOf(n32(7), n32(1), payload)),
    (direction, payload) =>
      send(direction, AH, (way) => bytesOf(UDP, 2, n16(0), n32(1), n32(1), n32(0), datagram(way, direction, payload))),
    (direction, payload) => {
      const [from, to] = ports(direction);
      send(direction, SCTP, () => bytesOf(n16(from), n16(to), n32(7), n32(0), payload));
    },
    (direction, payload) =>
      send(direction, icmp, (way) =>
        icmpMessage(way, odd, dice.pick([0, 0, 1, 2, 9]), bytesOf(n16(7), n16(1), payload)),
      ),
    (direction, payload) =>
      send(direction, icmp, (way) => icmpMessage(way, 8, 0, n16(1)).subarray(0, 4 + (payload.length % 4))),
    (direction, payload) => {
      send(direction, UDP, (way) => datagram(way, direction, payload));
      const [type, code] = dice.pick(
        version === 4
          ? [
              [3, 3],
              [3, 1],
              [11, 0],
              [5, 1],
              [12, 0],
            ]
          : [
              [1, 4],
              [3, 0],
              [2, 0],
              [4, 1],
            ],
      ) as [number, number];
      const back = direction === 0 ? 1 : 0;
      send(back, icmp, (way) => icmpMessage(way, type, code, bytesOf(n32(0), quote(way, back, payload))));
    },
    (direction, payload) =>
      send(direction, UDP, (way) =>
        changed(
          datagram(way, direction, payload),
          4,
          ...n16(dice.pick([0, 4, 8, 8 + (payload.length >> 1), payload.length + 20])),
        ),
      ),
    (direction, payload) => send(direction, UDP, (way) => udpDatagram(way, dice.pick([0, 53, 7]), 0, payload)),
    (direction, payload) =>
      send(direction, TCP, (way) =>
        segment(way, direction, dice.pick([0, 1, 2, 3, 4, 16, 18, 41, 63, 255]), new Uint8Array(), payload),
      ),
    (direction, payload) =>
      send(direction, TCP, (way) =>
        changed(segment(way, direction, 2, new Uint8Array(), payload), 12, dice.pick([0x40, 0xf0, 0x60])),
      ),
    (direction, payload) =>
      send(direction, TCP, (way) => {
        const options = dice.pick([
          Uint8Array.of(2, 4, 5, 0xb4),
          Uint8Array.of(2, 3, 5, 1),
          Uint8Array.of(3, 3, 14, 1),
          Uint8Array.of(4, 2, 1, 1),
          Uint8Array.of(8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1),
          Uint8Array.of(254, 4, 1, 2),
          Uint8Array.of(5, 40, 1, 2),
        ]);
        return segment(way, direction, dice.pick([2, 16, 24]), options, payload);
      }),
    (direction, payload) => send(direction, TCP, () => payload.subarray(0, 16)),
  ];
}
