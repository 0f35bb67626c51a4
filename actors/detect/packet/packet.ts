/**
 * One decoded packet, reused for each: integers and places in `bytes`, no object a header. Invariant: every place lies
 * within `start` and `end`; a part that the packet does not have has the place -1, and `events` says what was wrong.
 */
/** DLT_RAW. */
const LINK_RAW = 12;

export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  timeUs = 0;
  /** Of the packet in its capture, from 1. */
  number = 0;
  /** 0 as captured, then one more for each tunnel it was in. */
  depth = 0;
  /** Headers that led here, with those of the tunnels around. */
  layers = 0;
  /** Of its frame, as captures number them; of what has none that of IP itself. */
  linkType = 0;
  /** Where it came from, as EVE names it. */
  source = 'wire/pcap';
  /** The captured packet that it was taken out of, or whose fragment made it whole. */
  root: Packet | null = null;
  isReassembled = false;
  /** Bytes beside its own that count as the flow's: of the frame around fragments, or of a tunnel's header. */
  frameBytes = 0;
  /** Nobody sent it: what is left of a stream is inspected with it. */
  isPseudo = false;
  /** A pseudo packet within the flow, which goes on: its protocol changes, or is encrypted from here on. */
  isFlush = false;
  /** A pseudo packet with which the flow ends. */
  get isFlowEnd(): boolean {
    return this.isPseudo && !this.isFlush;
  }

  vlanCount = 0;
  vlan0 = 0;
  vlan1 = 0;
  vlan2 = 0;
  /** 0, 4 or 6. */
  ipVersion = 0;
  ipAt = -1;
  ttl = 0;
  /** Bits of `IPV4_OPTIONS`: options that are there and right. */
  ipOptions = 0;
  /** The transport's number, of the last header of IPv6; -1 without IP. */
  protocol = -1;
  /** IPv4 whose options cannot be read: it has no protocol, but addresses. */
  hasAddressesAlone = false;
  /** Addresses as the four big-endian words of IPv6; IPv4 has the first alone. */
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;

  isFragment = false;
  hasMoreFragments = false;
  /** In bytes. */
  fragmentOffset = 0;
  fragmentId = 0;
  /** First byte of what is behind the headers that each fragment repeats; of IPv6 also where one fragment is all. */
  fragmentAt = -1;
  /** IPv6: place of the field that names what follows the headers each fragment repeats. */
  nextHeaderAt = -1;

  transportAt = -1;
  /** The transport's header was whole and could be read. */
  hasTransport = false;
  /** It is of a kind of which flows are kept. */
  hasFlow = false;
  sourcePort = 0;
  destinationPort = 0;
  icmpType = 0;
  icmpCode = 0;
  /** Of ESP. */
  securityIndex = 0;
  payloadAt = -1;
  payloadEnd = -1;

  sequence = 0;
  acknowledgment = 0;
  tcpFlags = 0;
  window = 0;
  /** -1 where the packet has no such option. */
  maximumSegment = -1;
  windowScale = -1;
  allowsSack = false;
  hasSack = false;
  /** It may carry data before the handshake is over (RFC 7413). */
  hasFastOpen = false;
  hasTimestamp = false;
  timestampValue = 0;
  timestampEcho = 0;

  /** What the packet carries that is a packet itself: a code of `TUNNEL`, and where it begins. */
  innerKind = 0;
  innerAt = -1;
  innerEnd = -1;
  /** Bytes before it that count as its own. */
  innerHeadBytes = 0;
  /** The VLAN that the tunnel names for what it carries; -1 where it names none. */
  innerVlan = -1;

  /** Codes of `DECODE_EVENTS`; the first `eventCount` hold. */
  readonly events: Uint8Array = new Uint8Array(16);
  eventCount = 0;
  /** What rules have captured of it; null: nothing. */
  texts: { readonly name: string; readonly key: Uint8Array | null; readonly value: Uint8Array }[] | null = null;
  /** Cannot be taken further: an event says why. */
  isInvalid = false;
  /** A part of it is not as it should be, which keeps nothing from being examined: an event says which. */
  isSpoilt = false;

  get payloadLength(): number {
    return this.payloadEnd - this.payloadAt;
  }

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.depth = 0;
    this.layers = 0;
    this.root = null;
    this.linkType = LINK_RAW;
    this.source = 'wire/pcap';
    this.isReassembled = false;
    this.frameBytes = 0;
    this.isPseudo = false;
    this.isFlush = false;
    this.vlanCount = 0;
    this.vlan0 = 0;
    this.vlan1 = 0;
    this.vlan2 = 0;
    this.ipVersion = 0;
    this.ipAt = -1;
    this.ttl = 0;
    this.ipOptions = 0;
    this.protocol = -1;
    this.hasAddressesAlone = false;
    this.src0 = 0;
    this.src1 = 0;
    this.src2 = 0;
    this.src3 = 0;
    this.dst0 = 0;
    this.dst1 = 0;
    this.dst2 = 0;
    this.dst3 = 0;
    this.isFragment = false;
    this.hasMoreFragments = false;
    this.fragmentOffset = 0;
    this.fragmentId = 0;
    this.fragmentAt = -1;
    this.nextHeaderAt = -1;
    this.transportAt = -1;
    this.hasTransport = false;
    this.hasFlow = false;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.icmpType = 0;
    this.icmpCode = 0;
    this.securityIndex = 0;
    this.payloadAt = -1;
    this.payloadEnd = -1;
    this.sequence = 0;
    this.acknowledgment = 0;
    this.tcpFlags = 0;
    this.window = 0;
    this.maximumSegment = -1;
    this.windowScale = -1;
    this.allowsSack = false;
    this.hasSack = false;
    this.hasFastOpen = false;
    this.hasTimestamp = false;
    this.timestampValue = 0;
    this.timestampEcho = 0;
    this.innerKind = 0;
    this.innerAt = -1;
    this.innerEnd = -1;
    this.innerHeadBytes = 0;
    this.innerVlan = -1;
    this.eventCount = 0;
    this.texts = null;
    this.isInvalid = false;
    this.isSpoilt = false;
  }
}
