/** DHCP as a protocol of the engine: how it is recognised, what rules may ask of a message, and what EVE tells of a lease. */
import { numberOf } from '../condition-values.ts';
import { DatagramParser, onUdpPorts } from '../datagrams.ts';
import type { Direction } from '../direction.ts';
import type { ConditionRow, ProbeAnswer, Protocol, Transaction } from '../protocol.ts';
import { colonHex, textOf } from '../text.ts';
import { type DhcpMessage, OPTIONS, REPLY, REQUEST, readDhcp, timeOf, typeOf } from './dhcp-message.ts';

const PORTS = [67, 68];
const BOTH: readonly Direction[] = [0, 1];
const ACKNOWLEDGMENT = 5;

export class DhcpTransaction implements Transaction {
  readonly id: number;
  readonly message: DhcpMessage;
  readonly progress: readonly [number, number] = [1, 1];
  readonly events: string[] = [];

  constructor(id: number, message: DhcpMessage) {
    this.id = id;
    this.message = message;
    if (message.isCutOff) this.events.push('truncated_options');
  }
}

class DhcpParser extends DatagramParser<DhcpTransaction> {
  protected override read(_direction: Direction, bytes: Uint8Array, id: number): DhcpTransaction | null {
    const message = readDhcp(bytes);
    return message === null ? null : new DhcpTransaction(id, message);
  }
}

const probe = (bytes: Uint8Array): ProbeAnswer => (readDhcp(bytes) === null ? 'no' : 'yes');

const TYPES = ['', 'discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'];
const KINDS: Readonly<Record<number, string>> = { [REQUEST]: 'request', [REPLY]: 'reply' };

/** Suricata's own configuration tells of what a server grants: to whom, and by which kind of message. */
function fields({ message }: DhcpTransaction): Record<string, unknown> | null {
  if (typeOf(message) !== ACKNOWLEDGMENT) return null;
  const { op, id, hardware, assigned, options } = message;
  const told: Record<string, unknown> = {
    type: KINDS[op] ?? 'unknown',
    id,
    client_mac: colonHex(hardware),
    assigned_ip: assigned.join('.'),
  };
  for (const { code, value } of options) {
    if (code === OPTIONS.type) told.dhcp_type = TYPES[value[0] ?? 0] ?? 'unknown';
    // Behind the kind of the hardware.
    if (code === OPTIONS.renewalTime) told.renewal_time = timeOf(message, code);
    if (code === OPTIONS.hostname && value.length > 0) told.hostname = textOf(value);
    if (code === OPTIONS.clientId && value.length > 0) told.client_id = colonHex(value.subarray(1));
  }
  return told;
}

const time = (keyword: string, code: number): ConditionRow<DhcpTransaction> => ({
  keyword,
  directions: BOTH,
  progress: 0,
  compile: (value) => {
    const test = numberOf(value);
    return ({ message }) => {
      const found = timeOf(message, code);
      return found !== null && test(found);
    };
  },
});

export const dhcp: Protocol<DhcpTransaction> = {
  name: 'dhcp',
  transports: ['udp'],
  probes: [onUdpPorts(PORTS, 0, probe)],
  open: () => new DhcpParser(),
  end: [1, 1],
  buffers: [],
  conditions: [
    time('dhcp.leasetime', OPTIONS.leaseTime),
    time('dhcp.renewal_time', OPTIONS.renewalTime),
    time('dhcp.rebinding_time', OPTIONS.rebindingTime),
  ],
  eve: () => null,
  events: (tx) => {
    const told = fields(tx);
    return told === null ? [] : [told];
  },
};
