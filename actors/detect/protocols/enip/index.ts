/**
 * EtherNet/IP with CIP as a protocol of the engine. Suricata's own configuration has it switched off. Suricata 7 tells
 * nothing of its messages and notices no events of them, so EVE knows the protocol of a flow alone.
 */
import { numberOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { PortProbe, Protocol, Transport } from '../protocol.ts';
import { serviceTest } from './cip-keyword.ts';
import { HEADER_BYTES, probe } from './encapsulation.ts';
import { EnipParser, type EnipTransaction } from './enip-parser.ts';

const PORTS = [44_818];
const BOTH: readonly Direction[] = [0, 1];

/** Known by the port of whoever is asked, and by that of whoever asks. */
const at = (transport: Transport, first: Direction): PortProbe => ({
  kind: 'port',
  transport,
  ports: PORTS,
  first,
  least: 0,
  most: HEADER_BYTES,
  toServer: probe,
  toClient: probe,
});

export const enip: Protocol<EnipTransaction> = {
  name: 'enip',
  transports: ['tcp', 'udp'],
  probes: [at('tcp', 0), at('tcp', 1), at('udp', 0), at('udp', 1)],
  open: () => new EnipParser(),
  end: [1, 1],
  buffers: [],
  conditions: [
    {
      keyword: 'enip_command',
      directions: BOTH,
      progress: 0,
      compile: (value) => {
        const test = numberOf(value);
        return ({ command }) => test(command);
      },
    },
    { keyword: 'cip_service', directions: BOTH, progress: 0, compile: serviceTest },
  ],
  eve: () => null,
  events: () => [],
};
