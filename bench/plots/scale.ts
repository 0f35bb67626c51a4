/** From values to places on an axis, and the places where it is worth a number. */

export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

const TICKS = 4;

/** From zero to at least `max`. */
export function linearScale(max: number, from: number, to: number): Scale {
  const end = max > 0 ? max : 1;
  const rough = end / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = 0; i * step <= end * 1.0001; i++) ticks.push(i * step);
  return { ticks, at: (value) => from + (value / end) * (to - from) };
}

/** Powers of ten. */
export function logarithmicScale(min: number, max: number, from: number, to: number): Scale {
  const [low, high] = [Math.log10(min), Math.log10(max)];
  const width = high > low ? high - low : 1;
  const ticks: number[] = [];
  for (let power = Math.ceil(low); power <= Math.floor(high); power++) ticks.push(10 ** power);
  return { ticks, at: (value) => from + ((Math.log10(value) - low) / width) * (to - from) };
}

/** At the values themselves, evenly apart: for few that are no numbers to calculate with. */
export function evenScale(values: readonly number[], from: number, to: number): Scale {
  const gaps = Math.max(1, values.length - 1);
  return { ticks: values, at: (value) => from + (values.indexOf(value) / gaps) * (to - from) };
}
