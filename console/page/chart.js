/** One quantity of one device over its last windows: the mean as a line, least to greatest as a band. */
import uPlot from '/uplot/uPlot.esm.js';
import { byId, element, setHidden, setText } from './dom.js';
import { clockTime, count, measure, plural } from './format.js';
import { heldHint } from './held.js';

const HEIGHT = 330;
/** Windows are minutes, so nothing between them is marked. In seconds. */
const MINUTE_STEPS = [60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

export function chartView() {
  const [host, choosers, deviceBox, measureBox, empty, emptyText, emptyHint, list] = [
    'chart',
    'choosers',
    'device',
    'measure',
    'chart-empty',
    'chart-empty-text',
    'chart-empty-hint',
    'window',
  ].map(byId);
  let kinds = new Map();
  let device = null;
  let quantity = null;
  let data = null;
  let plot = null;
  let asked = 0;
  let windows = 0;

  deviceBox.addEventListener('change', () => {
    device = deviceBox.value;
    void load();
  });
  measureBox.addEventListener('change', () => {
    quantity = measureBox.value;
    render();
  });
  new ResizeObserver(() => plot?.setSize({ width: host.clientWidth, height: HEIGHT })).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => restyle());

  const restyle = () => {
    plot?.destroy();
    plot = null;
    render();
  };

  async function loadDevices() {
    const answer = await fetch('/api/aggregates');
    if (!answer.ok) return;
    const { devices } = await answer.json();
    const known = new Set([...deviceBox.options].map((option) => option.value));
    if (devices.length !== known.size || devices.some((one) => !known.has(one.device))) {
      const groups = Map.groupBy(devices, (one) => one.kind);
      deviceBox.replaceChildren(
        ...[...groups].map(([kind, members]) =>
          element(
            'optgroup',
            { label: kinds.get(kind)?.title ?? kind },
            members.map((one) => element('option', { value: one.device }, one.device)),
          ),
        ),
      );
    }
    if (device === null || !devices.some((one) => one.device === device))
      device =
        [...kinds.keys()]
          .map((kind) => devices.find((one) => one.kind === kind)?.device)
          .find((one) => one !== undefined) ??
        devices[0]?.device ??
        null;
    if (device !== null) deviceBox.value = device;
  }

  async function load() {
    const turn = ++asked;
    try {
      if (deviceBox.options.length === 0 || windows % 10 === 0) await loadDevices();
      if (device === null) return;
      const answer = await fetch(`/api/aggregates?device=${encodeURIComponent(device)}`);
      // An answer that was overtaken by a later question is thrown away.
      if (!answer.ok || turn !== asked) return;
      data = await answer.json();
      render();
    } catch {
      // The connection's own indicator tells; the next window asks again.
    }
  }

  const quantitiesOf = (kindName) => [
    ...(kinds.get(kindName)?.measures ?? []),
    ...(data?.windows.some((one) => one.distinct !== undefined)
      ? [{ name: 'distinct', label: 'Different devices', unit: null, digits: 0 }]
      : []),
  ];

  function render() {
    const hasData = data !== null && data.windows.length > 0;
    setHidden(empty, hasData);
    setHidden(choosers, !hasData);
    setHidden(host, !hasData);
    setHidden(list, !hasData);
    if (!hasData) return;
    const quantities = quantitiesOf(data.kind);
    if (!quantities.some(({ name }) => name === quantity))
      quantity = quantities.find(({ name }) => name === 'temperature')?.name ?? quantities[0]?.name ?? null;
    const options = quantities.map(({ name, label }) => element('option', { value: name }, label));
    const isSame =
      measureBox.options.length === options.length &&
      options.every((option, i) => option.value === measureBox.options[i].value);
    if (!isSame) measureBox.replaceChildren(...options);
    if (quantity !== null) measureBox.value = quantity;
    const chosen = quantities.find(({ name }) => name === quantity);
    if (chosen === undefined) return;
    const pick = (one) =>
      quantity === 'distinct'
        ? one.distinct === null
          ? null
          : { mean: one.distinct, min: null, max: null }
        : (one.values[quantity] ?? null);
    const series = [
      data.windows.map((one) => one.start / 1000),
      ...['max', 'min', 'mean'].map((part) => data.windows.map((one) => pick(one)?.[part] ?? null)),
    ];
    if (plot === null || plot.msecUnit !== `${chosen.name}/${chosen.unit}`) {
      plot?.destroy();
      plot = makePlot(host, chosen, series, (index) =>
        renderWindow(chosen, data.windows[index] ?? data.windows.at(-1)),
      );
      plot.msecUnit = `${chosen.name}/${chosen.unit}`;
    } else plot.setData(series);
    renderWindow(chosen, data.windows.at(-1));
  }

  function renderWindow({ name, unit, digits }, last) {
    const values = name === 'distinct' ? null : last.values[name];
    const withUnit = (value, more = 0) => `${measure(value, digits + more)}${unit === null ? '' : ` ${unit}`}`;
    const entries = [
      ['Window', `${clockTime(last.start, false)} – ${clockTime(last.end, false)}`],
      ['Readings', count(last.count)],
      ...(name === 'distinct'
        ? [['Different devices', last.distinct === null ? 'too few to show' : count(last.distinct)]]
        : values === null || values === undefined
          ? [['Values', 'none']]
          : [
              ['Mean', withUnit(values.mean, digits > 1 ? 0 : 1)],
              ['Least', withUnit(values.min)],
              ['Greatest', withUnit(values.max)],
              ['Std. deviation', withUnit(values.deviation, digits > 1 ? 0 : 1)],
            ]),
    ];
    list.replaceChildren(
      ...entries.map(([what, value]) => element('div', {}, element('dt', {}, what), element('dd', {}, value))),
    );
  }

  return {
    show(nextKinds, { total }) {
      kinds = new Map(nextKinds.map((kind) => [kind.name, kind]));
      deviceBox.replaceChildren();
      windows = total;
      render();
      if (total > 0) void load();
    },
    arrived({ total }) {
      windows = total;
      // A burst of closing windows is one change for the eye.
      clearTimeout(arrivedTimer);
      arrivedTimer = setTimeout(() => {
        deviceBox.dataset.stale = 'yes';
        void loadDevices().then(load, () => {});
      }, 300);
    },
    tick(status, topics) {
      if (data !== null) return;
      if (heldHint(status, topics) !== null) {
        setText(emptyText, 'No window fills');
        return setText(emptyHint, 'Frames that are held are in no window: the card of the readings says why.');
      }
      const watermarks = status.tasks?.map((task) => task.watermark).filter((mark) => mark !== null) ?? [];
      if (watermarks.length === 0)
        return setText(emptyHint, 'Windows are one minute long, by the time of the readings.');
      const closesIn = 60_000 - (Math.max(...watermarks) % 60_000);
      setText(emptyText, 'The first window is filling');
      setText(
        emptyHint,
        `It ends in about ${plural(Math.ceil(closesIn / 1000), 'second')}, and closes after a short grace for late readings.`,
      );
    },
    restyle,
  };
}

let arrivedTimer;

/** `pointed` is told the index of the window under the pointer, or null. */
function makePlot(host, { digits }, series, pointed) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const font = `11px ${style.getPropertyValue('--font').trim() || 'sans-serif'}`;
  const axis = { stroke: color('--muted'), font, ticks: { show: false }, grid: { stroke: color('--grid'), width: 1 } };
  const edge = { stroke: color('--band-edge'), width: 1, points: { show: false } };
  return new uPlot(
    {
      width: host.clientWidth,
      height: HEIGHT,
      padding: [12, 8, 0, 0],
      legend: { show: false },
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      hooks: { setCursor: [(plot) => pointed(plot.cursor.idx)] },
      scales: {
        // Few points keep the width of ten minutes; for a single one uPlot would show a whole day.
        x: {
          time: true,
          range: (plot, from, to) => {
            const last = plot.data[0].length < 2 ? from : to;
            return [Math.min(from, last - 540), last + 30];
          },
        },
        y: { range: (_, from, to) => spread(from, to, digits) },
      },
      series: [
        {},
        edge,
        edge,
        {
          stroke: color('--accent'),
          width: 2,
          points: { show: series[0].length < 40, size: 5, fill: color('--accent') },
        },
      ],
      bands: [{ series: [1, 2], fill: color('--band') }],
      axes: [
        {
          ...axis,
          size: 30,
          space: 64,
          incrs: MINUTE_STEPS,
          values: (_, ticks) => ticks.map((tick) => clockTime(tick * 1000, false)),
        },
        { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => measure(tick, tickDigits(ticks))) },
      ],
    },
    series,
    host,
  );
}

const tickDigits = (ticks) => (ticks.length > 1 && ticks[1] - ticks[0] < 1 ? (ticks[1] - ticks[0] < 0.1 ? 2 : 1) : 0);

/** A little air above and below; a flat line stands in the middle. */
function spread(from, to, digits) {
  if (from === null || to === null) return [0, 1];
  const room = Math.max((to - from) * 0.12, 10 ** -digits);
  return [from >= 0 && from - room < 0 ? 0 : from - room, to + room];
}
