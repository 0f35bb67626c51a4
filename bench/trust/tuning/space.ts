/** What may be set in a model, and draws from it. */
import { type Random, randomBelow } from '../../../engine/index.ts';
import { uniform } from '../rivals/draws.ts';

export type Setting = Readonly<Record<string, number | string | boolean>>;

export type Parameter =
  | { readonly from: number; readonly to: number; readonly scale: 'even' | 'log' | 'whole' }
  | { readonly of: readonly (number | string | boolean)[] };

export type Space = Readonly<Record<string, Parameter>>;

/** Of a parameter's room, how far a neighbour is at most; and how often it is anywhere else at all. */
const STEP = 0.2;
const MOVED = 0.4;

export const drawSetting = (space: Space, random: Random): Setting =>
  Object.fromEntries(Object.entries(space).map(([name, parameter]) => [name, drawn(parameter, uniform(random))]));

/** One that differs from a setting in some of its parameters, and not by much. */
export function neighbourOf(space: Space, setting: Setting, random: Random): Setting {
  const moved = Object.entries(space).map(([name, parameter]): [string, number | string | boolean] => {
    const before = setting[name]!;
    if (uniform(random) >= MOVED) return [name, before];
    if ('of' in parameter) return [name, parameter.of[randomBelow(random, parameter.of.length)]!];
    const at = placeOf(parameter, Number(before)) + (2 * uniform(random) - 1) * STEP;
    return [name, drawn(parameter, Math.min(1, Math.max(0, at)))];
  });
  return Object.fromEntries(moved);
}

/** `at` in [0, 1]. */
function drawn(parameter: Parameter, at: number): number | string | boolean {
  if ('of' in parameter) return parameter.of[Math.min(parameter.of.length - 1, Math.floor(at * parameter.of.length))]!;
  const { from, to, scale } = parameter;
  if (scale === 'log') return Number((from * (to / from) ** at).toPrecision(3));
  if (scale === 'whole') return Math.round(from + (to - from) * at);
  return Number((from + (to - from) * at).toPrecision(3));
}

function placeOf({ from, to, scale }: Exclude<Parameter, { readonly of: unknown }>, value: number): number {
  return scale === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}
