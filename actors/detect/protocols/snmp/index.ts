/** SNMP as a protocol of the engine: how it is recognised, what rules may ask of a message, and what EVE tells of it. */
import { numberOf } from '../condition-values.ts';
import { onUdpPorts } from '../datagrams.ts';
import type { Direction } from '../direction.ts';
import type { BufferRow, ConditionRow, ProbeAnswer, Protocol } from '../protocol.ts';
import { textOf } from '../text.ts';
import { type Pdu, versionOf } from './snmp-message.ts';
import { SnmpParser, type SnmpTransaction } from './snmp-parser.ts';

const PORTS = [161, 162];
const PROBE_BYTES = 4;
const BOTH: readonly Direction[] = [0, 1];

const probe = (bytes: Uint8Array): ProbeAnswer => (versionOf(bytes) === null ? 'no' : 'yes');

const PDUS = [
  'get_request',
  'get_next_request',
  'response',
  'set_request',
  'trap_v1',
  'get_bulk_request',
  'inform_request',
  'trap_v2',
  'report',
];
const ERRORS = ['NoError', 'TooBig', 'NoSuchName', 'BadValue', 'ReadOnly', 'GenErr'];
const TRAPS = [
  'coldStart',
  'warmStart',
  'linkDown',
  'linkUp',
  'authenticationFailure',
  'egpNeighborLoss',
  'enterpriseSpecific',
];

/** Suricata's way of writing a number that has no name. */
const named = (names: readonly string[], type: string, value: number): string => names[value] ?? `${type}(${value})`;

function pduFields({ type, error, trap, variables }: Pdu): Record<string, unknown> {
  return {
    pdu_type: PDUS[type],
    ...(error === 0 ? {} : { error: named(ERRORS, 'ErrorStatus', error) }),
    ...(trap === null
      ? {}
      : { trap_type: named(TRAPS, 'TrapType', trap.type), trap_oid: trap.identifier, trap_address: trap.address }),
    ...(variables.length === 0 ? {} : { vars: variables }),
  };
}

function fields({ version, message: { pdu, community, user } }: SnmpTransaction): Record<string, unknown> {
  if (pdu === null) return { version, pdu_type: 'encrypted' };
  return {
    version,
    ...pduFields(pdu),
    ...(community === null ? {} : { community: textOf(community) }),
    ...(user === null ? {} : { usm: textOf(user) }),
  };
}

type Row = BufferRow<SnmpTransaction>;

const buffer = (name: string, read: (tx: SnmpTransaction) => Uint8Array | null): Row => ({
  name,
  directions: BOTH,
  progress: 0,
  read: (tx, direction) => (tx.isOneSided === direction ? read(tx) : null),
});

const number = (keyword: string, read: (tx: SnmpTransaction) => number | null): ConditionRow<SnmpTransaction> => ({
  keyword,
  directions: BOTH,
  progress: 0,
  compile: (value) => {
    const test = numberOf(value);
    return (tx, direction) => {
      const found = tx.isOneSided === direction ? read(tx) : null;
      return found !== null && test(found);
    };
  },
});

export const snmp: Protocol<SnmpTransaction> = {
  name: 'snmp',
  transports: ['udp'],
  probes: [onUdpPorts(PORTS, PROBE_BYTES, probe)],
  open: () => new SnmpParser(),
  end: [1, 1],
  buffers: [
    buffer('snmp.community', ({ message }) => message.community),
    buffer('snmp.usm', ({ message }) => message.user),
  ],
  conditions: [
    number('snmp.version', ({ version }) => version),
    number('snmp.pdu_type', ({ message }) => message.pdu?.type ?? null),
  ],
  eve: fields,
};
