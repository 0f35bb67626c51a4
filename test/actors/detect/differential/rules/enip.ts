/** Rules about EtherNet/IP: of what a message says, and of what others say. */
import { ENIP_RULES } from '../../protocols/enip-talks.ts';
import type { Message } from '../dialogues/message.ts';
import { contents } from './contents.ts';
import type { Making } from './making.ts';

/** Where the first service lies in a message without and with a connection. */
const SERVICE_AT = 40;
const CONNECTED_AT = 46;
const CONNECTED = 0xa1;
const NUMBERS = [0, 1, 2, 3, 6, 7, 99];

export function enip(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  const [command = 0] = bytes;
  const [code = 3, , , ofClass = 1, , , , attribute = 1] = bytes.subarray(
    bytes[32] === CONNECTED ? CONNECTED_AT : SERVICE_AT,
  );
  const service = dice.pick([code & 127, code & 127, 3, 10, 14]);
  const known = (value: number): number => dice.pick([value, value, dice.pick(NUMBERS)]);
  const condition = (): string =>
    dice.weighted<() => string>([
      [3, () => `enip_command:${dice.pick([command, command, 0, 111, 112])};`],
      [3, () => `cip_service:${service};`],
      [2, () => `cip_service:${service},${known(ofClass)};`],
      [2, () => `cip_service:${service},${known(ofClass)},${dice.pick(['', '', '!'])}${known(attribute)};`],
      [2, () => dice.pick(ENIP_RULES)],
    ])();
  return dice.weighted<() => string[]>([
    [6, () => [condition()]],
    [2, () => [condition(), condition()]],
    [2, () => [condition(), ...contents(making, bytes, 1)]],
    [1, () => [`app-layer-protocol:${dice.pick(['enip', 'enip', '!enip', 'failed'])};`]],
    [1, () => contents(making, bytes, 2)],
  ])();
}
