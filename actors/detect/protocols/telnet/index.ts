/**
 * Telnet as a protocol of the engine. As in Suricata it is known by its port, whatever is said there, and rules ask its
 * bytes alone: it has no transactions.
 */
import type { Parser, ProbeAnswer, Protocol, Transaction } from '../protocol.ts';

const PORTS = [23];
const PROBE_BYTES = 2;

const anything = (bytes: Uint8Array): ProbeAnswer => (bytes.length < PROBE_BYTES ? 'more' : 'yes');

const SILENT: Parser<Transaction> = {
  transactions: [],
  hasFailed: false,
  data: () => undefined,
  gap: () => undefined,
  release: () => undefined,
};

export const telnet: Protocol<Transaction> = {
  name: 'telnet',
  transports: ['tcp'],
  probes: [
    {
      kind: 'port',
      transport: 'tcp',
      ports: PORTS,
      first: 0,
      least: PROBE_BYTES,
      most: 0,
      toServer: anything,
      toClient: anything,
    },
  ],
  open: () => SILENT,
  end: [0, 0],
  buffers: [],
  conditions: [],
  eve: () => null,
};
