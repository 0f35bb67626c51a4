/** Rules about DNP3: of what a message's first fragment has, and of what others may have. */
import { DNP3_RULES } from '../../protocols/dnp3-talks.ts';
import type { Message } from '../dialogues/message.ts';
import { contents } from './contents.ts';
import type { Making } from './making.ts';

/** Behind the header of the frame and that of the transport. */
const FRAGMENT_AT = 11;
const BLOCK_END = 26;
const INDICATIONS = ['device_restart', 'need_time', 'class_1_events', 'no_func_code_support', 'already_executing'];

export function dnp3(making: Making, { direction, bytes }: Message): string[] {
  const { dice } = making;
  const fragment = bytes.subarray(FRAGMENT_AT, Math.min(BLOCK_END, bytes.length - 2));
  const [, code = 1, high = 0x80, low = 0] = fragment;
  const [group = 60, variation = 2] = fragment.subarray(direction === 0 ? 2 : 4);
  const condition = (): string =>
    dice.weighted<() => string>([
      [3, () => `${dice.pick(['dnp3_func', 'dnp3.func'])}:${dice.pick([code, code, 1, 129])};`],
      [2, () => `dnp3_ind:${dice.pick([String((high << 8) | low), dice.pick(INDICATIONS), '0xff00', '0x00ff'])};`],
      [3, () => `${dice.pick(['dnp3_obj', 'dnp3.obj'])}:${group},${dice.pick([variation, variation, 0, 1])};`],
      [2, () => dice.pick(DNP3_RULES)],
    ])();
  return dice.weighted<() => string[]>([
    [5, () => [condition(), ...(dice.chance(0.15) ? [condition()] : [])]],
    [3, () => ['dnp3.data;', ...contents(making, fragment, 2)]],
    [1, () => ['dnp3_data;', `content:!"|${dice.pick(['3c', '00', '01 3c'])}|";`]],
    [1, () => [condition(), 'dnp3.data;', ...contents(making, fragment, 1)]],
    [1, () => [condition(), ...contents(making, bytes, 1)]],
    [1, () => ['dnp3.data;', `bsize:${dice.pick(['4', '>10', '<40', String(fragment.length)])};`]],
  ])();
}
