/** The row of key figures, each with what it was over the last minute and a half. */
import { element, reconcile, setText, svg } from './dom.js';
import { bytes, count, rate } from './format.js';

const SAMPLES = 90;
/** A history this short fills the width, too: at first a line is only so many samples long. */
const SAMPLES_MIN = 20;
const SPARK = { width: 90, right: 3, top: 3, bottom: 26 };

export function figuresView(host) {
  const histories = new Map();
  return {
    update(status, topics) {
      const { flow } = status;
      if (flow === undefined) return;
      const readings = flow.topics[topics.readings]?.perSecond ?? 0;
      const accepted = (status.bridges ?? []).reduce((sum, bridge) => sum + bridge.accepted, 0);
      const letters = status.tasks.flatMap((task) => task.stages).reduce((sum, stage) => sum + stage.deadLetters, 0);
      const { usedBytes, quotaBytes } = status.log;
      const delay = Math.max(0, ...status.workers.map((worker) => worker.eventLoopDelayMs));
      const items = [
        { id: 'readings', label: 'Readings', value: rate(readings), unit: 'per second', sample: readings },
        { id: 'accepted', label: 'Frames accepted', value: count(accepted), unit: 'since start', sample: null },
        {
          id: 'lag',
          label: 'Lag',
          value: flow.lag === 0 ? '0' : count(flow.lag),
          unit: flow.lag === 0 ? 'caught up' : 'records behind',
          sample: flow.lag,
        },
        {
          id: 'letters',
          label: 'Dead letters',
          value: count(letters),
          unit: 'since start',
          sample: null,
          tone: letters > 0 ? 'warn' : null,
        },
        {
          id: 'delay',
          label: 'Loop delay',
          value: delay < 9.95 ? delay.toFixed(1) : count(Math.round(delay)),
          unit: 'ms (p99), worst',
          sample: delay,
        },
        {
          id: 'disk',
          label: 'Log on disk',
          value: bytes(usedBytes),
          unit: quotaBytes === null ? 'no quota' : `of ${bytes(quotaBytes)}`,
          sample: null,
          tone: quotaBytes !== null && usedBytes / quotaBytes > 0.85 ? 'warn' : null,
        },
      ];
      for (const { id, sample } of items) {
        if (sample === null) continue;
        const history = histories.get(id) ?? [];
        history.push(sample);
        if (history.length > SAMPLES) history.shift();
        histories.set(id, history);
      }
      reconcile(
        host,
        items,
        ({ id }) => id,
        make,
        (tile, item) => show(tile, item, histories.get(item.id)),
      );
    },
  };
}

/** The newest sample stands at the right, inside of the edge; the longer the history, the closer its samples. */
export function sparkPaths(history) {
  if (history.length < 2) return { line: '', area: '' };
  const { width, right, top, bottom } = SPARK;
  const greatest = Math.max(1, ...history);
  const step = (width - right) / (Math.max(history.length, SAMPLES_MIN) - 1);
  const x = (i) => (width - right - (history.length - 1 - i) * step).toFixed(1);
  const points = history.map((sample, i) => `${x(i)} ${(bottom - ((bottom - top) * sample) / greatest).toFixed(1)}`);
  const line = `M ${points.join(' L ')}`;
  return { line, area: `${line} L ${x(history.length - 1)} 28 L ${x(0)} 28 Z` };
}

function make({ id, label }) {
  const tile = element(
    'div',
    { class: 'figure', id: `figure-${id}` },
    element('h3', {}, label),
    element('p', { class: 'value' }),
    element('p', { class: 'unit muted' }),
  );
  if (id === 'readings' || id === 'lag' || id === 'delay') {
    tile.append(
      svg(
        'svg',
        { class: 'spark', viewBox: '0 0 90 28', preserveAspectRatio: 'none', 'aria-hidden': true },
        svg('path', { class: 'area' }),
        svg('path', { class: 'line' }),
      ),
    );
  }
  return tile;
}

function show(tile, { value, unit, tone }, history) {
  setText(tile.querySelector('.value'), value);
  setText(tile.querySelector('.unit'), unit);
  tile.classList.toggle('warn', tone === 'warn');
  const spark = tile.querySelector('.spark');
  if (spark === null || history === undefined) return;
  const { line, area } = sparkPaths(history);
  spark.querySelector('.line').setAttribute('d', line);
  spark.querySelector('.area').setAttribute('d', area);
}
