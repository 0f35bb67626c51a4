/** An alert as Suricata's eve-log writes it. */
import type { Alert, Situation } from '../inspect/index.ts';
import type { Conversation, Transaction } from '../protocols/index.ts';
import { aboutRule } from './about-rule.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { applicationName } from './flow-facts.ts';
import { endpoints, packetRecord } from './record.ts';
import { timestamp } from './text.ts';

export function alertRecord(alert: Alert, situation: Situation): EveRecord {
  const { packet, flow } = situation;
  const record = packetRecord('alert', packet, flow);
  const conversation = (flow?.application ?? null) as Conversation | null;
  const guess = alert.transaction === null && alert.isOfFlow ? guessed(conversation, situation) : null;
  const transaction = alert.transaction ?? guess;
  if (transaction !== null) record.tx_id = transaction.id;
  if (guess !== null) record.tx_guessed = true;
  record.alert = aboutRule(alert.signature, alert.isBlocked, record);
  const protocol = conversation?.protocol ?? null;
  if (transaction !== null && protocol !== null) {
    const about = protocol.eve(transaction);
    if (about !== null) record[protocol.name] = about;
    const files = filesOf(transaction, situation);
    if (files.length > 0) record.files = files;
  }
  if (flow === null) return record;
  const application = applicationName(flow);
  if (application !== null) record.app_proto = application;
  record.direction = situation.direction === 0 ? 'to_server' : 'to_client';
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

/** Of an alert about the stream: the transaction that its direction is at. */
function guessed(conversation: Conversation | null, { memory, direction }: Situation): Transaction | null {
  const transactions = conversation?.parser?.transactions ?? [];
  const open = transactions.find(({ id }) => memory?.isInspected(id, direction) !== true);
  return open ?? transactions.at(-1) ?? null;
}

function filesOf(transaction: Transaction, { direction }: Situation): EveRecord[] {
  const files = transaction.files ?? [];
  return files.filter((file) => file.direction === direction).map((file) => fileOf(file, transaction.id));
}
