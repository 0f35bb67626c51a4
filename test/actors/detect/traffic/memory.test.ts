/** All that traffic makes a sensor keep below its protocols, together: a flood of everything at once stays within the sum of the caps. */
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { DEFRAG_DEFAULTS } from '../../../../actors/detect/defrag/index.ts';
import { FLOW_COST_BYTES, FLOW_DEFAULTS } from '../../../../actors/detect/flow/index.ts';
import { STREAM_DEFAULTS } from '../../../../actors/detect/stream/index.ts';
import { TRAFFIC_DEFAULTS, Traffic, type TrafficSink } from '../../../../actors/detect/traffic/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ethernet, ipv4, n16, tcpSegment, udpDatagram } from '../frames.ts';
import { ACK, PUSH, SERVER, SYN } from './conversation.ts';

const NOBODY: TrafficSink = { data() {}, gap: () => true, packet() {}, end() {} };
const KIB = 1024;
const CAPS = { flows: 256 * KIB, streams: 512 * KIB, fragments: 128 * KIB };
const CLIENTS = 600;

t.test(
  'flows, streams and fragments never take more than their caps together, and come near to each of them',
  async (t) => {
    const traffic = new Traffic(NOBODY, {
      ...TRAFFIC_DEFAULTS,
      flow: { ...FLOW_DEFAULTS, memoryBytes: CAPS.flows },
      stream: { ...STREAM_DEFAULTS, memoryBytes: CAPS.streams },
      defrag: { ...DEFRAG_DEFAULTS, maxBytes: CAPS.fragments },
    });
    const most = { flows: 0, streams: 0, fragments: 0, all: 0 };
    let n = 0;
    const take = (ip: Uint8Array): void => {
      n += 1;
      traffic.take(captured(ethernet(0x0800, ip), linkTypes.LINK_ETHERNET, 1_700_000_000_000_000 + n * 10, n));
      const flows = traffic.flows.counts.active * FLOW_COST_BYTES;
      const streams = traffic.tracker.pool.heldBytes;
      const fragments = traffic.defragmenter.heldBytes;
      most.flows = Math.max(most.flows, flows);
      most.streams = Math.max(most.streams, streams);
      most.fragments = Math.max(most.fragments, fragments);
      most.all = Math.max(most.all, flows + streams + fragments);
    };
    const text = new Uint8Array(1400).fill(0x61);
    for (let client = 0; client < CLIENTS; client++) {
      const there: Ends = { from: Uint8Array.of(10, 0, client >> 8, client & 255), to: SERVER };
      const back: Ends = { from: there.to, to: there.from };
      const segment = (
        ends: Ends,
        flags: number,
        sequence: number,
        acknowledgment: number,
        bytes = new Uint8Array(0),
      ) => {
        const [fromPort, toPort] = ends === there ? [4000, 80] : [80, 4000];
        take(ipv4(ends, 6, tcpSegment(ends, { fromPort, toPort, sequence, acknowledgment, flags }, bytes)));
      };
      segment(there, SYN, 999, 0);
      segment(back, SYN | ACK, 4999, 1000);
      segment(there, ACK, 1000, 5000);
      // Never acknowledged, so that it is kept.
      for (let at = 0; at < 4; at++) segment(there, PUSH | ACK, 1000 + at * text.length, 5000, text);
      take(ipv4(there, 17, udpDatagram(there, client, 9, text)));
      const fragment = ipv4(there, 17, udpDatagram(there, 1, 2, text));
      fragment.set(n16(client), 4);
      fragment[6] = 0x20;
      take(fragment);
    }
    const sum = CAPS.flows + CAPS.streams + CAPS.fragments;
    t.ok(most.all <= sum, `${most.all} of ${sum} bytes`);
    for (const part of ['flows', 'streams', 'fragments'] as const) {
      t.ok(most[part] <= CAPS[part], `${part}: ${most[part]} of ${CAPS[part]}`);
      t.ok(most[part] > 0.9 * CAPS[part], `${part}: the flood reaches the cap`);
    }
    t.ok(traffic.tracker.pool.refused > 0 && traffic.flows.counts.evicted > 0, 'both are counted');
    traffic.finish();
    t.equal(traffic.flows.counts.active + traffic.tracker.pool.heldBytes, 0, 'at the end nothing is left of flows');
  },
);
