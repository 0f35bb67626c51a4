/** Captures of every kind, and rules that alert on much of them in every way in which an alert can come about. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readRules, variables } from '../../../../actors/detect/index.ts';
import { captureFiles, pcapOf, readCapture, type SimplePacket } from '../captures.ts';
import { makeCase } from '../differential/case.ts';
import { captureOf } from '../differential/compare.ts';
import { corpus } from '../keywords/corpus.ts';
import { talk, WEB_RULES } from '../protocols/http/web-talks.ts';
import type { Scene } from './beside-suricata.ts';
import { FRAMES, RULES } from './talks.ts';

export interface NamedScene extends Scene {
  readonly name: string;
}

/** Of packets, streams, transactions, files, protocols, flows; with all that a rule can add to its alerts. */
export const GENERAL = `
alert ip any any -> any any (msg:"addresses alone"; sid:9000001; rev:3; gid:7;)
alert pkthdr any any -> any any (msg:"odd packet"; decode-event:ipv4.trunc_pkt; sid:9000002;)
alert tcp any any -> any any (msg:"flags"; flags:S,12; target:dest_ip; classtype:trojan-activity; sid:9000003;)
alert tcp-pkt any any -> any any (msg:"payload of a packet"; content:"e"; sid:9000004;)
alert tcp-stream any any -> any any (msg:"stream"; content:"e"; metadata:a b, a c, former_category MALWARE; sid:9000005;)
alert udp any any -> any any (msg:"datagram"; content:"|00|"; target:src_ip; priority:1; sid:9000006;)
alert icmp any any -> any any (msg:"icmp \\"quoted\\""; itype:8; sid:9000007;)
alert http any any -> any any (msg:"uri"; http.uri; content:"/"; flowbits:set,uri; sid:9000008;)
alert http any any -> any any (msg:"answer"; http.stat_code; content:"2"; flowint:answers,+,1; sid:9000009;)
alert http any any -> any any (msg:"file"; file.data; content:"e"; sid:9000010;)
alert http any any -> any any (msg:"name"; filename:"a"; sid:9000011;)
alert dns any any -> any any (msg:"query"; dns.query; content:"."; sid:9000012;)
alert tls any any -> any any (msg:"tls"; tls.sni; content:"."; sid:9000013;)
alert ssh any any -> any any (msg:"ssh"; ssh.proto; content:"2"; sid:9000014;)
alert mqtt any any -> any any (msg:"mqtt"; mqtt.type:PUBLISH; sid:9000015;)
alert mqtt any any -> any any (msg:"connect"; mqtt.connect.clientid; content:"e"; sid:9000016;)
alert modbus any any -> any any (msg:"modbus"; modbus:access read; sid:9000017;)
alert tcp any any -> any any (msg:"protocol"; app-layer-protocol:http; sid:9000018;)
alert tcp any any -> any any (msg:"both"; flow:to_client,established; content:"o"; noalert; flowbits:set,both; sid:9000019;)
alert tcp any any -> any any (msg:"text of a client"; flow:to_server,established; content:"a"; sid:9000020;)
reject udp any any -> any 53 (msg:"rejected"; sid:9000021;)
drop tcp any any -> any 80 (msg:"dropped"; flags:F,12; sid:9000022;)
alert telnet any any -> any any (msg:"telnet"; content:"o"; sid:9000023;)
`;

const text = (path: string): string => readFileSync(path, 'latin1');
const START_US = 1_700_000_000_000_000;

/** Of rules that cannot be asked here nothing is compared. */
const taken = (rules: readonly string[]): string => {
  const { refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  const left = new Set(refused.map(({ line }) => line));
  return `${rules.filter((_, at) => !left.has(at + 1)).join('\n')}\n`;
};

export function recordedScenes(): NamedScene[] {
  return captureFiles().flatMap((path) => {
    const folder = dirname(path);
    const isCase = basename(folder) !== 'captures';
    const name = isCase ? basename(folder) : basename(path);
    const own = isCase ? text(`${folder}/test.rules`).split('\n') : [];
    const capture = file(hurried(readCapture(path)));
    return [false, true].map((midstream) => ({
      name: `${name}${midstream ? ' picked up' : ''}`,
      capture,
      rules: `${taken(own)}${GENERAL}`,
      midstream,
    }));
  });
}

const framesOf = (frames: readonly Uint8Array[]): SimplePacket[] =>
  frames.map((bytes, at) => ({ bytes, timeUs: START_US + at * 1000, linkType: 1, wireLength: bytes.length }));

/** No flow is over for being silent: Suricata sees that by the clock of the machine. */
const GAP_MAX_US = 50_000;
function hurried(packets: readonly SimplePacket[]): SimplePacket[] {
  let [timeUs, before] = [0, packets[0]?.timeUs ?? 0];
  return packets.map((packet) => {
    timeUs = timeUs === 0 ? before : timeUs + Math.min(Math.max(packet.timeUs - before, 0), GAP_MAX_US);
    before = packet.timeUs;
    return { ...packet, timeUs };
  });
}

const file = (packets: readonly SimplePacket[]): Uint8Array => pcapOf(packets, { isBig: false, isNano: false });

export function writtenScenes(): NamedScene[] {
  return [false, true].flatMap((midstream) => {
    const suffix = midstream ? ' picked up' : '';
    return [
      { name: `talks${suffix}`, capture: file(framesOf(FRAMES)), rules: `${RULES}${GENERAL}`, midstream },
      { name: `corpus${suffix}`, capture: file(hurried(corpus())), rules: GENERAL, midstream },
    ];
  });
}

/** Cases of the differential test, with their own rules. */
export function generatedScene(first: number, count: number, midstream: boolean): NamedScene {
  const cases = Array.from({ length: count }, (_, slot) => makeCase(first + slot, slot));
  const rules = taken(cases.flatMap((one) => one.rules));
  return { name: `cases from ${first}`, capture: captureOf(cases), rules, midstream };
}

/** Connections of spoilt HTTP. */
export function webScene(first: number, count: number): NamedScene {
  const packets = Array.from({ length: count }, (_, index) => talk(first + index, index)).flat();
  return { name: `web from ${first}`, capture: file(packets), rules: WEB_RULES, midstream: false };
}
