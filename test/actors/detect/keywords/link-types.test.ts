/** Frames of each link type that Suricata reads, right and spoilt: the same packets have the same events, and the same alerts. */
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { needs } from '../../../support/needs.ts';
import { pcapOf } from '../captures.ts';
import { bytesOf, type Ends, ipv4, ipv6, n16, n32, udpDatagram } from '../frames.ts';
import { suricataAnswers } from './ask-suricata.ts';
import { type Answer, type Group, printPackets } from './groups.ts';
import { ourAnswers } from './ours.ts';

const there: Ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 0, 2) };
const there6: Ends = { from: new Uint8Array(16).fill(0x20), to: new Uint8Array(16).fill(0x21) };
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const plain = ipv4(there, 17, udpDatagram(there, 4000, 9000, text('hello')));
const plain6 = ipv6(there6, 17, udpDatagram(there6, 4000, 9000, text('hello')));
const spoilt = bytesOf(0x50, plain.subarray(1));

const EVENTS: readonly string[] = [
  ...['ppp.pkt_too_small', 'ppp.vju_pkt_too_small', 'ppp.ip4_pkt_too_small', 'ppp.ip6_pkt_too_small', 'ppp.wrong_type'],
  ...['ppp.unsup_proto', 'ltnull.pkt_too_small', 'ltnull.unsupported_type', 'chdlc.pkt_too_small', 'sll.pkt_too_small'],
  ...['ipv4.pkt_too_small', 'ipv4.wrong_ip_version', 'ipraw.invalid_ip_version', 'ipv6.wrong_ip_version'],
];
const RULES: readonly string[] = [
  'alert udp any any -> any 9000 (content:"hello"; sid:1;)',
  'alert pkthdr any any -> any any (msg:"all"; sid:2;)',
  ...EVENTS.map((name, i) => `alert pkthdr any any -> any any (decode-event:${name}; sid:${10 + i};)`),
];

interface Case {
  readonly name: string;
  readonly linkType: number;
  readonly frames: readonly Uint8Array[];
  /** Of Suricata 7.0.10: which rules alert at which packets. */
  readonly told: string;
}

const CASES: readonly Case[] = [
  {
    name: 'PPP',
    linkType: linkTypes.LINK_PPP,
    frames: [
      bytesOf(0xff, 3, n16(0x0021), plain),
      bytesOf(n16(0x0021), plain),
      bytesOf(0x21, plain),
      bytesOf(0xff, 3, 0x57, plain6),
      bytesOf(n16(0x0057), plain6),
      bytesOf(n16(0x002f), plain),
      bytesOf(0x2f, plain),
      bytesOf(n16(0x002f), spoilt),
      bytesOf(n16(0x0021), spoilt),
      bytesOf(n16(0x0021), text('short')),
      bytesOf(0x21, text('short')),
      bytesOf(n16(0x0057), text('short')),
      bytesOf(0x57, text('short')),
      bytesOf(n16(0x8021), text('control')),
      bytesOf(n16(0x80fd), text('compression')),
      bytesOf(n16(0x1234), text('unknown')),
      bytesOf(0x35, text('unknown')),
      Uint8Array.of(0xff),
      Uint8Array.of(0xff, 3),
      Uint8Array.of(0),
    ],
    told: '1: 1-7; 2: 1 4; ppp.pkt_too_small: 18-20; ppp.vju_pkt_too_small: 11; ppp.ip4_pkt_too_small: 10; ppp.ip6_pkt_too_small: 12-13; ppp.wrong_type: 16; ppp.unsup_proto: 14-15 17; ipv4.wrong_ip_version: 9',
  },
  {
    name: 'the loop of BSD',
    linkType: linkTypes.LINK_NULL,
    frames: [
      bytesOf(2, 0, 0, 0, plain),
      ...[10, 23, 24, 26, 28, 30].map((family) => bytesOf(family, 0, 0, 0, plain6)),
      bytesOf(0, 0, 0, 2, plain),
      bytesOf(7, 0, 0, 0, plain),
      bytesOf(2, 0, 0, 0, plain6),
      bytesOf(2, 0, 0, 0),
      bytesOf(2, 0, 0),
    ],
    told: '1: 1-7; 2: 1-2; ltnull.pkt_too_small: 12; ltnull.unsupported_type: 8-9; ipv4.pkt_too_small: 11; ipv4.wrong_ip_version: 10',
  },
  {
    name: "Cisco's HDLC",
    linkType: linkTypes.LINK_CISCO_HDLC,
    frames: [
      bytesOf(0x0f, 0, n16(0x0800), plain),
      bytesOf(0x0f, 0, n16(0x86dd), plain6),
      bytesOf(0x0f, 0, n16(0x8035), plain),
      bytesOf(0x0f, 0, 8),
    ],
    told: '1: 1-2; 2: 1-2; chdlc.pkt_too_small: 4',
  },
  {
    name: 'raw',
    linkType: linkTypes.LINK_RAW,
    frames: [plain, plain6, spoilt, text('short')],
    told: '1: 1-2; 2: 1-2; ipv4.pkt_too_small: 4; ipraw.invalid_ip_version: 3',
  },
  {
    name: 'raw, named IPv4',
    linkType: linkTypes.LINK_IPV4,
    frames: [plain, plain6, spoilt],
    told: '1: 1-2; 2: 1-2; ipraw.invalid_ip_version: 3',
  },
  {
    name: "Linux's cooked",
    linkType: linkTypes.LINK_LINUX_SLL,
    frames: [
      bytesOf(new Uint8Array(14), n16(0x0800), plain),
      bytesOf(new Uint8Array(14), n16(0x8100), n16(5), n16(0x86dd), plain6),
      bytesOf(new Uint8Array(14), n16(0x1234), n32(0)),
      new Uint8Array(15),
    ],
    told: '1: 1-2; 2: 1-2; sll.pkt_too_small: 4',
  },
];

const group: Group = { name: 'link types', rules: RULES, validatesChecksums: false, midstream: false };

const captureOf = ({ frames, linkType }: Case): Uint8Array =>
  pcapOf(
    frames.map((bytes, i) => ({ bytes, timeUs: 1_700_000_000_000_000 + i, linkType, wireLength: bytes.length })),
    { isBig: false, isNano: false },
  );

function print(answers: ReadonlyMap<number, Answer>): string {
  const alerting = [...answers].filter(([, { packets }]) => packets.length > 0);
  return alerting.map(([sid, { packets }]) => `${EVENTS[sid - 10] ?? sid}: ${printPackets(packets)}`).join('; ');
}

for (const one of CASES)
  t.test(one.name, async (t) => t.equal(print(ourAnswers(group, captureOf(one)).answers), one.told));

t.test('the answers are those of the Suricata that is here', async (t) => {
  if (process.env.MSEC_SURICATA_KEYWORDS === undefined || !needs(t, 'suricata')) return;
  for (const one of CASES) t.equal(print(suricataAnswers(group, captureOf(one))), one.told, one.name);
});
