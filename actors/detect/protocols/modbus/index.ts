/**
 * Modbus as a protocol of the engine. Suricata's own configuration has it switched off, since a message can only be
 * recognised by its port and its shape.
 */
import type { Protocol } from '../protocol.ts';
import { modbusFields } from './modbus-eve.ts';
import { modbusTest } from './modbus-keyword.ts';
import { ModbusParser, type ModbusTransaction, probe } from './modbus-parser.ts';

const PORTS = [502];
const PROBE_BYTES_MAX = 16;

export const modbus: Protocol<ModbusTransaction> = {
  name: 'modbus',
  transports: ['tcp'],
  probes: [
    {
      kind: 'port',
      transport: 'tcp',
      ports: PORTS,
      first: 0,
      least: 0,
      most: PROBE_BYTES_MAX,
      toServer: probe,
      toClient: probe,
    },
  ],
  open: () => new ModbusParser(),
  end: [1, 1],
  buffers: [],
  conditions: [{ keyword: 'modbus', directions: [0], progress: 0, compile: modbusTest }],
  eve: modbusFields,
};
