/** DNP3 as a protocol of the engine: how substations and water works are read and steered. */
import type { Protocol } from '../protocol.ts';
import { dnp3Events, dnp3Fields } from './dnp3-eve.ts';
import { HEADER_BYTES } from './dnp3-frame.ts';
import { DNP3_CONDITIONS } from './dnp3-keywords.ts';
import { Dnp3Parser, type Dnp3Transaction, probe } from './dnp3-parser.ts';

const PORTS = [20_000];

export const dnp3: Protocol<Dnp3Transaction> = {
  name: 'dnp3',
  transports: ['tcp'],
  probes: [
    {
      kind: 'port',
      transport: 'tcp',
      ports: PORTS,
      first: 0,
      least: 0,
      most: HEADER_BYTES,
      toServer: probe,
      toClient: probe,
      tellsDirection: true,
    },
  ],
  open: () => new Dnp3Parser(),
  end: [1, 1],
  buffers: [
    {
      name: 'dnp3.data',
      directions: [0, 1],
      progress: 0,
      read: (tx, direction) => (tx.isOneSided === direction && tx.fragment.length > 0 ? tx.fragment : null),
    },
  ],
  conditions: DNP3_CONDITIONS,
  eve: dnp3Fields,
  events: dnp3Events,
};
