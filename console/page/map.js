/**
 * The fleet on a map of our own: degrees on a plane, as wide at the picture's middle as there, with lines of latitude and
 * longitude and a scale, and nothing from another machine. Colour and shape say the state; what lies too close is a circle
 * with a number, and a press on it looks closer.
 */
import { byId, element, setHidden, setText, svg } from './dom.js';
import { count, plural } from './format.js';

const WIDTH = 1000;
const [HEIGHT_MIN, HEIGHT_MAX] = [240, 460];
const EQUATOR_KM = 40_075;
const STEPS = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 45, 90,
];
const ORDER = ['quarantined', 'suspect', 'unknown', 'revoked', 'expired', 'trusted'];
/** Around its own middle; each state has one of its own, for those who do not see the colours. */
const SHAPES = {
  trusted: 'M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0',
  expired: 'M0,-8L8,0L0,8L-8,0Z',
  suspect: 'M0,-8L8,6H-8Z',
  quarantined: 'M-7,-7H7V7H-7Z',
  unknown: 'M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0M-3,0a3,3 0 1,1 6,0a3,3 0 1,1 -6,0',
  revoked: 'M-8,-5L-5,-8L0,-3L5,-8L8,-5L3,0L8,5L5,8L0,3L-5,8L-8,5L-3,0Z',
};

/** `names`: what each state is called; `open` shows a device, `choose` a list of those that no closer look tells apart. */
export function fleetMap(names, open, choose) {
  const [box, says, wider] = ['trust-map', 'trust-map-says', 'trust-map-wider'].map(byId);
  /** What was looked at before, the whole first. */
  const closer = [];

  const look = (within) => {
    closer.push(within);
    void ask();
  };
  wider.addEventListener('click', () => {
    closer.pop();
    void ask();
  });
  const ask = async () => {
    const within = closer.at(-1);
    const query = within === undefined ? '' : `?within=${[within.west, within.south, within.east, within.north]}`;
    try {
      const answer = await fetch(`/api/trust-map${query}`);
      if (answer.ok) draw(await answer.json());
    } catch {
      // The page says by itself that the connection is lost.
    }
  };
  const draw = (map) => {
    setHidden(box, map === null);
    setHidden(says, map === null);
    setHidden(wider, closer.length === 0);
    if (map === null) return;
    const focused = document.activeElement?.closest?.('#trust-map [data-key]')?.dataset.key;
    const at = projection(map.bounds);
    const marks = [
      ...map.clusters.map((one) => cluster(one, at, names, look, choose)),
      ...byState(map.points, at, names, open),
    ];
    const picture = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${at.height}`, role: 'group', 'aria-labelledby': 'trust-map-says' },
      grid(at),
      scale(at),
      svg('g', {}, marks),
    );
    box.replaceChildren(picture);
    if (focused !== undefined) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    setText(says, summary(map, names));
  };
  return { ask };
}

/** The middle of a pixel's degrees; east may be beyond 180. */
function projection({ west, south, east, north }) {
  const middle = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const height = Math.round(
    Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, (WIDTH * (north - south)) / Math.max(1e-9, (east - west) * middle))),
  );
  // The same scale both ways: the longer side fills the picture.
  const perDegree = Math.min(WIDTH / ((east - west) * middle), height / (north - south));
  const [left, top] = [(WIDTH - (east - west) * middle * perDegree) / 2, (height - (north - south) * perDegree) / 2];
  return {
    height,
    perDegree,
    x: (longitude) => left + (longitude - west) * middle * perDegree,
    y: (latitude) => top + (north - latitude) * perDegree,
    longitudeAt: (x) => west + (x - left) / (middle * perDegree),
    latitudeAt: (y) => north - (y - top) / perDegree,
    kmPerPixel: EQUATOR_KM / 360 / perDegree,
  };
}

function byState(points, at, names, open) {
  // The worst on top.
  const sorted = [...points].sort((a, b) => ORDER.indexOf(b.state) - ORDER.indexOf(a.state));
  return sorted.map(({ device, state, latitude, longitude }) =>
    button(
      device,
      `${device}: ${names[state]}, ${placeText(latitude, longitude)}`,
      `trust-${state}`,
      at.x(longitude),
      at.y(latitude),
      () => open(device),
      svg('circle', { class: 'reach', r: 14 }),
      svg('path', { class: 'mark', d: SHAPES[state], 'fill-rule': 'evenodd' }),
    ),
  );
}

function cluster({ latitude, longitude, count: many, states, bounds, devices }, at, names, look, choose) {
  const worst = ORDER.find((state) => states[state] > 0);
  const words = ORDER.filter((state) => states[state] > 0).map((state) => `${count(states[state])} ${names[state]}`);
  const radius = 14 + 4 * Math.log10(many);
  const label = `${plural(many, 'device')} near ${placeText(latitude, longitude)}: ${words.join(', ')}`;
  return button(
    `${latitude},${longitude}`,
    label,
    `cluster trust-${worst}`,
    at.x(longitude),
    at.y(latitude),
    () => (devices.length > 0 ? choose(devices, many) : look(bounds)),
    svg('circle', { class: 'reach', r: radius }),
    svg('circle', { class: 'mark', r: radius }),
    svg('text', { dy: '0.35em' }, count(many)),
  );
}

function button(key, label, name, x, y, press, ...children) {
  const node = svg(
    'g',
    {
      class: name,
      transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`,
      role: 'button',
      tabindex: 0,
      'aria-label': label,
    },
    svg('title', {}, label),
    ...children,
  );
  node.dataset.key = key;
  node.addEventListener('click', press);
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    press();
  });
  return node;
}

function grid(at) {
  const lines = [];
  const [west, east] = [at.longitudeAt(0), at.longitudeAt(WIDTH)];
  const [south, north] = [Math.max(-90, at.latitudeAt(at.height)), Math.min(90, at.latitudeAt(0))];
  const step = (span) => STEPS.find((one) => span / one <= 6) ?? 90;
  const [across, up] = [step(east - west), step(north - south)];
  const digits = (one) => Math.max(0, -Math.floor(Math.log10(one)));
  for (let degrees = Math.ceil(west / across) * across; degrees <= east; degrees += across) {
    const x = at.x(degrees).toFixed(1);
    const text = sided(wrapped(degrees), digits(across), 'E', 'W');
    lines.push(
      svg('line', { x1: x, x2: x, y1: 0, y2: at.height }),
      svg('text', { x: Number(x) + 4, y: at.height - 6 }, text),
    );
  }
  for (let degrees = Math.ceil(south / up) * up; degrees <= north; degrees += up) {
    const y = at.y(degrees).toFixed(1);
    lines.push(
      svg('line', { x1: 0, x2: WIDTH, y1: y, y2: y }),
      svg('text', { x: 4, y: Number(y) - 4 }, sided(degrees, digits(up), 'N', 'S')),
    );
  }
  return svg('g', { class: 'lines', 'aria-hidden': 'true' }, lines);
}

/** At the middle of the picture. */
function scale(at) {
  const most = 160 * at.kmPerPixel;
  const power = 10 ** Math.floor(Math.log10(most));
  const km = [5, 2, 1].map((times) => times * power).find((one) => one <= most);
  const length = km / at.kmPerPixel;
  const [right, y] = [WIDTH - 16, at.height - 16];
  return svg(
    'g',
    { class: 'scale', 'aria-hidden': 'true' },
    svg('path', { d: `M${right - length},${y - 6}v6h${length}v-6` }),
    svg('text', { x: right - length / 2, y: y - 9 }, km >= 1 ? `${count(km)} km` : `${Math.round(km * 1000)} m`),
  );
}

function summary({ points, clusters }, names) {
  const states = {};
  for (const { state } of points) states[state] = (states[state] ?? 0) + 1;
  for (const one of clusters)
    for (const [state, n] of Object.entries(one.states)) states[state] = (states[state] ?? 0) + n;
  const total = Object.values(states).reduce((sum, n) => sum + n, 0);
  const words = ORDER.filter((state) => states[state] > 0).map((state) => `${count(states[state])} ${names[state]}`);
  return `${plural(total, 'device')} on this map: ${words.join(', ')}.`;
}

export function placeText(latitude, longitude) {
  return `${sided(latitude, 4, 'N', 'S')} ${sided(wrapped(longitude), 4, 'E', 'W')}`;
}

const wrapped = (longitude) => ((((longitude + 180) % 360) + 360) % 360) - 180;
const sided = (degrees, digits, plus, minus) =>
  `${Math.abs(degrees).toFixed(digits)}° ${Number(degrees.toFixed(digits)) < 0 ? minus : plus}`;

/** A shape as the legend shows it. */
export const legendMark = (state) =>
  element(
    'i',
    {},
    svg(
      'svg',
      { viewBox: '-9 -9 18 18', 'aria-hidden': 'true' },
      svg('path', { class: 'mark', d: SHAPES[state], 'fill-rule': 'evenodd' }),
    ),
  );
