/** Options of the hop-by-hop and destination headers of IPv6: nothing of them is kept but what is odd. */
import { addEvent, spoil } from './decode-events.ts';
import type { Packet } from './packet.ts';

const PAD_1 = 0;
const PAD_N = 1;
const ROUTER_ALERT = 5;
const JUMBO = 0xc2;
const HOME_ADDRESS = 0xc9;
/** What each of these has at least. */
const BYTES_MIN: Readonly<Record<number, number>> = { [ROUTER_ALERT]: 2, [JUMBO]: 4, [HOME_ADDRESS]: 16 };

export function noteIpv6Options(packet: Packet, start: number, end: number, isHopByHop: boolean): undefined {
  const { bytes } = packet;
  let paddings = 0;
  let others = 0;
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === PAD_1) {
      paddings += 1;
      at += 1;
      continue;
    }
    // As Suricata counts it, an option may reach one byte beyond.
    if (at + 1 >= end || at + 1 + bytes[at + 1]! > end) {
      spoil(packet, 'ipv6.exthdr_invalid_optlen');
      break;
    }
    const length = bytes[at + 1]!;
    const least = BYTES_MIN[kind];
    if (kind === PAD_N) {
      paddings += 1;
      if (length === 0) addEvent(packet, 'ipv6.zero_len_padn');
    } else if (least === undefined) {
      others += 1;
      addEvent(packet, isHopByHop ? 'ipv6.hopopts_unknown_opt' : 'ipv6.dstopts_unknown_opt');
    } else if (length < least) {
      spoil(packet, 'ipv6.exthdr_invalid_optlen');
      break;
    } else if (kind !== JUMBO) others += 1;
    at += length + 2;
  }
  if (paddings > 0 && others === 0)
    addEvent(packet, isHopByHop ? 'ipv6.hopopts_only_padding' : 'ipv6.dstopts_only_padding');
}
