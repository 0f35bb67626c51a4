/** EtherTypes that lead further. */
export const ETHER_IPV4 = 0x0800;
export const ETHER_IPV6 = 0x86dd;
export const ETHER_VLAN = 0x8100;
export const ETHER_QINQ = 0x88a8;
export const ETHER_QINQ_OLD = 0x9100;
export const ETHER_MPLS_UNICAST = 0x8847;
export const ETHER_MPLS_MULTICAST = 0x8848;
export const ETHER_PPPOE_DISCOVERY = 0x8863;
export const ETHER_PPPOE_SESSION = 0x8864;
export const ETHER_ARP = 0x0806;
export const ETHER_BRIDGE = 0x6558;
export const ETHER_PPP = 0x880b;
export const ETHER_ERSPAN = 0x88be;
/** Provider's backbone bridges (802.1ah). */
export const ETHER_BACKBONE = 0x88e7;
/** Two bytes of Cisco's fabric, and a frame. */
export const ETHER_DCE = 0x8903;
export const ETHER_VNTAG = 0x8926;
/** Headers of service chains (RFC 8300). */
export const ETHER_NSH = 0x894f;

/** Numbers of what IP carries. */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IPIP = 4;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_IPV6 = 41;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_ESP = 50;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_SCTP = 132;

/** What a packet in a packet begins with. */
export const TUNNEL = { none: 0, ipv4: 1, ipv6: 2, ethernet: 3, vlan: 4, ppp: 5, teredo: 6 } as const;
