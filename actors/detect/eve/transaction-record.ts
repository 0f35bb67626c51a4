/** What a transaction leaves in the log: its own record, its files, and what was odd about it. */
import type { Flow } from '../flow/index.ts';
import type { Packet } from '../packet/index.ts';
import type {
  AnyProtocol,
  Conversation,
  Direction,
  Fingerprints,
  Transaction,
  TransactionFile,
} from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';
import { fileOf } from './file.ts';
import { flowRecord, packetRecord } from './record.ts';

/** Their records have the number of the transaction. */
const NUMBERED: ReadonlySet<string> = new Set(['http', 'ssh', 'ftp', 'ftp_data', 'smtp']);

/** Their records go the way of the packet with which they are told. */
const OF_PACKETS: ReadonlySet<string> = new Set(['snmp', 'dhcp']);

/** Where and when: what a record of a transaction is told with. */
export interface Place {
  readonly protocol: AnyProtocol;
  readonly packet: Packet;
  readonly flow: Flow;
  readonly fingerprints: Fingerprints;
}

export function transactionRecords(tx: Transaction, { protocol, packet, flow, fingerprints }: Place): EveRecord[] {
  const one = protocol.events === undefined ? protocol.eve(tx, fingerprints) : null;
  const all = protocol.events?.(tx, fingerprints) ?? (one === null ? [] : [one]);
  const name = protocol.eveName ?? protocol.name;
  return all.map((about) => {
    const record = OF_PACKETS.has(name)
      ? packetRecord(name, packet, flow)
      : flowRecord(name, packet, flow, name === 'mqtt' ? (tx.isOneSided ?? 0) : 0);
    if (NUMBERED.has(name)) record.tx_id = tx.id;
    record[name] = about;
    return Object.assign(record, protocol.beside?.(tx));
  });
}

export function fileRecord(file: TransactionFile, tx: Transaction, { protocol, packet, flow }: Place): EveRecord {
  const record = flowRecord('fileinfo', packet, flow, file.direction);
  const about = protocol.isUntoldOfFiles === true ? null : protocol.eve(tx);
  if (about !== null) record[protocol.name] = about;
  Object.assign(record, protocol.beside?.(tx));
  record.app_proto = protocol.name;
  // Of one that is told, nothing more is waited for.
  record.fileinfo = { ...fileOf(file, tx.id), ...(file.state === 'open' ? { state: 'TRUNCATED' } : {}) };
  return record;
}

export function anomalyRecord(
  event: string,
  tx: Transaction,
  { protocol, packet, flow }: Place,
  direction: Direction,
): EveRecord {
  const record = flowRecord('anomaly', packet, flow, direction);
  record.tx_id = tx.id;
  record.anomaly = { app_proto: protocol.name, type: 'applayer', event, layer: 'proto_parser' };
  return record;
}

/** What was odd about how the flow's protocol was recognised. */
export function recognitionRecord(event: string, packet: Packet, flow: Flow): EveRecord {
  const record = packetRecord('anomaly', packet, flow);
  const name = (flow.application as Conversation | null)?.final ?? null;
  record.anomaly = {
    ...(name === null || name === 'failed' ? {} : { app_proto: name }),
    type: 'applayer',
    event: event.toUpperCase(),
    layer: 'proto_detect',
  };
  return record;
}
