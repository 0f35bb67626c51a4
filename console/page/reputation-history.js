/** A provider's scores over time: the window that turns fast, the one that keeps from quick redemption, and reputation. */
import uPlot from '/uplot/uPlot.esm.js';
import { setHidden } from './dom.js';
import { clockTime } from './format.js';

const HEIGHT = 190;
/** Fewer are no line. */
const POINTS_MIN = 2;
const SPAN_S_MIN = 30;

export function historyChart(host, empty) {
  let points = [];
  let plot = null;

  const draw = () => {
    const hasLine = points.length >= POINTS_MIN;
    setHidden(host, !hasLine);
    setHidden(empty, hasLine);
    if (!hasLine) return;
    const data = [
      points.map(({ at }) => at / 1000),
      points.map(({ big }) => big),
      points.map(({ trust }) => trust),
      points.map(({ small }) => small),
    ];
    if (plot === null) plot = makePlot(host, data);
    else plot.setData(data);
  };
  const restyle = () => {
    plot?.destroy();
    plot = null;
    draw();
  };
  new ResizeObserver(() => plot?.setSize({ width: host.clientWidth, height: HEIGHT })).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyle);
  return {
    show(next) {
      points = next;
      draw();
    },
    restyle,
  };
}

function makePlot(host, data) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const font = `11px ${style.getPropertyValue('--font').trim() || 'sans-serif'}`;
  const axis = { stroke: color('--muted'), font, ticks: { show: false }, grid: { stroke: color('--grid'), width: 1 } };
  const line = (stroke, more = {}) => ({ stroke, width: 2, points: { show: false }, spanGaps: false, ...more });
  return new uPlot(
    {
      width: host.clientWidth,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range: (_, from, to) => [from, Math.max(to, from + SPAN_S_MIN)] },
        y: { range: (_, from) => [Math.min(0, from ?? 0), 1.02] },
      },
      series: [{}, line(color('--topic')), line(color('--muted'), { width: 1, dash: [4, 3] }), line(color('--accent'))],
      axes: [
        { ...axis, size: 28, space: 70, values: (_, ticks) => ticks.map((tick) => clockTime(tick * 1000)) },
        { ...axis, size: 36, values: (_, ticks) => ticks.map((tick) => tick.toFixed(1)) },
      ],
    },
    data,
    host,
  );
}
