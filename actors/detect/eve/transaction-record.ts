/** What a transaction leaves in the log: its own record, its files, and what was odd about it. */
import type { Flow } from '../flow/index.ts';
import type { Packet } from '../packet/index.ts';
import type { AnyProtocol, Transaction, TransactionFile } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { flowRecord } from './record.ts';

/** Protocols that Suricata's eve-log has records of by default; the others are told in alerts alone. */
const LOGGED: ReadonlySet<string> = new Set(['http', 'dns', 'tls', 'ssh', 'mqtt']);

/** Where and when: what a record of a transaction is told with. */
export interface Place {
  readonly protocol: AnyProtocol;
  readonly packet: Packet;
  readonly flow: Flow;
}

export function transactionRecords(tx: Transaction, { protocol, packet, flow }: Place): EveRecord[] {
  if (!LOGGED.has(protocol.name)) return [];
  const one = protocol.events === undefined ? protocol.eve(tx) : null;
  const all = protocol.events?.(tx) ?? (one === null ? [] : [one]);
  return all.map((about) => {
    const record = flowRecord(protocol.name, packet, flow, 0);
    if (protocol.name === 'http') record.tx_id = tx.id;
    record[protocol.name] = about;
    return record;
  });
}

export function fileRecord(file: TransactionFile, tx: Transaction, { protocol, packet, flow }: Place): EveRecord {
  const record = flowRecord('fileinfo', packet, flow, file.direction);
  const about = protocol.eve(tx);
  if (about !== null) record[protocol.name] = about;
  record.app_proto = protocol.name;
  record.fileinfo = fileOf(file, tx.id);
  return record;
}

export function anomalyRecord(event: string, tx: Transaction, { protocol, packet, flow }: Place): EveRecord {
  const record = flowRecord('anomaly', packet, flow, 0);
  record.tx_id = tx.id;
  record.anomaly = { app_proto: protocol.name, type: 'applayer', event, layer: 'proto_parser' };
  return record;
}
