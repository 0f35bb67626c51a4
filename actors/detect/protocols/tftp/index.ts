/**
 * TFTP (RFC 1350) as a protocol of the engine: what a client asks for is a transaction. The file itself goes between other
 * ports, and is not followed.
 *
 *   message = 0 · kind u8 · name, 0 · mode, 0
 */
import { DatagramParser, onUdpPorts } from '../datagrams.ts';
import type { Direction } from '../direction.ts';
import type { ProbeAnswer, Protocol, Transaction } from '../protocol.ts';
import { isUtf8, textOf } from '../text.ts';

const PORTS = [69];
const MESSAGE_BYTES = 4;
const NAME_AT = 2;
const MODES: ReadonlySet<string> = new Set(['netascii', 'mail', 'octet']);
const KINDS: Readonly<Record<number, string>> = { 1: 'read', 2: 'write' };
const KIND_LAST = 5;

export class TftpTransaction implements Transaction {
  readonly id: number;
  readonly kind: number;
  readonly file: string;
  /** In small letters. */
  readonly mode: string;
  readonly progress: readonly [number, number] = [1, 1];
  readonly events: readonly string[] = [];

  constructor(id: number, kind: number, file: string, mode: string) {
    this.id = id;
    this.kind = kind;
    this.file = file;
    this.mode = mode;
  }
}

/** null: it is none. */
function request(id: number, bytes: Uint8Array): TftpTransaction | null {
  const kind = bytes[1];
  if (bytes[0] !== 0 || kind === undefined || kind === 0 || kind > KIND_LAST) return null;
  const nameEnd = bytes.indexOf(0, NAME_AT);
  const modeEnd = nameEnd === -1 ? -1 : bytes.indexOf(0, nameEnd + 1);
  if (modeEnd === -1) return null;
  const name = bytes.subarray(NAME_AT, nameEnd);
  const mode = textOf(bytes.subarray(nameEnd + 1, modeEnd)).toLowerCase();
  return isUtf8(name) && MODES.has(mode) ? new TftpTransaction(id, kind, textOf(name), mode) : null;
}

class TftpParser extends DatagramParser<TftpTransaction> {
  protected override read(direction: Direction, bytes: Uint8Array, id: number): TftpTransaction | null {
    return direction === 1 ? null : request(id, bytes);
  }
}

const probe = (bytes: Uint8Array): ProbeAnswer => (bytes[0] === 0 ? 'yes' : 'no');

export const tftp: Protocol<TftpTransaction> = {
  name: 'tftp',
  transports: ['udp'],
  probes: [onUdpPorts(PORTS, MESSAGE_BYTES, probe)],
  open: () => new TftpParser(),
  end: [1, 1],
  buffers: [],
  conditions: [],
  eve: () => null,
  // Others have no name and no mode; what is read as such is an error to Suricata.
  events: ({ kind, file, mode }) => [{ packet: KINDS[kind] ?? 'error', file, mode }],
};
