// Plots of results: what is drawn where, and that nothing in them is read as markup or loaded from elsewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { environment } from '../../../bench/environment.ts';
import { resultPlot } from '../../../bench/plots/result-plot.ts';
import type { Result } from '../../../bench/result.ts';
import type { Curve, FigureDraft } from '../../../bench/workload.ts';
import { repositoryRoot } from '../../support/needs.ts';
import { plantedFigure } from '../planted.ts';

function plot(draft: Partial<FigureDraft>, curves: readonly Curve[] = []): string {
  const figures = [plantedFigure(draft)];
  const result: Result = {
    workload: 'W1',
    says: 'a < b',
    isQuick: true,
    tookSeconds: 1,
    environment: environment(),
    figures,
    curves,
  };
  return resultPlot(result);
}

/** x of the first line of that class. */
const lineAt = (svg: string, name: string) =>
  Number(new RegExp(`<line x1="([\\d.]+)"[^>]*class="${name}"`).exec(svg)?.[1]);

t.test('a bar for us and each peer, in proportion, with their spread', async (t) => {
  const svg = plot({ peers: { Streams: [50, 50, 50] }, floor: 2, aim: 3 });
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  t.equal(widths.length, 2);
  t.ok(Math.abs(widths[0]! / widths[1]! - 2) < 0.01);
  t.match(svg, /class="spread"/);
  t.match(svg, '2 ×');
});

t.test('floor and aim stand where their ratio would', async (t) => {
  const svg = plot({ floor: 10, aim: 20 });
  const ticks = [...svg.matchAll(/<text x="([\d.]+)"[^>]*class="dim small"[^>]*>([\d.]+)<\/text>/g)];
  const places = new Map(ticks.map(([, x, value]) => [value, Number(x)]));
  t.equal(lineAt(svg, 'floor'), places.get('10'));
  t.equal(lineAt(svg, 'aim'), places.get('20'));
});

t.test('a figure that only tells has neither', async (t) => {
  const svg = plot({ floor: null, aim: null, judged: 'ours', peers: {} });
  t.notMatch(svg, /class="(?:floor|aim)"/);
});

t.test('names are text, also where they look like markup', async (t) => {
  const svg = plot({ peers: { '<script>"x"&': [1, 1, 1] }, judged: '<script>"x"&' });
  t.notMatch(svg, '<script>');
  t.match(svg, '&lt;script&gt;');
  t.match(svg, '<title id="title">W1: a &lt; b</title>');
});

t.test('a curve joins its medians in the order of x', async (t) => {
  const y = (median: number) => ({ min: median - 1, median, max: median + 1, runs: 3 });
  const points = [1e3, 1e4, 1e5].map((x) => ({ x, y: y(x / 1e3) }));
  const curve = {
    name: 'W1: cost',
    x: 'keys',
    isLogarithmic: true,
    unit: 'ns',
    series: { ours: points, other: points.slice(0, 1) },
  };
  const svg = plot({}, [curve]);
  const [, places] = /<polyline points="([^"]+)"/.exec(svg)!;
  const xs = places!.split(' ').map((pair) => Number(pair.split(',')[0]));
  t.equal(xs.length, 3);
  t.ok(Math.abs(xs[1]! - xs[0]! - (xs[2]! - xs[1]!)) < 0.2, 'powers of ten are evenly apart');
});

t.test('the kept plots follow the reader’s light or dark and load nothing', async (t) => {
  const folder = join(repositoryRoot, 'bench', 'results');
  const plots = readdirSync(folder).filter((name) => name.endsWith('.svg'));
  t.not(plots.length, 0);
  for (const name of plots) {
    const svg = readFileSync(join(folder, name), 'utf8');
    t.match(svg, '@media (prefers-color-scheme: dark)', name);
    t.notMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ''), /https?:|href|NaN|undefined|<script/, name);
  }
});
