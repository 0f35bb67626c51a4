/** An alert as Suricata's eve-log writes it. */
import type { Alert, Situation } from '../inspect/index.ts';
import type { Conversation, Transaction } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { applicationName } from './flow-facts.ts';
import { endpoints, packetRecord } from './record.ts';
import { decoded, timestamp } from './text.ts';

export function alertRecord(alert: Alert, situation: Situation): EveRecord {
  const { packet, flow } = situation;
  const record = packetRecord('alert', packet, flow);
  const conversation = (flow?.application ?? null) as Conversation | null;
  const guess = alert.transaction === null && alert.isOfFlow ? guessed(conversation, situation) : null;
  const transaction = alert.transaction ?? guess;
  if (transaction !== null) record.tx_id = transaction.id;
  if (guess !== null) record.tx_guessed = true;
  record.alert = alertOf(alert, record);
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

/** Without enforcement only a reject does something. */
const isBlocking = (action: string): boolean => action.startsWith('reject');

function alertOf({ signature, action }: Alert, record: EveRecord): EveRecord {
  const { rule, category, priority } = signature;
  const about: EveRecord = {
    action: isBlocking(action) ? 'blocked' : 'allowed',
    gid: rule.gid,
    signature_id: rule.sid,
    rev: rule.rev,
    signature: decoded(rule.msg),
    category,
    severity: priority,
  };
  if (rule.target !== null) {
    const source = { ip: record.src_ip, ...(record.src_port === undefined ? {} : { port: record.src_port }) };
    const destination = { ip: record.dest_ip, ...(record.dest_port === undefined ? {} : { port: record.dest_port }) };
    about.source = rule.target === 'src_ip' ? destination : source;
    about.target = rule.target === 'src_ip' ? source : destination;
  }
  const metadata = metadataOf(rule.metadata);
  if (metadata !== null) about.metadata = metadata;
  return about;
}

/** `key value`: each key with the list of its values. */
function metadataOf(entries: readonly string[]): Record<string, string[]> | null {
  const all = new Map<string, string[]>();
  for (const entry of entries) {
    const blank = entry.search(/\s/);
    if (blank <= 0) continue;
    const key = decoded(entry.slice(0, blank));
    const values = all.get(key) ?? [];
    values.push(decoded(entry.slice(blank).trim()));
    all.set(key, values);
  }
  return all.size === 0 ? null : Object.fromEntries(all);
}

function filesOf(transaction: Transaction, { direction }: Situation): EveRecord[] {
  const files = transaction.files ?? [];
  return files.filter((file) => file.direction === direction).map((file) => fileOf(file, transaction.id));
}
