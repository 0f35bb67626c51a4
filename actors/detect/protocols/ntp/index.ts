/**
 * NTP versions 3 and 4 (RFC 5905) as a protocol of the engine. A request is a transaction; Suricata 7 tells nothing of it, so
 * EVE knows the protocol of a flow and its events alone.
 *
 *   message = leap 2 bits, version 3, mode 3 · stratum u8 · poll u8 · precision u8 · root delay u32 · root dispersion u32 ·
 *             reference u32 · four times u64 · extensions
 */
import { DatagramParser, onUdpPorts } from '../datagrams.ts';
import type { Direction } from '../direction.ts';
import type { ProbeAnswer, Protocol, Transaction } from '../protocol.ts';

const PORTS = [123];
const MESSAGE_BYTES = 48;
const PROBE_BYTES = 2;
const SYMMETRIC_ACTIVE = 1;
const CLIENT = 3;

/** false: it is malformed. */
function isMessage(bytes: Uint8Array): boolean {
  const version = (bytes[0]! >> 3) & 7;
  return (version === 3 || version === 4) && bytes.length >= MESSAGE_BYTES;
}

export class NtpTransaction implements Transaction {
  readonly id: number;
  readonly isOneSided: Direction;
  readonly progress: readonly [number, number] = [1, 1];
  readonly events: string[] = [];

  constructor(id: number, direction: Direction) {
    this.id = id;
    this.isOneSided = direction;
  }
}

class NtpParser extends DatagramParser<NtpTransaction> {
  protected override read(direction: Direction, bytes: Uint8Array, id: number): NtpTransaction | null {
    if (!isMessage(bytes)) {
      this.transactions.at(-1)?.events.push('malformed_data');
      return null;
    }
    const mode = bytes[0]! & 7;
    return mode === SYMMETRIC_ACTIVE || mode === CLIENT ? new NtpTransaction(id, direction) : null;
  }
}

const probe = (bytes: Uint8Array): ProbeAnswer => (isMessage(bytes) ? 'yes' : 'no');

export const ntp: Protocol<NtpTransaction> = {
  name: 'ntp',
  transports: ['udp'],
  probes: [onUdpPorts(PORTS, PROBE_BYTES, probe)],
  open: () => new NtpParser(),
  end: [1, 1],
  buffers: [],
  conditions: [],
  eve: () => null,
  events: () => [],
};
