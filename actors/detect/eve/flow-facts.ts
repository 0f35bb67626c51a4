/** What records of several types say of a flow beside who talks with whom. */
import type { Flow } from '../flow/index.ts';
import type { FlowMemory, Variables } from '../inspect/index.ts';
import { type Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { Conversation } from '../protocols/index.ts';
import { TCP_STATE, type TcpSession } from '../stream/index.ts';
import type { EveRecord } from './eve-record.ts';
import { decoded } from './text.ts';

/** What the flow speaks, and a direction whose own bytes say otherwise. A flow of which it may still be recognised has none. */
export function addApplication(record: EveRecord, flow: Flow): void {
  const conversation = flow.application as Conversation | null;
  // A datagram is recognised at once, or not at all.
  const name = conversation?.final ?? (flow.protocol === PROTOCOL_UDP ? 'failed' : null);
  if (name !== null) record.app_proto = name;
  const [toServer, toClient] = [conversation?.spoken(0) ?? null, conversation?.spoken(1) ?? null];
  if (toServer !== null && toServer !== name) record.app_proto_ts = toServer;
  if (toClient !== null && toClient !== name) record.app_proto_tc = toClient;
  const original = conversation?.original ?? null;
  if (original !== null && original !== name) record.app_proto_orig = original;
}

/** The bits, numbers and texts that rules have set, in the order in which they were. `packet`: null where it is about the flow alone. */
export function addVariables(record: EveRecord, packet: Packet | null, flow: Flow | null): void {
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
  record.metadata = metadata;
}

const NO_VARIABLES: Variables = { bits: [], numbers: [], texts: [] };

/** What cannot be printed is a dot, but for ends of lines. */
const shown = (text: Uint8Array): string =>
  Buffer.from(text.buffer, text.byteOffset, text.length)
    .toString('latin1')
    .replace(/[^\x20-\x7e\r\n]/g, '.');

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'] as const;
/** Suricata names them in this order. */
const TOLD = ['syn', 'fin', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'] as const;

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
const REGIONS = 1;

/** Null where a flow is none of TCP; a flow without a session has no flags. */
export function tcpOf(flow: Flow): EveRecord | null {
  if (flow.protocol !== PROTOCOL_TCP) return null;
  const session = flow.session as TcpSession | null;
  const [client, server] = [session?.client.flags ?? 0, session?.server.flags ?? 0];
  const all = client | server;
  const about: EveRecord = { tcp_flags: hex(all), tcp_flags_ts: hex(client), tcp_flags_tc: hex(server) };
  for (const name of TOLD) if ((all & (1 << FLAGS.indexOf(name))) !== 0) about[name] = true;
  if (session === null) return about;
  about.state = STATES[session.state];
  if (session.client.hasGap) about.ts_gap = true;
  if (session.server.hasGap) about.tc_gap = true;
  about.ts_max_regions = REGIONS;
  about.tc_max_regions = REGIONS;
  return about;
}

const hex = (flags: number): string => (flags & 255).toString(16).padStart(2, '0');
