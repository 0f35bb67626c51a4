/**
 * Packets of nobody that fill Suricata's memory. It takes packets from a pool, and those that it makes itself, as it does where
 * SSH or CONNECT goes over to what nobody reads, keep the TCP flags of whatever lay there before.
 */
import { type Ends, ethernet, ipv6, udpDatagram } from '../frames.ts';

const IP_IN_IPV6 = 41;
const UDP = 17;
const IPV6_TYPE = 0x86dd;
/** Each is a packet of its own in Suricata: more than it makes beside one from the wire. */
const LAYERS = 5;
/** Enough for the headers of a packet that it makes. */
const BYTES = 64;

/** Tunnels in tunnels, with `byte` wherever a header of TCP could have its flags. */
export function strangers(byte: number): Uint8Array {
  const address = (first: number): Uint8Array => {
    const bytes = new Uint8Array(16).fill(byte);
    bytes.set([0x20, 1, 0x0d, 0xb8, first]);
    return bytes;
  };
  const ends: Ends = { from: address(0xfe), to: address(0xff) };
  let packet = ipv6(ends, UDP, udpDatagram(ends, 40_010, 40_011, new Uint8Array(BYTES).fill(byte)));
  for (let i = 1; i < LAYERS; i += 1) packet = ipv6(ends, IP_IN_IPV6, packet);
  return ethernet(IPV6_TYPE, packet);
}
