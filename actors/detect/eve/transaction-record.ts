/** What a transaction leaves in the log: its own record, its files, and what was odd about it. */
import type { Flow } from '../flow/index.ts';
import { key } from '../json/index.ts';
import type { Packet } from '../packet/index.ts';
import type {
  AnyProtocol,
  Conversation,
  Direction,
  Fingerprints,
  Transaction,
  TransactionFile,
} from '../protocols/index.ts';
import { addBeside, addTransaction, nameKey } from './application.ts';
import type { EveLine } from './eve-line.ts';
import { addFile } from './file.ts';
import { beginOfFlow, beginOfPacket } from './record.ts';

const TX_ID = key('tx_id');
const APP_PROTO = key('app_proto');
const FILEINFO = key('fileinfo');
const ANOMALY = key('anomaly');

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

/** `tell` is called for each record, with the line as it is then. */
export function writeTransaction(line: EveLine, tx: Transaction, place: Place, tell: () => void): void {
  const { protocol, fingerprints } = place;
  const name = protocol.eveName ?? protocol.name;
  if (protocol.eventCount !== undefined) {
    const count = protocol.eventCount(tx);
    for (let index = 0; index < count; index += 1) {
      begin(line, name, tx, place);
      line.open(nameKey(name));
      protocol.addEvent!(tx, index, line);
      line.close();
      end(line, tx, place, tell);
    }
  } else if (protocol.events !== undefined)
    for (const about of protocol.events(tx, fingerprints)) {
      begin(line, name, tx, place);
      line.value(nameKey(name), about);
      end(line, tx, place, tell);
    }
  else {
    const about = protocol.addEve === undefined ? protocol.eve!(tx, fingerprints) : undefined;
    if (about === null) return;
    begin(line, name, tx, place);
    if (about !== undefined) line.value(nameKey(name), about);
    else addTransaction(line, name, protocol, tx, fingerprints);
    end(line, tx, place, tell);
  }
}

function begin(line: EveLine, name: string, tx: Transaction, { packet, flow }: Place): void {
  if (OF_PACKETS.has(name)) beginOfPacket(line, name, packet, flow);
  else beginOfFlow(line, name, packet, flow, name === 'mqtt' ? (tx.isOneSided ?? 0) : 0);
  if (NUMBERED.has(name)) line.number(TX_ID, tx.id);
}

function end(line: EveLine, tx: Transaction, { protocol }: Place, tell: () => void): void {
  addBeside(line, protocol, tx);
  line.close();
  tell();
}

export function writeFile(line: EveLine, file: TransactionFile, tx: Transaction, place: Place): void {
  const { protocol, packet, flow } = place;
  beginOfFlow(line, 'fileinfo', packet, flow, file.direction);
  if (protocol.isUntoldOfFiles !== true) addTransaction(line, protocol.name, protocol, tx, undefined);
  addBeside(line, protocol, tx);
  line.string(APP_PROTO, protocol.name);
  line.open(FILEINFO);
  // Of one that is told, nothing more is waited for.
  addFile(line, file, file.state === 'open' ? 'truncated' : file.state, tx.id);
  line.close();
  line.close();
}

export function writeAnomaly(line: EveLine, event: string, tx: Transaction, place: Place, direction: Direction): void {
  const { protocol, packet, flow } = place;
  beginOfFlow(line, 'anomaly', packet, flow, direction);
  line.number(TX_ID, tx.id);
  line.value(ANOMALY, { app_proto: protocol.name, type: 'applayer', event, layer: 'proto_parser' });
  line.close();
}

/** What was odd about how the flow's protocol was recognised. */
export function writeRecognition(line: EveLine, event: string, packet: Packet, flow: Flow): void {
  beginOfPacket(line, 'anomaly', packet, flow);
  const name = (flow.application as Conversation | null)?.final ?? null;
  line.value(ANOMALY, {
    ...(name === null || name === 'failed' ? {} : { app_proto: name }),
    type: 'applayer',
    event: event.toUpperCase(),
    layer: 'proto_detect',
  });
  line.close();
}
