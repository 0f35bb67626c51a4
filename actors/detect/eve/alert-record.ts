/** An alert as Suricata's eve-log writes it. */

import type { Flow } from '../flow/index.ts';
import type { Alert, Situation } from '../inspect/index.ts';
import { type Packet, PROTOCOL_TCP } from '../packet/index.ts';
import type { Conversation, Direction, Fingerprints, Transaction } from '../protocols/index.ts';
import type { TcpSession } from '../stream/index.ts';
import { aboutRule } from './about-rule.ts';
import { type AlertOptions, EVE_DEFAULTS } from './eve-options.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { addApplication } from './flow-facts.ts';
import { endpoints, packetRecord, sourceOf } from './record.ts';
import { packetFields } from './tagged-record.ts';
import { timestamp } from './text.ts';
import { rejection } from './verdict-record.ts';

const NO_BYTES = new Uint8Array(0);

export function alertRecord(
  alert: Alert,
  situation: Situation,
  fingerprints: Fingerprints,
  options: AlertOptions = EVE_DEFAULTS.alert,
): EveRecord {
  const { packet, flow } = situation;
  const record = packetRecord('alert', packet, flow);
  const conversation = (flow?.application ?? null) as Conversation | null;
  const transactions = conversation?.parser?.transactions ?? [];
  const transaction = alert.transaction ?? transactions.find(({ id }) => id === alert.guess) ?? null;
  const number = alert.transaction?.id ?? alert.guess;
  if (number >= 0) record.tx_id = number;
  // A datagram is taken for a transaction, and not guessed to be one.
  if (alert.guess >= 0 && alert.isOfFlow) record.tx_guessed = true;
  record.alert = aboutRule(alert.signature, alert.isBlocked, record, options);
  if (packet.root !== null) record.tunnel = tunnelOf(packet, packet.root);
  const protocol = conversation?.protocol ?? null;
  if (transaction !== null && protocol !== null) {
    const about = options.application ? protocol.eve(transaction, fingerprints) : null;
    if (about !== null) {
      addBodies(about, transaction, options);
      record[protocol.eveName ?? protocol.name] = about;
      Object.assign(record, protocol.beside?.(transaction));
    }
    const files = options.metadata ? filesOf(transaction, situation) : [];
    if (files.length > 0) record.files = files;
  }
  if (flow !== null) addFlow(record, flow, situation.direction, options);
  addBytes(record, alert, situation, options);
  if (options.verdict) record.verdict = { action: 'alert', ...rejection(alert.rejectedBy, packet) };
  return record;
}

function addFlow(record: EveRecord, flow: Flow, direction: Direction, options: AlertOptions): void {
  addApplication(record, flow);
  record.direction = direction === 0 ? 'to_server' : 'to_client';
  if (!options.flow) return;
  // Addresses before ports here, otherwise than in the record itself, as Suricata has them.
  const { src_ip, dest_ip, src_port, dest_port } = endpoints(flow, 0);
  const about: EveRecord = {
    pkts_toserver: flow.packets[0],
    pkts_toclient: flow.packets[1],
    bytes_toserver: flow.bytes[0],
    bytes_toclient: flow.bytes[1],
    start: timestamp(flow.firstUs),
    src_ip,
    dest_ip,
  };
  if (src_port !== undefined) {
    about.src_port = src_port;
    about.dest_port = dest_port;
  }
  record.flow = about;
}

/** What the rule looked at, and the packet: where a configuration asks for them. */
function addBytes(record: EveRecord, { isOfFlow }: Alert, situation: Situation, options: AlertOptions): void {
  const { packet, flow, direction } = situation;
  if (options.payload || options.payloadPrintable) {
    const isStream = isOfFlow && packet.protocol === PROTOCOL_TCP;
    const session = flow?.session as TcpSession | null | undefined;
    const kept = isStream ? (session?.contents(direction, options.payloadBytesMax) ?? NO_BYTES) : NO_BYTES;
    const bytes = kept.length > 0 ? kept : packet.bytes.subarray(packet.payloadAt, packet.payloadEnd);
    if (options.payload && bytes.length > 0) record.payload = base64(bytes);
    if (options.payloadPrintable) record.payload_printable = printable(bytes);
    record.stream = isStream ? 1 : 0;
  }
  if (options.packet) Object.assign(record, packetFields(packet));
}

/** Bodies as far as they have come. */
function addBodies(about: EveRecord, transaction: Transaction, options: AlertOptions): void {
  if (!options.httpBody && !options.httpBodyPrintable) return;
  const [request, response] = [transaction.body?.(0) ?? NO_BYTES, transaction.body?.(1) ?? NO_BYTES];
  if (options.httpBodyPrintable) {
    if (request.length > 0) about.http_request_body_printable = printable(request);
    if (response.length > 0) about.http_response_body_printable = printable(response);
  }
  if (!options.httpBody) return;
  if (request.length > 0) about.http_request_body = base64(request);
  if (response.length > 0) about.http_response_body = base64(response);
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** Text and line ends stay, all else is a dot. */
const printable = (bytes: Uint8Array): string =>
  Buffer.from(bytes.map((byte) => (byte === 10 || byte === 13 || (byte >= 32 && byte < 127) ? byte : 46))).toString(
    'latin1',
  );

/** The captured packet that the alert's was in. */
function tunnelOf({ depth }: Packet, root: Packet): EveRecord {
  const { src_ip, dest_ip, src_port = 0, dest_port = 0, proto, pcap_cnt } = packetRecord('', root, null);
  return {
    src_ip,
    src_port,
    dest_ip,
    dest_port,
    proto,
    depth,
    ...(pcap_cnt === undefined ? {} : { pcap_cnt }),
    pkt_src: sourceOf(root),
  };
}

/** Those of the direction that were not told of before this packet: Suricata lets go of a file with its record. */
function filesOf(transaction: Transaction, { direction, memory }: Situation): EveRecord[] {
  if (transaction.files === undefined || transaction.files.length === 0) return [];
  const files = transaction.files.filter((file) => file.direction === direction);
  const told = files.length === 0 ? 0 : (memory?.transaction(transaction.id).filesLeft[direction] ?? 0);
  return files.slice(told).map((file) => fileOf(file, transaction.id));
}
