/** DNS as a protocol of the engine: how it is recognised, and what rules may ask of a message. */
import { numberOf, numbersOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { BufferRow, ConditionRow, ProbeAnswer, Protocol } from '../protocol.ts';
import { addEvent, addOfAlert, eventCount } from './dns-eve.ts';
import { addOfVersion3 } from './dns-eve3.ts';
import { HEADER_BYTES } from './dns-message.ts';
import { DnsParser, type DnsTransaction, isResponse, probeDatagram, probeStream } from './dns-parser.ts';

const PORTS = [53];
const BOTH: readonly Direction[] = [0, 1];

/** Who seemed to be the client may be the server: the message itself says it. */
const turned = (answer: ProbeAnswer, bytes: Uint8Array, at: number, direction: Direction): ProbeAnswer =>
  answer === 'yes' && isResponse(bytes, at) !== (direction === 1) ? 'reversed' : answer;

const datagram = (bytes: Uint8Array, direction: Direction): ProbeAnswer =>
  turned(probeDatagram(bytes), bytes, 0, direction);
const stream = (bytes: Uint8Array, direction: Direction): ProbeAnswer =>
  turned(probeStream(bytes), bytes, 2, direction);

type Row = BufferRow<DnsTransaction>;

/** An empty name ends the list, as in Suricata. */
const nameAt = (names: readonly { readonly name: Uint8Array }[], index: number): Uint8Array | null => {
  const name = names[index]?.name;
  return name === undefined || name.length === 0 ? null : name;
};

const names = (name: string, directions: readonly Direction[], read: Row['read']): Row => ({
  name,
  directions,
  progress: 1,
  isMany: true,
  read,
});

const flag = (keyword: string, of: (tx: DnsTransaction) => number): ConditionRow<DnsTransaction> => ({
  keyword,
  directions: BOTH,
  progress: 0,
  compile: (value) => {
    const test = numberOf(value);
    return (tx, direction) => tx.isOneSided === direction && test(of(tx));
  },
});

/** Of a request those that are asked for, of a response those that are answered. */
const typesOf = ({ message }: DnsTransaction): number[] =>
  (message.isRequest ? message.questions : message.answers).map(({ type }) => type);

export const dns: Protocol<DnsTransaction> = {
  name: 'dns',
  transports: ['udp', 'tcp'],
  probes: [
    {
      kind: 'port',
      transport: 'udp',
      ports: PORTS,
      first: 0,
      least: HEADER_BYTES,
      most: HEADER_BYTES,
      toServer: datagram,
      toClient: datagram,
      tellsDirection: true,
    },
    {
      kind: 'port',
      transport: 'tcp',
      ports: PORTS,
      first: 0,
      least: HEADER_BYTES + 2,
      most: HEADER_BYTES + 2,
      toServer: stream,
      toClient: stream,
      tellsDirection: true,
    },
  ],
  open: (transport) => new DnsParser(transport),
  end: [1, 1],
  buffers: [
    names('dns.query', [0], (tx, _direction, index) => nameAt(tx.message.isRequest ? tx.message.questions : [], index)),
    names('dns.queries.rrname', BOTH, (tx, _direction, index) => nameAt(tx.message.questions, index)),
    names('dns.answers.rrname', BOTH, (tx, _direction, index) => nameAt(tx.message.answers, index)),
    names('dns.authorities.rrname', BOTH, (tx, _direction, index) => nameAt(tx.message.authorities, index)),
    names('dns.additionals.rrname', BOTH, (tx, _direction, index) => nameAt(tx.message.additionals, index)),
    names('dns.response.rrname', [1], (tx, _direction, index) => tx.message.responseNames[index] ?? null),
  ],
  conditions: [
    flag('dns.opcode', (tx) => tx.message.opcode),
    flag('dns.rcode', (tx) => tx.message.rcode),
    {
      keyword: 'dns.rrtype',
      directions: BOTH,
      progress: 0,
      compile: (value) => {
        const test = numbersOf(value);
        return (tx, direction) => tx.isOneSided === direction && test(typesOf(tx));
      },
    },
  ],
  addEve: addOfAlert,
  eventCount,
  addEvent,
};

/** With the records of Suricata 8. */
export const dnsOfVersion3: Protocol<DnsTransaction> = {
  ...dns,
  addEve: addOfVersion3,
  eventCount: () => 1,
  addEvent: (tx, _index, into) => addOfVersion3(tx, into),
};
