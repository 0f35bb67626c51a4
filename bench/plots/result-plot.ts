/** The plot of a result: its figures and its curves, one below the other. */
import { numberText } from '../numbers.ts';
import type { Result } from '../result.ts';
import { curvePlot } from './curve-plot.ts';
import { figurePlot } from './figure-plot.ts';
import { type Block, document, fitted, MARGIN, text, WIDTH } from './svg.ts';

const TITLE_HEIGHT = 58;
/** Its letters are larger. */
const TITLE_FIT = 0.7;

export function resultPlot(result: Result): string {
  const { workload, says, isQuick, environment, figures, curves = [] } = result;
  const runs = Math.max(1, ...figures.map(({ ours }) => ours.runs));
  const where = `${environment.machine}, ${environment.cores} cores, Node ${environment.node}, commit ${environment.commit.slice(0, 12)}, ${environment.startedAt.slice(0, 10)}`;
  const how = `${isQuick ? 'quick form, ' : ''}bars to the median, strokes from the least to the greatest of ${runs} ${runs === 1 ? 'run' : 'runs'}`;
  const title: Block = {
    body: [
      text(MARGIN, 16, fitted(`${workload}: ${says}`, (WIDTH - 2 * MARGIN) * TITLE_FIT), 'title'),
      text(MARGIN, 35, `${where}; ${how}`, 'dim small'),
    ].join('\n'),
    height: TITLE_HEIGHT,
  };
  const medians = figures.map(({ name, unit, ours, ratios }) => {
    const times = Object.entries(ratios).map(([peer, { median }]) => `, ${numberText(median)} times ${peer}`);
    return `${name}: ${numberText(ours.median)} ${unit}${times.join('')}.`;
  });
  return document(`${workload}: ${says}`, medians.join(' '), [
    title,
    ...figures.map(figurePlot),
    ...curves.map(curvePlot),
  ]);
}
