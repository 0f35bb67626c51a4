/** An alert as Suricata's eve-log writes it. */
import type { Alert, Situation } from '../inspect/index.ts';
import type { Packet } from '../packet/index.ts';
import type { Conversation, Fingerprints, Transaction } from '../protocols/index.ts';
import { aboutRule } from './about-rule.ts';
import { type AlertOptions, EVE_DEFAULTS } from './eve-options.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { addApplication } from './flow-facts.ts';
import { endpoints, packetRecord, sourceOf } from './record.ts';
import { timestamp } from './text.ts';

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
    if (about !== null) record[protocol.name] = about;
    const files = options.metadata ? filesOf(transaction, situation) : [];
    if (files.length > 0) record.files = files;
  }
  if (flow === null) return record;
  addApplication(record, flow);
  record.direction = situation.direction === 0 ? 'to_server' : 'to_client';
  if (!options.flow) return record;
  // Addresses before ports here, otherwise than in the record itself, as Suricata has them.
  const { src_ip, dest_ip, src_port, dest_port } = endpoints(flow, 0);
  record.flow = {
    pkts_toserver: flow.packets[0],
    pkts_toclient: flow.packets[1],
    bytes_toserver: flow.bytes[0],
    bytes_toclient: flow.bytes[1],
    start: timestamp(flow.firstUs),
    src_ip,
    dest_ip,
    ...(src_port === undefined ? {} : { src_port, dest_port }),
  };
  return record;
}

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
  const files = (transaction.files ?? []).filter((file) => file.direction === direction);
  const told = files.length === 0 ? 0 : (memory?.transaction(transaction.id).filesTold[direction] ?? 0);
  return files.slice(told).map((file) => fileOf(file, transaction.id));
}
