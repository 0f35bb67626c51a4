/** An alert as Suricata's eve-log writes it. */

import type { Flow } from '../flow/index.ts';
import type { Alert, Situation } from '../inspect/index.ts';
import { fixed, ITEM, type JsonWriter, key } from '../json/index.ts';
import { type Packet, PROTOCOL_TCP } from '../packet/index.ts';
import type { Conversation, Direction, Fingerprints, Transaction } from '../protocols/index.ts';
import type { TcpSession } from '../stream/index.ts';
import type { AboutRules } from './about-rule.ts';
import { addBeside, addTransaction } from './application.ts';
import type { EveLine } from './eve-line.ts';
import type { AlertOptions } from './eve-options.ts';
import { addFile } from './file.ts';
import { addApplication, addCounts } from './flow-facts.ts';
import {
  addEnd,
  beginOfPacket,
  DEST_IP,
  DEST_PORT,
  hasPorts,
  isCaptured,
  PCAP_CNT,
  PKT_SRC,
  PROTO,
  SRC_IP,
  SRC_PORT,
  sourceOf,
} from './record.ts';
import { packetFields } from './tagged-record.ts';
import { addAddress, protocolName } from './text.ts';
import { rejection } from './verdict-record.ts';

const TX_ID = key('tx_id');
const TX_GUESSED = fixed({ tx_guessed: true });
const TO_SERVER = fixed({ direction: 'to_server' });
const TO_CLIENT = fixed({ direction: 'to_client' });
const FLOW = key('flow');
const FILES = key('files');
const TUNNEL = key('tunnel');
const DEPTH = key('depth');
const VERDICT = key('verdict');
const PAYLOAD = key('payload');
const PAYLOAD_PRINTABLE = key('payload_printable');
const STREAM = key('stream');
const REQUEST_BODY = key('http_request_body');
const RESPONSE_BODY = key('http_response_body');
const REQUEST_BODY_PRINTABLE = key('http_request_body_printable');
const RESPONSE_BODY_PRINTABLE = key('http_response_body_printable');

const NO_BYTES = new Uint8Array(0);

export function writeAlert(
  line: EveLine,
  alert: Alert,
  situation: Situation,
  fingerprints: Fingerprints,
  about: AboutRules,
  options: AlertOptions,
): void {
  const { packet, flow } = situation;
  beginOfPacket(line, 'alert', packet, flow);
  const conversation = (flow?.application ?? null) as Conversation | null;
  const transactions = conversation?.parser?.transactions ?? [];
  const transaction = alert.transaction ?? transactions.find(({ id }) => id === alert.guess) ?? null;
  const number = alert.transaction?.id ?? alert.guess;
  if (number >= 0) line.number(TX_ID, number);
  // A datagram is taken for a transaction, and not guessed to be one.
  if (alert.guess >= 0 && alert.isOfFlow) line.fixed(TX_GUESSED);
  about.add(line, alert.signature, alert.isBlocked, packet);
  if (packet.root !== null) addTunnel(line, packet, packet.root);
  const protocol = conversation?.protocol ?? null;
  if (transaction !== null && protocol !== null) {
    if (options.application) {
      const addMore = (into: JsonWriter): void => addBodies(into, transaction, options);
      const more = options.httpBody || options.httpBodyPrintable ? addMore : null;
      if (addTransaction(line, protocol.eveName ?? protocol.name, protocol, transaction, fingerprints, more))
        addBeside(line, protocol, transaction);
    }
    if (options.metadata) addFiles(line, transaction, situation);
  }
  if (flow !== null) addFlow(line, flow, situation.direction, options);
  addBytes(line, alert, situation, options);
  if (options.verdict) line.value(VERDICT, { action: 'alert', ...rejection(alert.rejectedBy, packet) });
  line.close();
}

function addFlow(line: EveLine, flow: Flow, direction: Direction, options: AlertOptions): void {
  addApplication(line, flow);
  line.fixed(direction === 0 ? TO_SERVER : TO_CLIENT);
  if (!options.flow) return;
  line.open(FLOW);
  addCounts(line, flow);
  // Addresses before ports here, otherwise than in the record itself, as Suricata has them.
  addEnd(line, SRC_IP, flow, true);
  addEnd(line, DEST_IP, flow, false);
  if (hasPorts(flow.protocol)) {
    line.number(SRC_PORT, flow.sourcePort);
    line.number(DEST_PORT, flow.destinationPort);
  }
  line.close();
}

/** What the rule looked at, and the packet: where a configuration asks for them. */
function addBytes(line: EveLine, { isOfFlow }: Alert, situation: Situation, options: AlertOptions): void {
  const { packet, flow, direction } = situation;
  if (options.payload || options.payloadPrintable) {
    const isStream = isOfFlow && packet.protocol === PROTOCOL_TCP;
    const session = flow?.session as TcpSession | null | undefined;
    const kept = isStream ? (session?.contents(direction, options.payloadBytesMax) ?? NO_BYTES) : NO_BYTES;
    const bytes = kept.length > 0 ? kept : packet.bytes.subarray(packet.payloadAt, packet.payloadEnd);
    if (options.payload && bytes.length > 0) line.string(PAYLOAD, base64(bytes));
    if (options.payloadPrintable) line.string(PAYLOAD_PRINTABLE, printable(bytes));
    line.number(STREAM, isStream ? 1 : 0);
  }
  if (options.packet) line.spread(packetFields(packet));
}

/** Bodies as far as they have come. */
function addBodies(into: JsonWriter, transaction: Transaction, options: AlertOptions): void {
  const [request, response] = [transaction.body?.(0) ?? NO_BYTES, transaction.body?.(1) ?? NO_BYTES];
  if (options.httpBodyPrintable) {
    if (request.length > 0) into.string(REQUEST_BODY_PRINTABLE, printable(request));
    if (response.length > 0) into.string(RESPONSE_BODY_PRINTABLE, printable(response));
  }
  if (!options.httpBody) return;
  if (request.length > 0) into.string(REQUEST_BODY, base64(request));
  if (response.length > 0) into.string(RESPONSE_BODY, base64(response));
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** Text and line ends stay, all else is a dot. */
const printable = (bytes: Uint8Array): string =>
  Buffer.from(bytes.map((byte) => (byte === 10 || byte === 13 || (byte >= 32 && byte < 127) ? byte : 46))).toString(
    'latin1',
  );

/** The captured packet that the alert's was in. */
function addTunnel(line: EveLine, { depth }: Packet, root: Packet): void {
  const { ipVersion } = root;
  const ports = ipVersion !== 0 && hasPorts(root.protocol);
  line.open(TUNNEL);
  if (ipVersion !== 0) addAddress(line, SRC_IP, ipVersion, root.src0, root.src1, root.src2, root.src3);
  line.number(SRC_PORT, ports ? root.sourcePort : 0);
  if (ipVersion !== 0) addAddress(line, DEST_IP, ipVersion, root.dst0, root.dst1, root.dst2, root.dst3);
  line.number(DEST_PORT, ports ? root.destinationPort : 0);
  if (ipVersion !== 0) line.string(PROTO, protocolName(root.protocol));
  line.number(DEPTH, depth);
  if (isCaptured(root)) line.number(PCAP_CNT, root.number);
  line.string(PKT_SRC, sourceOf(root));
  line.close();
}

/** Those of the direction that were not told of before this packet: Suricata lets go of a file with its record. */
function addFiles(line: EveLine, transaction: Transaction, { direction, memory }: Situation): void {
  if (transaction.files === undefined || transaction.files.length === 0) return;
  const files = transaction.files.filter((file) => file.direction === direction);
  const told = files.length === 0 ? 0 : (memory?.transaction(transaction.id).filesLeft[direction] ?? 0);
  if (told >= files.length) return;
  line.openList(FILES);
  for (const file of files.slice(told)) {
    line.open(ITEM);
    addFile(line, file, file.state, transaction.id);
    line.close();
  }
  line.closeList();
}
