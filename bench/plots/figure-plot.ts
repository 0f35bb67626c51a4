/**
 * One figure: on the left what was measured, a bar to the median for us and each peer with the spread across it; on the
 * right ours divided by the peer's, with the floor and the aim.
 */
import { shortText } from '../numbers.ts';
import type { Figure, Spread } from '../workload.ts';
import { linearScale, type Scale } from './scale.ts';
import { type Block, bar, dot, fitted, line, MARGIN, text, textWidth, WIDTH, whisker } from './svg.ts';

const LABELS = 190;
const ROW = 26;
const BAR = 14;
const HEAD = 46;
const AXIS = 34;
const RATIO_WIDTH = 250;
const RATIO_NUMBER_WIDTH = 56;
const GAP = 40;
/** Behind the bars, for the number. */
const NUMBER_WIDTH = 80;
const ROOM = 1.08;

export function figurePlot(figure: Figure): Block {
  const { name, unit, ours, peers, ratios, judged } = figure;
  const rows: readonly (readonly [string, Spread])[] = [['ours', ours], ...Object.entries(peers)];
  const hasRatios = Object.keys(ratios).length > 0;
  const left = MARGIN + LABELS;
  const right = (hasRatios ? WIDTH - MARGIN - RATIO_WIDTH - GAP : WIDTH - MARGIN) - NUMBER_WIDTH;
  const bounds = judged === 'ours' ? boundsOf(figure) : [];
  const most = Math.max(...rows.map(([, { max }]) => max), ...bounds);
  const scale = linearScale(most * ROOM, left, right);
  const height = rows.length * ROW;
  const parts = [
    text(MARGIN, 14, fitted(name, right - MARGIN), 'head'),
    ...axis(scale, height, (value) => shortText(value), unit, right),
    ...rows.map(([label, spread], i) => barRow(label, spread, i, scale, left)),
  ];
  if (judged === 'ours') parts.push(...boundLines(figure, scale, ROW));
  if (hasRatios) parts.push(...ratioPanel(figure, height));
  return { body: parts.join('\n'), height: HEAD + height + AXIS + 14 };
}

function barRow(label: string, spread: Spread, row: number, scale: Scale, left: number): string {
  const y = HEAD + row * ROW;
  const middle = y + ROW / 2;
  const { min, median, max, runs } = spread;
  return [
    text(left - 10, middle + 4, fitted(label, LABELS - 10), row === 0 ? 'head' : '', 'end'),
    bar(left, middle - BAR / 2, scale.at(median) - left, BAR, row === 0 ? 's0' : 's1'),
    runs > 1 ? whisker(scale.at(min), scale.at(max), middle) : '',
    text(scale.at(max) + 8, middle + 4, shortText(median)),
  ].join('');
}

function axis(scale: Scale, height: number, label: (value: number) => string, unit: string, right: number): string[] {
  const y = HEAD + height;
  return [
    ...scale.ticks.flatMap((tick) => [
      line(scale.at(tick), HEAD, scale.at(tick), y + 4, 'grid'),
      text(scale.at(tick), y + 17, label(tick), 'dim small', 'middle'),
    ]),
    text(right, y + 31, fitted(unit, 300), 'dim small', 'end'),
  ];
}

function boundsOf({ floor, aim }: Figure): number[] {
  return [floor, aim].filter((value) => value !== null);
}

/** The words stand above the rows, apart from each other also where the lines are close. */
function boundLines(figure: Figure, scale: Scale, height: number): string[] {
  const top = HEAD;
  const { floor, aim } = figure;
  if (floor === null) return [];
  const at = scale.at(floor);
  const floorText = `floor ${shortText(floor)}`;
  const lines = [line(at, top - 4, at, top + height, 'floor')];
  if (aim === null || aim === floor) {
    return [...lines, text(at, top - 8, floorText, 'floor-text small', 'middle')];
  }
  const aimAt = scale.at(aim);
  const aimText = `aim ${shortText(aim)}`;
  const isApart = Math.abs(aimAt - at) > (textWidth(floorText) + textWidth(aimText)) / 2 + 6;
  const [before, after] = aimAt < at ? (['start', 'end'] as const) : (['end', 'start'] as const);
  return [
    ...lines,
    line(aimAt, top - 4, aimAt, top + height, 'aim'),
    text(at, top - 8, floorText, 'floor-text small', isApart ? 'middle' : before),
    text(aimAt, top - 8, aimText, 'aim-text small', isApart ? 'middle' : after),
  ];
}

function ratioPanel(figure: Figure, height: number): string[] {
  const { peers, ratios, judged } = figure;
  const left = WIDTH - MARGIN - RATIO_WIDTH;
  const right = WIDTH - MARGIN - RATIO_NUMBER_WIDTH;
  const all = Object.values(ratios).map(({ max }) => max);
  const scale = linearScale(Math.max(...all, ...(judged === 'ours' ? [] : boundsOf(figure))) * ROOM, left, right);
  const parts = axis(scale, height, (value) => `${Number(value.toPrecision(3))}`, 'ours ÷ the peer’s', right);
  if (judged !== 'ours') {
    const row = 1 + Object.keys(peers).indexOf(judged);
    parts.push(...boundLines(figure, scale, (row + 1) * ROW));
  }
  for (const [i, name] of Object.keys(peers).entries()) {
    const ratio = ratios[name];
    if (ratio === undefined) continue;
    const middle = HEAD + (i + 1) * ROW + ROW / 2;
    const { min, median, max, runs } = ratio;
    if (runs > 1) parts.push(whisker(scale.at(min), scale.at(max), middle));
    parts.push(dot(scale.at(median), middle, name === judged ? 's0' : 's1'));
    parts.push(text(scale.at(max) + 8, middle + 4, `${Number(median.toPrecision(3))} ×`));
  }
  return parts;
}
