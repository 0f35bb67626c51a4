/** The latest readings, newest on top. It stands still while a pointer or the focus is on it. */
import { byId, element, reconcile, setHidden, setText, withNew } from './dom.js';
import { age, clockTime, count, isoTime, measure, rate, reason } from './format.js';
import { heldHint } from './held.js';

const ROWS = 10;

export function readingsView() {
  const [body, empty, hint, note] = ['readings', 'readings-empty', 'readings-hint', 'readings-note'].map(byId);
  const table = body.closest('table');
  let kinds = new Map();
  let latest = [];
  let isHeld = false;
  let perSecond = 0;
  const hold = (next) => () => {
    isHeld = next;
    if (!isHeld) render();
    renderNote();
  };
  body.addEventListener('pointerenter', hold(true));
  body.addEventListener('pointerleave', hold(false));

  const renderNote = () => {
    const speed = perSecond > ROWS ? `newest of ${rate(perSecond)} per second` : '';
    setText(note, latest.length === 0 ? '' : isHeld ? 'held while you look' : speed);
  };
  const render = () => {
    setHidden(empty, latest.length > 0);
    setHidden(table, latest.length === 0);
    if (isHeld) return;
    const now = Date.now();
    reconcile(body, latest.slice(0, ROWS), keyOf, make, (row, reading) => {
      const cell = row.querySelector('.age');
      setText(cell, age(now - reading.time));
    });
  };
  const make = (reading) => {
    const kind = kinds.get(reading.kind);
    const measures =
      kind?.measures ?? Object.keys(reading.values).map((name) => ({ name, label: name, unit: null, digits: 2 }));
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element('span', { class: 'device' }, reading.device),
        element('span', { class: 'kind' }, kind?.title ?? reading.kind),
        reading.isVerified
          ? null
          : element('span', { class: 'badge warn', title: 'The frame carried no signature' }, 'unverified'),
        ...reading.flags.map((flag) => element('span', { class: 'badge' }, reason(flag))),
      ),
      element(
        'td',
        {},
        element(
          'ul',
          { class: 'values' },
          measures.map((one) => valueItem(one, reading.values[one.name])),
        ),
      ),
      element('td', { class: 'age', title: `${isoTime(reading.time)} (${clockTime(reading.time)})` }),
    );
  };
  return {
    show(nextKinds, readings) {
      kinds = new Map(nextKinds.map((kind) => [kind.name, kind]));
      latest = readings.slice(0, ROWS);
      render();
    },
    add(readings) {
      latest = withNew(latest, readings, keyOf).slice(0, ROWS);
    },
    tick(status, topics) {
      perSecond = status.flow?.topics[topics.readings]?.perSecond ?? 0;
      const hasFleet = (status.bridges ?? []).some(({ connections }) => connections > 0);
      setText(
        hint,
        heldHint(status, topics) ??
          (hasFleet
            ? 'Devices are connected; their first frames are on the way.'
            : 'No device is connected yet. Enrol one with msec device add.'),
      );
      renderNote();
      render();
    },
  };
}

const keyOf = ({ topic, partition, offset }) => `${topic}/${partition}/${offset}`;

function valueItem({ label, unit, digits }, value) {
  const isMissing = value === null || value === undefined;
  return element(
    'li',
    {
      class: isMissing ? 'missing' : null,
      title: isMissing ? `${label}: not published (out of range, or a count too small to show)` : null,
    },
    element('span', { class: 'what' }, label),
    ' ',
    element('b', {}, isMissing ? '–' : digits === 0 ? count(value).replace('-', '\u2212') : measure(value, digits)),
    unit === null || isMissing ? null : element('span', { class: 'unit' }, ` ${unit}`),
  );
}
