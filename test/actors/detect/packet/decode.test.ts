import fc from 'fast-check';
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import {
  DECODE_EVENTS,
  decodeCaptured,
  decodeInner,
  isIpChecksumValid,
  isTransportChecksumValid,
  Packet,
} from '../../../../actors/detect/packet/index.ts';
import { needs } from '../../../support/needs.ts';
import { captured, captureFiles, readCapture } from '../captures.ts';
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, n16, n32, tcpSegment, udpDatagram } from '../frames.ts';

const V4: Ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(192, 168, 3, 4) };
const V6: Ends = { from: new Uint8Array(16).fill(0x20), to: new Uint8Array(16).fill(0xfe) };
const packet = new Packet();
const decode = (bytes: Uint8Array, linkType: number = linkTypes.LINK_ETHERNET): Packet => {
  decodeCaptured(packet, captured(bytes, linkType));
  return packet;
};
const events = (): string[] => [...packet.events.subarray(0, packet.eventCount)].map((code) => DECODE_EVENTS[code]!);
const payload = (): number[] => [...packet.bytes.subarray(packet.payloadAt, packet.payloadEnd)];

const endsOf = fc.oneof(
  fc.record({ from: fc.uint8Array({ minLength: 4, maxLength: 4 }), to: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
  fc.record({
    from: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    to: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  }),
);
const tagsOf = fc.array(fc.tuple(fc.constantFrom(0x8100, 0x88a8, 0x9100), fc.nat(4095)), { maxLength: 3 });

/** Ethernet's payload and type for what either version of IP carries; IPv6 with up to three extension headers. */
function ipFrame(
  ends: Ends,
  protocol: number,
  body: Uint8Array,
  tags: readonly (readonly [number, number])[],
): Uint8Array {
  if (ends.from.length === 4) return ethernet(0x0800, ipv4(ends, protocol, body, bytesOf(1, 1, 1, 0)), tags);
  const extensions = [0, 43, 60]
    .slice(0, tags.length)
    .map((number) => [number, bytesOf(1, new Uint8Array(14))] as const);
  return ethernet(0x86dd, ipv6(ends, protocol, body, extensions), tags);
}

/** What `ipFrame` fills headers with. */
const ODD: readonly string[] = [
  'ipv4.opt_pad_required',
  'ipv6.hopopts_only_padding',
  'ipv6.dstopts_only_padding',
  'ipv6.rh_type_0',
];

t.test('TCP gives back its fields over both versions of IP, any tags and extension headers', async (t) => {
  fc.assert(
    fc.property(
      endsOf,
      tagsOf,
      fc.record({
        fromPort: fc.nat(65_535),
        toPort: fc.nat(65_535),
        sequence: fc.integer(),
        acknowledgment: fc.integer(),
        flags: fc.nat(255),
        window: fc.nat(65_535),
      }),
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(65_535),
      (ends, tags, fields, body, mss) => {
        const options = bytesOf(2, 4, n16(mss), 1, 3, 3, 9, 4, 2, 8, 10, n32(17), n32(-4));
        const frame = ipFrame(ends, 6, tcpSegment(ends, { ...fields, options }, body), tags);
        // What a frame is padded with is not payload.
        decode(bytesOf(frame, new Uint8Array(7).fill(0xee)));
        t.strictSame(
          events().filter((event) => !ODD.includes(event)),
          [],
        );
        t.strictSame(payload(), [...body]);
        t.match(packet, {
          sourcePort: fields.fromPort,
          destinationPort: fields.toPort,
          sequence: fields.sequence,
          acknowledgment: fields.acknowledgment,
          tcpFlags: fields.flags,
          window: fields.window,
          maximumSegment: mss,
          windowScale: 9,
          allowsSack: true,
          timestampValue: 17,
          timestampEcho: -4,
          vlanCount: tags.length,
          vlan0: tags[0]?.[1] ?? 0,
          vlan2: tags[2]?.[1] ?? 0,
          src0: Buffer.from(ends.from).readInt32BE(0),
        });
        t.ok(isIpChecksumValid(packet) && isTransportChecksumValid(packet));
      },
    ),
    { numRuns: 300 },
  );
});

t.test('UDP and ICMP too; a changed byte of what a checksum covers makes it wrong', async (t) => {
  fc.assert(
    fc.property(
      endsOf,
      fc.boolean(),
      fc.uint8Array({ minLength: 4, maxLength: 61 }),
      fc.nat(),
      (ends, isUdp, body, chosen) => {
        const isV4 = ends.from.length === 4;
        const inner = isUdp ? udpDatagram(ends, 53, 5353, body) : icmpMessage(ends, isV4 ? 8 : 128, 0, body);
        const frame = ipFrame(ends, isUdp ? 17 : isV4 ? 1 : 58, inner, []);
        decode(frame);
        t.strictSame(payload(), isUdp ? [...body] : [...body.subarray(4)]);
        t.ok(isTransportChecksumValid(packet) && isIpChecksumValid(packet));
        const changed = Uint8Array.from(frame);
        // Behind the checksum's own field, and not UDP's length, which would end the packet elsewhere.
        const at = packet.transportAt + 8 + (chosen % (inner.length - 8 || 1));
        if (at >= frame.length) return;
        changed[at]! ^= 0x41;
        decode(changed);
        t.notOk(isTransportChecksumValid(packet));
        if (isV4) {
          const header = Uint8Array.from(frame);
          header[14 + 8]! ^= 1;
          decode(header);
          t.notOk(isIpChecksumValid(packet));
        }
      },
    ),
    { numRuns: 300 },
  );
});

t.test('every link type leads to the same packet', async (t) => {
  const ip = ipv4(V4, 17, udpDatagram(V4, 1, 2, Uint8Array.of(9)));
  const links: readonly (readonly [number, Uint8Array])[] = [
    [linkTypes.LINK_ETHERNET, ethernet(0x0800, ip)],
    [linkTypes.LINK_ETHERNET, ethernet(0x8847, bytesOf(n32(0x12340040), n32(0x12345140), ip))],
    [linkTypes.LINK_ETHERNET, ethernet(0x8864, bytesOf(0x11, 0, n16(9), n16(ip.length + 2), n16(0x21), ip))],
    [linkTypes.LINK_LINUX_SLL, bytesOf(new Uint8Array(14), n16(0x0800), ip)],
    [linkTypes.LINK_LINUX_SLL2, bytesOf(n16(0x0800), new Uint8Array(18), ip)],
    [linkTypes.LINK_RAW, ip],
    [linkTypes.LINK_RAW_BSD, ip],
    [linkTypes.LINK_IPV4, ip],
    [linkTypes.LINK_NULL, bytesOf(2, 0, 0, 0, ip)],
    [linkTypes.LINK_LOOP, bytesOf(0, 0, 0, 2, ip)],
  ];
  for (const [linkType, bytes] of links) {
    decode(bytes, linkType);
    t.match(packet, { ipVersion: 4, sourcePort: 1, destinationPort: 2, hasTransport: true }, `link ${linkType}`);
    t.strictSame(payload(), [9]);
  }
  t.ok(decode(ip, 147).isInvalid, 'a link type that is not known is not guessed at');
});

const overUdp = (port: number, payload: Uint8Array): Uint8Array => ipv4(V4, 17, udpDatagram(V4, 5, port, payload));

t.test('packets in packets', async (t) => {
  const ip = ipv4(V4, 17, udpDatagram(V4, 1, 2, Uint8Array.of(9)));
  const six = ipv6(V6, 17, udpDatagram(V6, 1, 2, Uint8Array.of(9)));
  const outers = [
    ipv6(V6, 4, ip),
    ipv4(V4, 41, six),
    ipv6(V6, 41, six),
    ipv4(V4, 47, bytesOf(n16(0), n16(0x0800), ip)),
    ipv4(V4, 47, bytesOf(n16(0xb000), n16(0x86dd), new Uint8Array(12), six)),
    ipv4(V4, 47, bytesOf(n16(0x2000), n16(0x6558), n32(5), ethernet(0x0800, ip))),
    ipv4(V4, 47, bytesOf(n16(0), n16(0x8100), n16(7), n16(0x0800), ip)),
    ipv4(V4, 47, bytesOf(n16(0x3001), n16(0x880b), n16(33), n16(1), n32(1), n16(0xff03), n16(0x0021), ip)),
    ipv4(V4, 47, bytesOf(n16(0), n16(0x88be), ethernet(0x0800, ip))),
    ipv4(V4, 47, bytesOf(n16(0x1000), n16(0x88be), n32(1), n16(0x1009), n16(1), n32(0), ethernet(0x0800, ip))),
    overUdp(4789, bytesOf(n32(0x08000000), n32(0x100), ethernet(0x0800, ip))),
    overUdp(6081, bytesOf(n16(0x0200), n16(0x6558), n32(0x100), n32(1), n32(0), ethernet(0x0800, ip))),
    overUdp(6081, bytesOf(n16(0), n16(0x86dd), n32(0x100), six)),
    overUdp(3544, six),
    overUdp(3544, bytesOf(n16(0), n16(1), n32(1), six)),
  ];
  const inner = new Packet();
  for (const outer of outers) {
    decodeInner(inner, decode(outer, linkTypes.LINK_RAW));
    t.match(inner, { depth: 1, sourcePort: 1, destinationPort: 2, hasTransport: true, isInvalid: false });
    // A datagram's own length stays; nothing is looked for in it.
    t.equal(packet.payloadLength > 0, packet.protocol === 17);
  }
  // As in Suricata.
  for (const outer of [
    ipv4(V4, 4, ip),
    overUdp(5000, six),
    overUdp(4789, bytesOf(n32(0), n32(0), ethernet(0x0800, ip))),
  ])
    t.equal(decode(outer, linkTypes.LINK_RAW).innerKind, 0);
});

t.test('of ICMPv6 other than errors and echoes rules see half the header and no end, as in Suricata', async (t) => {
  const text = Uint8Array.from({ length: 24 }, (_, i) => 65 + i);
  const seen = (type: number, code: number, length: number): number[] => {
    decode(
      ipv6(V6, 58, icmpMessage(V6, type, code, bytesOf(n16(0x1707), n16(1), text.subarray(0, length)))),
      linkTypes.LINK_RAW,
    );
    return [...payload()];
  };
  for (const [type, code] of [
    [128, 0],
    [1, 6],
    [3, 1],
  ] as const)
    t.same(seen(type, code, 24), [...text]);
  for (const [type, code] of [
    [128, 1],
    [1, 7],
    [3, 2],
    [135, 0],
  ] as const) {
    t.same(seen(type, code, 9), [0x17, 7, 0, 1, 65]);
    t.same(seen(type, code, 4), []);
    t.ok(isTransportChecksumValid(packet));
  }
  decode(ipv4(V4, 50, bytesOf(n32(7), n32(1), text)), linkTypes.LINK_RAW);
  t.same([...payload()], [...text], 'that of ESP is what it hides');
  decode(ipv4(V4, 50, n32(7)), linkTypes.LINK_RAW);
  t.equal(packet.isInvalid, true);
});

t.test('damage is named', async (t) => {
  const tcp = tcpSegment(V4, { fromPort: 1, toPort: 2, sequence: 3, acknowledgment: 4, flags: 2 }, Uint8Array.of());
  const good = ipv4(V4, 6, tcp);
  const with_ = (at: number, value: number): Uint8Array => {
    const changed = Uint8Array.from(good);
    changed[at] = value;
    return changed;
  };
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [good.subarray(0, 19), 'ipv4.pkt_too_small'],
    [with_(0, 0x44), 'ipv4.hlen_too_small'],
    [with_(3, 19), 'ipv4.iplen_smaller_than_hlen'],
    [with_(3, 99), 'ipv4.trunc_pkt'],
    [with_(32, 0x40), 'tcp.invalid_optlen'],
    [with_(32, 0xf0), 'tcp.hlen_too_small'],
    [ipv4(V4, 6, tcp.subarray(0, 12)), 'tcp.pkt_too_small'],
    [ipv4(V4, 17, bytesOf(n16(1), n16(2), n16(7), n16(0))), 'udp.len_invalid'],
    [ipv4(V4, 17, bytesOf(n16(1), n16(2), n16(9), n16(0))), 'udp.pkt_too_small'],
    [ipv4(V4, 1, Uint8Array.of(8, 0)), 'icmpv4.pkt_too_small'],
    [ipv6(V6, 6, tcp).subarray(0, 50), 'ipv6.trunc_pkt'],
    [ipv6(V6, 6, Uint8Array.of(), [[0, Uint8Array.of(9, 0, 0, 0, 0, 0, 0)]]), 'ipv6.trunc_exthdr'],
    [new Uint8Array(20).fill(0x50), 'ipraw.invalid_ip_version'],
    [Uint8Array.of(0x50), 'ipv4.pkt_too_small'],
  ];
  for (const [bytes, event] of cases) {
    decode(bytes, linkTypes.LINK_RAW);
    t.strictSame([packet.isInvalid, ...events()], [true, event]);
  }
});

t.test('whatever the bytes are, no place lies outside of them', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const frames = captureFiles().flatMap((path) => readCapture(path));
  const inner = new Packet();
  const inside = (tested: Packet): void => {
    for (const place of [tested.payloadAt, tested.payloadEnd, tested.transportAt, tested.innerEnd, tested.fragmentAt])
      if (place !== -1 && (place < tested.start || place > tested.end)) t.fail(`place ${place} of ${tested.end}`);
    if (tested.payloadEnd < tested.payloadAt) t.fail('a payload of less than nothing');
    isIpChecksumValid(tested);
    isTransportChecksumValid(tested);
  };
  let damaged = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 4 }),
      fc.nat(1500),
      ({ bytes, linkType }, changes, length) => {
        const frame = bytes.slice(0, length);
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
        inside(decode(frame, linkType));
        if (packet.isInvalid) damaged++;
        if (packet.innerKind === 0) return;
        decodeInner(inner, packet);
        inside(inner);
      },
    ),
    { numRuns: 5000 },
  );
  t.ok(damaged > 500, `${damaged} damaged`);
});
