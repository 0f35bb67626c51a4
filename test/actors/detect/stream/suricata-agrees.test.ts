/**
 * Hostile conversations with what Suricata 7.0.10 made of them: which packet (or the flow's end) each marker was found
 * with, which stream events each packet had, and how the flows ended. Markers are `<m.n>`; each was a content rule.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import type { Direction, Flow } from '../../../../actors/detect/flow/index.ts';
import type { Packet } from '../../../../actors/detect/packet/index.ts';
import { STREAM_DEFAULTS, type TcpSession } from '../../../../actors/detect/stream/index.ts';
import { TRAFFIC_DEFAULTS, Traffic, type TrafficSink } from '../../../../actors/detect/traffic/index.ts';
import { captured, pcapOf } from '../captures.ts';
import { ipv4, tcpSegment } from '../frames.ts';
import { ourAnswers } from '../keywords/ours.ts';

interface Conversation {
  readonly midstream: boolean;
  /** Not free to choose: a number that no packet has named yet counts as 0, there as here. */
  readonly isn: readonly [number, number];
  /** Direction, flags, sequence and acknowledgment from the SYN's on, window, text. */
  readonly packets: readonly (readonly [Direction, number, number, number | null, number, string])[];
  readonly alerts: readonly string[];
  /** Packets that `flow: established` matches. */
  readonly established: readonly number[];
  readonly flows: readonly string[];
}

const conversations: readonly Conversation[] = readFileSync(
  new URL('conversations-by-suricata.jsonl', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Conversation);

/** Told by how far the bytes are read: that takes a sensor, and not the stand-in here. */
const GAP = 'reassembly_seq_gap';
const isGap = (alert: string): boolean => alert.endsWith(GAP);

class Rules implements TrafficSink {
  readonly alerts: string[] = [];
  readonly established: number[] = [];
  readonly flows: string[] = [];
  readonly #seen = new Map<number, Set<Direction>>();

  /** Both directions have had bytes of no known protocol: nothing reads them any more. */
  data(flow: Flow, direction: Direction, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const seen = this.#seen.get(flow.id) ?? new Set();
    this.#seen.set(flow.id, seen.add(direction));
    if (seen.size === 2) (flow.session as TcpSession).giveUpApplication();
  }

  gap(): boolean {
    return true;
  }

  packet(packet: Packet, flow: Flow | null, direction: Direction): void {
    const at = packet.isPseudo ? 'end' : String(packet.number);
    if (flow === null) return;
    const { session } = flow;
    if (!packet.isPseudo && flow.isEstablished) this.established.push(packet.number);
    const found = new Set<string>();
    const scan = (bytes: Uint8Array): void => {
      for (const [marker] of Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/<[0-9a-z]+\.[0-9a-z]+>/g))
        found.add(marker);
    };
    const isHidden = session?.hidesPayload(direction) === true;
    for (let chunk = session?.rawChunks(direction, true) ?? null; chunk !== null; chunk = chunk.next) scan(chunk.bytes);
    if (!isHidden) scan(packet.bytes.subarray(packet.payloadAt, packet.payloadEnd));
    for (const marker of found) this.alerts.push(`${at} ${marker}`);
    for (const event of new Set(session?.events)) if (event !== GAP) this.alerts.push(`${at} event ${event}`);
  }

  end(flow: Flow): void {
    this.flows.push(`${flow.sourcePort === 7777 ? 's' : 'c'} ${flow.packets.join('/')} ${flow.state}`);
  }
}

/** Each conversation between addresses of its own. */
function framesOf({ isn, packets }: Pick<Conversation, 'isn' | 'packets'>, index: number): Uint8Array[] {
  const ends = [Uint8Array.of(10, 0, index, 1), Uint8Array.of(10, 0, index, 2)] as const;
  // Neither belongs to a protocol.
  const ports = [20_001, 7777] as const;
  return packets.map(([direction, flags, sequence, acknowledgment, window, text]) => {
    const other = direction === 0 ? 1 : 0;
    const way = { from: ends[direction], to: ends[other] };
    const fields = {
      fromPort: ports[direction],
      toPort: ports[other],
      sequence: (isn[direction] + sequence) >>> 0,
      acknowledgment: acknowledgment === null ? 0 : (isn[other] + acknowledgment) >>> 0,
      flags,
      window,
    };
    return ipv4(way, 6, tcpSegment(way, fields, Buffer.from(text, 'latin1')));
  });
}

t.test('markers, events and flows are where Suricata has them', async (t) => {
  t.ok(conversations.length >= 80);
  for (const [index, { midstream, isn, packets, alerts, established, flows }] of conversations.entries()) {
    const rules = new Rules();
    // Suricata was asked for every event.
    const stream = { ...STREAM_DEFAULTS, midstream, comparesOverlaps: true };
    const traffic = new Traffic(rules, { ...TRAFFIC_DEFAULTS, stream });
    for (const [at, bytes] of framesOf({ isn, packets }, 0).entries())
      traffic.take(captured(bytes, linkTypes.LINK_RAW, 1_700_000_000_000_000 + at * 100, at + 1));
    traffic.finish();
    t.strictSame(rules.alerts.toSorted(), alerts.filter((one) => !isGap(one)).toSorted(), `conversation ${index}`);
    t.strictSame(rules.established, established, `established of ${index}`);
    t.strictSame(rules.flows.toSorted(), flows.toSorted(), `flows of ${index}`);
    t.equal(traffic.tracker.pool.heldBytes, 0, 'no memory is left behind');
  }
});

t.test('gaps are told where Suricata tells them', async (t) => {
  const rules = [
    `alert pkthdr any any -> any any (stream-event:${GAP}; sid:1;)`,
    'alert tcp any any -> any any (content:"<"; content:"not there"; sid:2;)',
  ];
  for (const midstream of [false, true]) {
    const chosen = [...conversations.entries()].filter(([, one]) => one.midstream === midstream);
    const frames = chosen.flatMap(([index, one]) => framesOf(one, index));
    const packets = frames.map((bytes, i) => ({
      bytes,
      timeUs: 1_700_000_000_000_000 + i * 100,
      linkType: linkTypes.LINK_RAW,
      wireLength: bytes.length,
    }));
    const group = { name: 'gaps', rules, validatesChecksums: false, midstream };
    const told = ourAnswers(group, pcapOf(packets, { isBig: false, isNano: false })).answers.get(1)!.packets;
    let before = 0;
    const wanted: number[] = [];
    for (const [, one] of chosen) {
      for (const alert of one.alerts.filter(isGap)) wanted.push(before + Number(alert.split(' ')[0]));
      before += one.packets.length;
    }
    t.strictSame(told, wanted);
    t.ok(wanted.length > 10);
  }
});
