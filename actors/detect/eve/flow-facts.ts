/** What records of several types say of a flow beside who talks with whom. */
import type { Flow } from '../flow/index.ts';
import type { FlowMemory, Variables } from '../inspect/index.ts';
import { fixed, type JsonWriter, key } from '../json/index.ts';
import { type Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { Conversation } from '../protocols/index.ts';
import { TCP_STATE, type TcpSession } from '../stream/index.ts';
import type { EveRecord } from './eve-record.ts';
import { addTime, decoded } from './text.ts';

const APP_PROTO = key('app_proto');
const APP_PROTO_TS = key('app_proto_ts');
const APP_PROTO_TC = key('app_proto_tc');
const APP_PROTO_ORIG = key('app_proto_orig');
const METADATA = key('metadata');
const PKTS_TOSERVER = key('pkts_toserver');
const PKTS_TOCLIENT = key('pkts_toclient');
const BYTES_TOSERVER = key('bytes_toserver');
const BYTES_TOCLIENT = key('bytes_toclient');
const START = key('start');

/** What the flow speaks, and a direction whose own bytes say otherwise. A flow of which it may still be recognised has none. */
export function addApplication(into: JsonWriter, flow: Flow): void {
  const conversation = flow.application as Conversation | null;
  // A datagram is recognised at once, or not at all.
  const name = conversation?.final ?? (flow.protocol === PROTOCOL_UDP ? 'failed' : null);
  if (name !== null) into.string(APP_PROTO, name);
  if (conversation === null) return;
  const [toServer, toClient, original] = [conversation.spoken(0), conversation.spoken(1), conversation.original];
  if (toServer !== null && toServer !== name) into.string(APP_PROTO_TS, toServer);
  if (toClient !== null && toClient !== name) into.string(APP_PROTO_TC, toClient);
  if (original !== null && original !== name) into.string(APP_PROTO_ORIG, original);
}

/** How much it has carried, and since when. */
export function addCounts(into: JsonWriter, flow: Flow): void {
  into.number(PKTS_TOSERVER, flow.packets[0]);
  into.number(PKTS_TOCLIENT, flow.packets[1]);
  into.number(BYTES_TOSERVER, flow.bytes[0]);
  into.number(BYTES_TOCLIENT, flow.bytes[1]);
  addTime(into, START, flow.firstUs);
}

/** The bits, numbers and texts that rules have set, in the order in which they were. `packet`: null where it is about the flow alone. */
export function addVariables(into: JsonWriter, packet: Packet | null, flow: Flow | null): void {
  const memory = (flow?.memory ?? null) as FlowMemory | null;
  const ofPacket = packet?.texts ?? null;
  if (memory?.hasVariables !== true && ofPacket === null) return;
  const { bits, numbers, texts } = memory?.variables() ?? NO_VARIABLES;
  const metadata: EveRecord = {};
  if (bits.length > 0) metadata.flowbits = bits.map(decoded);
  if (numbers.length > 0)
    metadata.flowints = Object.fromEntries(numbers.map(([name, value]) => [decoded(name), value]));
  if (texts.length > 0) metadata.flowvars = texts.map(([name, text]) => ({ [decoded(name)]: shown(text) }));
  if (ofPacket !== null)
    metadata.pktvars = ofPacket.map(({ name, key, value }) => ({
      [key === null ? decoded(name) : shown(key)]: shown(value),
    }));
  into.value(METADATA, metadata);
}

const NO_VARIABLES: Variables = { bits: [], numbers: [], texts: [] };

/** What cannot be printed is a dot, but for ends of lines. */
const shown = (text: Uint8Array): string =>
  Buffer.from(text.buffer, text.byteOffset, text.length)
    .toString('latin1')
    .replace(/[^\x20-\x7e\r\n]/g, '.');

const TCP = key('tcp');
const TCP_FLAGS = key('tcp_flags');
const TCP_FLAGS_TS = key('tcp_flags_ts');
const TCP_FLAGS_TC = key('tcp_flags_tc');
const STATE = key('state');
const GAP_TO_SERVER = fixed({ ts_gap: true });
const GAP_TO_CLIENT = fixed({ tc_gap: true });

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'];
/** Suricata names them in this order. */
const TOLD = ['syn', 'fin', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'].map(
  (name) => [1 << FLAGS.indexOf(name), fixed({ [name]: true })] as const,
);

const STATES: Readonly<Record<number, string>> = {
  [TCP_STATE.none]: 'none',
  [TCP_STATE.listen]: 'listen',
  [TCP_STATE.synSent]: 'syn_sent',
  [TCP_STATE.synReceived]: 'syn_recv',
  [TCP_STATE.established]: 'established',
  [TCP_STATE.finWait1]: 'fin_wait1',
  [TCP_STATE.finWait2]: 'fin_wait2',
  [TCP_STATE.timeWait]: 'time_wait',
  [TCP_STATE.lastAck]: 'last_ack',
  [TCP_STATE.closeWait]: 'close_wait',
  [TCP_STATE.closing]: 'closing',
  [TCP_STATE.closed]: 'closed',
};

/** Suricata counts one more for bytes that lie 256 KiB behind all others; here such are not kept apart. */
const REGIONS = fixed({ ts_max_regions: 1, tc_max_regions: 1 });

/** Nothing where a flow is none of TCP; a flow without a session has no flags. */
export function addTcp(into: JsonWriter, flow: Flow): void {
  if (flow.protocol !== PROTOCOL_TCP) return;
  const session = flow.session as TcpSession | null;
  const [client, server] = [session?.client.flags ?? 0, session?.server.flags ?? 0];
  const all = client | server;
  into.open(TCP);
  into.string(TCP_FLAGS, hex(all));
  into.string(TCP_FLAGS_TS, hex(client));
  into.string(TCP_FLAGS_TC, hex(server));
  for (const [bit, isSet] of TOLD) if ((all & bit) !== 0) into.fixed(isSet);
  if (session !== null) {
    into.string(STATE, STATES[session.state]!);
    if (session.client.hasGap) into.fixed(GAP_TO_SERVER);
    if (session.server.hasGap) into.fixed(GAP_TO_CLIENT);
    into.fixed(REGIONS);
  }
  into.close();
}

const hex = (flags: number): string => (flags & 255).toString(16).padStart(2, '0');
