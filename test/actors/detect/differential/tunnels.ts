/** Tunnels that are rare in the traffic of a city, around a packet of a case. */
import { bytesOf, type Ends, ethernet, ipv4, n16, n32, udpDatagram } from '../frames.ts';

const RARE = [
  'geneve',
  'teredo',
  'mpls',
  'pppoe',
  'erspan',
  'in6',
  'ipip',
  'gre keyed',
  'gre ethernet',
  'gre ppp',
] as const;
export type Tunnel = 'none' | 'gre' | 'vxlan' | '6in4' | (typeof RARE)[number];
export const RARE_TUNNELS: readonly (readonly [number, Tunnel])[] = RARE.map((name) => [1, name]);

const [GRE, UDP, IPIP, IPV6] = [47, 17, 4, 41] as const;
const IPV4_TYPE = 0x0800;

interface Around {
  readonly way: Ends;
  readonly outer: (protocol: number, payload: Uint8Array) => Uint8Array;
  /** In version 4. */
  readonly to4: Ends;
}

/** The Ethernet type, null: that of IP in the case's version; and what it carries. null: it is no such tunnel. */
export function rareTunnel(
  tunnel: Tunnel,
  type: number,
  packet: Uint8Array,
  { way, outer, to4 }: Around,
): [type: number | null, packet: Uint8Array] | null {
  const overGre = (flags: number, protocol: number, ...rest: readonly Uint8Array[]): [null, Uint8Array] => [
    null,
    outer(GRE, bytesOf(n16(flags), n16(protocol), ...rest)),
  ];
  switch (tunnel) {
    case 'geneve':
      return [null, outer(UDP, udpDatagram(way, 40_002, 6081, bytesOf(0, 0, n16(type), 0, 0, 7, 0, packet)))];
    case 'teredo':
      if (type === IPV4_TYPE) return null;
      return [IPV4_TYPE, ipv4(to4, UDP, udpDatagram(to4, 40_003, 3544, packet))];
    case 'mpls':
      return [0x8847, bytesOf(n32(0x0006_4040), n32(0x0000_5140), packet)];
    case 'pppoe':
      return [
        0x8864,
        bytesOf(0x11, 0, n16(1), n16(packet.length + 2), n16(type === IPV4_TYPE ? 0x0021 : 0x0057), packet),
      ];
    case 'erspan':
      return overGre(0x1000, 0x88be, n32(1), n16(0x1005), n16(7), n32(3), ethernet(type, packet));
    case 'in6':
      return type === IPV4_TYPE ? null : [null, outer(IPV6, packet)];
    case 'ipip':
      return type === IPV4_TYPE ? [null, outer(IPIP, packet)] : null;
    case 'gre keyed':
      return overGre(0x3000, type, n32(9), n32(1), packet);
    case 'gre ethernet':
      return overGre(0, 0x6558, ethernet(type, packet));
    case 'gre ppp':
      return overGre(
        0x3001,
        0x880b,
        n16(packet.length + 4),
        n16(1),
        n32(1),
        Uint8Array.of(255, 3),
        n16(type === IPV4_TYPE ? 0x0021 : 0x0057),
        packet,
      );
    default:
      return null;
  }
}
