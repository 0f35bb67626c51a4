/** A curve: medians joined, the spread as a stroke at each point. */
import { shortText } from '../numbers.ts';
import type { Curve } from '../workload.ts';
import { evenScale, linearScale, logarithmicScale, type Scale } from './scale.ts';
import { type Block, bar, dot, line, MARGIN, text, textWidth, WIDTH } from './svg.ts';

const LEFT = MARGIN + 60;
const RIGHT = WIDTH - MARGIN - 20;
const TOP = 50;
const HEIGHT = 200;
const SERIES_CLASSES = 6;
/** Up to so many different x values each gets its number. */
const EVEN_MAX = 8;

export function curvePlot({ name, x: xName, isLogarithmic, unit, series }: Curve): Block {
  const points = Object.values(series).flat();
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const horizontal = xScale(xs, isLogarithmic);
  const vertical = linearScale(Math.max(...points.map(({ y }) => y.max)) * 1.05, TOP + HEIGHT, TOP);
  const parts = [text(MARGIN, 14, `${name} (${unit})`, 'head'), ...axes(horizontal, vertical, xName)];
  let legendAt = LEFT;
  for (const [i, [label, curve]] of Object.entries(series).entries()) {
    const style = `s${i % SERIES_CLASSES}`;
    parts.push(bar(legendAt, 27, 10, 10, style), text(legendAt + 15, 36, label));
    legendAt += 35 + textWidth(label);
    const places = curve.map(({ x, y }) => `${rounded(horizontal.at(x))},${rounded(vertical.at(y.median))}`);
    if (places.length > 1) parts.push(`<polyline points="${places.join(' ')}" class="${style} line"/>`);
    for (const { x, y } of curve) {
      const at = horizontal.at(x);
      if (y.runs > 1) parts.push(line(at, vertical.at(y.min), at, vertical.at(y.max), style));
      parts.push(dot(at, vertical.at(y.median), style, 3.5));
    }
  }
  return { body: parts.join('\n'), height: TOP + HEIGHT + 52 };
}

function xScale(xs: readonly number[], isLogarithmic: boolean): Scale {
  if (xs.length <= EVEN_MAX && !isLogarithmic) return evenScale(xs, LEFT + 20, RIGHT - 20);
  return isLogarithmic
    ? logarithmicScale(xs[0]!, xs.at(-1)!, LEFT + 20, RIGHT - 20)
    : linearScale(xs.at(-1)!, LEFT, RIGHT);
}

function axes(horizontal: Scale, vertical: Scale, xName: string): string[] {
  const bottom = TOP + HEIGHT;
  return [
    ...vertical.ticks.flatMap((tick) => [
      line(LEFT, vertical.at(tick), RIGHT, vertical.at(tick), 'grid'),
      text(LEFT - 8, vertical.at(tick) + 4, shortText(tick), 'dim small', 'end'),
    ]),
    ...horizontal.ticks.flatMap((tick) => [
      line(horizontal.at(tick), bottom, horizontal.at(tick), bottom + 4, 'grid'),
      text(horizontal.at(tick), bottom + 17, shortText(tick), 'dim small', 'middle'),
    ]),
    text(RIGHT, bottom + 32, xName, 'dim small', 'end'),
  ];
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
