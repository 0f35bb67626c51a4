/** The fleet by its state of trust: a tile for each device, those that are not trusted in words, and one's history. */
import { byId, element, reconcile, setHidden, setText } from './dom.js';
import { age, count, isoTime, plural } from './format.js';
import { fleetMap, legendMark, placeText } from './map.js';

const STATES = {
  quarantined: 'quarantined',
  suspect: 'suspect',
  unknown: 'unknown',
  revoked: 'revoked',
  expired: 'trust ended',
  trusted: 'trusted',
};
const ROWS = 6;

export function trustView() {
  const [card, note, legend, tiles, list] = ['trust', 'trust-note', 'trust-states', 'trust-tiles', 'trust-list'].map(
    byId,
  );
  const [dialog, title, body] = ['letter', 'letter-title', 'letter-body'].map(byId);
  let isAsking = false;
  let isStale = false;

  const open = async (device) => {
    const answer = await fetch(`/api/trust/${encodeURIComponent(device)}`);
    if (!answer.ok) return;
    const trust = await answer.json();
    setText(title, `${trust.device} · ${STATES[trust.shown]}`);
    body.replaceChildren(...detail(trust));
    if (!dialog.open) dialog.showModal();
  };
  /** Devices that stand too close for a map. */
  const choose = (devices, many) => {
    setText(title, `${plural(many, 'device')} in one place`);
    const rows = devices.map(({ device, state }) => {
      const badge = element('span', { class: `badge trust-${state}` }, STATES[state]);
      return element(
        'li',
        {},
        element(
          'button',
          { type: 'button', onclick: () => open(device) },
          element('span', {}, element('b', {}, device), ' ', badge),
        ),
      );
    });
    body.replaceChildren(element('ul', { class: 'letters' }, rows));
    if (!dialog.open) dialog.showModal();
  };
  const map = fleetMap(STATES, open, choose);
  const render = ({ counts, devices, more }) => {
    const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
    setHidden(card, total === 0);
    setText(note, `${plural(total, 'device')} asked to prove themselves`);
    reconcile(
      legend,
      Object.entries(counts).filter(([, n]) => n > 0),
      ([state]) => state,
      ([state]) =>
        element('li', { class: `trust-${state}` }, legendMark(state), element('span', {}, STATES[state]), element('b')),
      (row, [, n]) => setText(row.querySelector('b'), count(n)),
    );
    reconcile(
      tiles,
      devices,
      ({ device }) => device,
      ({ device }) => element('button', { type: 'button', onclick: () => open(device) }),
      (tile, { device, state }) => {
        tile.className = `trust-${state}`;
        const words = `${device}: ${STATES[state]}`;
        if (tile.title !== words) {
          tile.title = words;
          tile.setAttribute('aria-label', words);
        }
      },
    );
    const doubted = devices.filter(({ state }) => state !== 'trusted');
    reconcile(
      list,
      doubted.slice(0, ROWS),
      ({ device }) => device,
      ({ device }) =>
        element(
          'li',
          {},
          element(
            'button',
            { type: 'button', onclick: () => open(device) },
            element('span', {}, element('b', {}, device), ' ', element('span', { class: 'badge' })),
            element('span', { class: 'muted age' }),
            element('span', { class: 'message' }),
          ),
        ),
      (row, { state, since, says }) => {
        const badge = row.querySelector('.badge');
        badge.className = `badge trust-${state}`;
        setText(badge, STATES[state]);
        setText(row.querySelector('.age'), age(Date.now() - since));
        setText(row.querySelector('.message'), says);
      },
    );
    const hidden = more + Math.max(0, doubted.length - ROWS);
    setText(
      byId('trust-more'),
      hidden > 0 ? `Each tile is a device${more > 0 ? `; ${count(more)} more are counted` : ''}.` : '',
    );
  };
  /** One question at a time; what changes meanwhile is asked for once more. */
  const ask = async () => {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    try {
      while (isStale) {
        isStale = false;
        const answer = await fetch('/api/trust');
        if (!answer.ok) continue;
        render(await answer.json());
        await map.ask();
      }
    } catch {
      // The page says by itself that the connection is lost.
    } finally {
      isAsking = false;
    }
  };
  return { ask };
}

function detail(trust) {
  const place =
    trust.log === ''
      ? '–'
      : `${trust.log === 'ima' ? 'IMA list' : 'boot log'}${trust.entry > 0 ? `, entry ${trust.entry}` : ''}`;
  const facts = [
    ['Since', `${isoTime(trust.since)} (${age(Date.now() - trust.since)})`],
    ['Reason', trust.reason],
    ['Broken by', place],
    ['File', trust.path || '–'],
    ['PCR', trust.pcr < 0 ? '–' : String(trust.pcr)],
    ['Firmware', trust.firmware || '–'],
    ['Place', trust.place === null ? '–' : placeText(trust.place.latitude, trust.place.longitude)],
    ['Last proof', trust.provenAt > 0 ? isoTime(trust.provenAt) : 'none'],
    ['Trusted until', trust.trustedUntil > 0 ? isoTime(trust.trustedUntil) : '–'],
  ];
  return [
    element('p', { class: 'lead' }, trust.says || trust.reason),
    element(
      'dl',
      { class: 'facts' },
      facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    ),
    element('h3', {}, 'History'),
    element(
      'ol',
      { class: 'trust-history' },
      trust.history.map(({ at, state, says, reason }) =>
        element(
          'li',
          {},
          element('span', { class: `badge trust-${state}` }, STATES[state]),
          element('time', { class: 'muted' }, isoTime(at)),
          element('p', {}, says || reason),
        ),
      ),
    ),
    element(
      'p',
      { class: 'muted' },
      'The same on the command line: ',
      element('code', {}, `msec device why ${trust.device}`),
    ),
  ];
}
