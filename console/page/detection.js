/** Intrusion detection: alerts as they come, how many by rule and by place, and what the sensors say of themselves. */
import { alertDetail, severityOf } from './detection-alert.js';
import { rulesView } from './detection-rules.js';
import { byId, element, reconcile, setHidden, setText, svg } from './dom.js';
import { age, count, plural, rate } from './format.js';
import { asOperator, isOperator, onOperator } from './operator.js';

const ASK_MS = 2_000;
const ROWS = 12;
const RULES = 10;
const PLACES = 8;
/** Of a sensor's counts, those that somebody should hear of. */
const TROUBLES = {
  lostBefore: 'lost by the capture',
  missing: 'batches missing',
  notReplayed: 'records that a restart did not find again',
  notReplayable: 'flows that a restart would not know',
  vantagesForgotten: 'places forgotten',
  clocksSetBack: 'clocks set back',
  failed: 'batches in which a sensor failed',
  tooLarge: 'records too large to tell',
};

export function detectionView() {
  const [card, note, list, empty, hint, ruleRows, ruleMore, placeList, facts, troubles, privacy] = [
    'detection',
    'detection-note',
    'detection-alerts',
    'detection-empty',
    'detection-hint',
    'detection-rules',
    'detection-rules-more',
    'detection-places',
    'detection-facts',
    'detection-troubles',
    'detection-privacy',
  ].map(byId);
  const [dialog, title, body] = ['letter', 'letter-title', 'letter-body'].map(byId);
  const bundles = rulesView(() => void ask());
  const [minutes, minutesSay] = [minuteBars(byId('detection-minutes')), byId('detection-minutes-say')];
  let isKept = false;
  let isAsking = false;
  let isStale = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  let before = null;

  const open = (alert) => {
    setText(title, alert.signature || 'A flow that is dropped');
    body.replaceChildren(...alertDetail(alert));
    dialog.showModal();
  };
  const renderAlerts = (alerts) => {
    setHidden(empty, alerts.length > 0);
    setHidden(list, alerts.length === 0);
    const now = Date.now();
    reconcile(
      list,
      alerts.slice(0, ROWS),
      ({ topic, partition, offset }) => `${topic}/${partition}/${offset}`,
      () =>
        element(
          'li',
          {},
          element(
            'button',
            { type: 'button' },
            element('span', {}, element('span', { class: 'badge' }), ' ', element('b')),
            element('span', { class: 'muted age' }),
            element('span', { class: 'muted where' }),
          ),
        ),
      (row, alert) => {
        row.firstElementChild.onclick = () => open(alert);
        const badge = row.querySelector('.badge');
        const [name, look] = severityOf(alert.severity);
        badge.className = `badge ${look}`;
        setText(badge, alert.isBlocked ? `${name}, to be dropped` : name);
        setText(row.querySelector('b'), alert.signature || `rule ${alert.sid}`);
        setText(row.querySelector('.age'), age(now - alert.time));
        const ends = alert.from === undefined ? [] : [`${alert.from} → ${alert.to}`];
        const words = [alert.place, (alert.application || alert.protocol).toLowerCase(), ...ends, `sid ${alert.sid}`];
        setText(row.querySelector('.where'), words.filter((word) => word !== '').join(' · '));
      },
    );
  };
  const renderRules = ({ rules, moreRules }) => {
    const top = Math.max(1, ...rules.map(({ alerts }) => alerts));
    reconcile(
      ruleRows,
      rules.slice(0, RULES),
      ({ gid, sid }) => `${gid}:${sid}`,
      ({ sid }) =>
        element(
          'tr',
          {},
          element(
            'th',
            { scope: 'row' },
            element('span', { class: 'name' }),
            element('span', { class: 'muted sid' }, `sid ${sid}`),
          ),
          element('td', { class: 'many' }, element('b'), element('span', { class: 'bar' }, element('i'))),
          element('td', { class: 'number' }),
          element('td', { class: 'age' }),
        ),
      (row, rule) => {
        const [name, many, drops, last] = row.children;
        setText(name.querySelector('.name'), rule.signature || `rule ${rule.sid}`);
        setText(many.querySelector('b'), count(rule.alerts));
        many.querySelector('i').style.width = `${Math.max(2, (100 * rule.alerts) / top).toFixed(1)}%`;
        setText(drops, count(rule.drops));
        setText(last, rule.lastAt > 0 ? age(Date.now() - rule.lastAt) : '–');
      },
    );
    const hidden = moreRules + Math.max(0, rules.length - RULES);
    setText(ruleMore, hidden > 0 ? `${plural(hidden, 'other rule')} also alerted` : '');
    setHidden(byId('detection-rules-table'), rules.length === 0);
  };
  const renderPlaces = (places) => {
    const top = Math.max(1, ...places.map(({ alerts }) => alerts));
    reconcile(
      placeList,
      places.slice(0, PLACES),
      ({ place }) => place,
      ({ place }) =>
        element(
          'li',
          {},
          element('span', { class: 'what' }, place),
          element('span', { class: 'bar' }, element('i')),
          element('b'),
        ),
      (row, { alerts }) => {
        row.querySelector('i').style.width = `${Math.max(2, (100 * alerts) / top).toFixed(1)}%`;
        setText(row.querySelector('b'), count(alerts));
      },
    );
  };
  const renderSensors = ({ alerts, drops, passed, since, sensors }) => {
    const packets = sensors.counts.packets ?? 0;
    const now = performance.now();
    const perSecond =
      before === null || packets < before.packets ? null : ((packets - before.packets) * 1000) / (now - before.at);
    if (before === null || now - before.at >= ASK_MS - 200)
      before = { packets, at: now, shown: perSecond ?? before?.shown };
    const shown = before.shown ?? null;
    const entries = [
      ['Packets since the start', count(packets)],
      ['Packets a second', shown === null ? '–' : rate(shown)],
      ['Alerts', count(alerts)],
      ['To be dropped', count(drops)],
      ['Lost by the capture', count(sensors.counts.lostBefore ?? 0)],
    ];
    facts.replaceChildren(
      ...entries.map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
    );
    const words = [
      ...(sensors.wrongChecksums.length > 0
        ? [
            `wrong TCP checksums at ${sensors.wrongChecksums.join(', ')}: no stream is put together there (ids.checksums: none)`,
          ]
        : []),
      ...Object.entries(TROUBLES)
        .filter(([name]) => name !== 'lostBefore' && (sensors.counts[name] ?? 0) > 0)
        .map(([name, says]) => `${count(sensors.counts[name])} ${says}`),
      ...(sensors.deadLetters > 0 ? [`${plural(sensors.deadLetters, 'dead letter')}`] : []),
      ...(passed > 0 ? [`${count(passed)} records came too fast to be counted here`] : []),
    ];
    setText(troubles, words.join('; '));
    setHidden(troubles, words.length === 0);
    setText(note, since === null ? '' : `${plural(alerts, 'alert')} in ${age(Date.now() - since)}`);
    setText(
      hint,
      packets > 0
        ? `${count(packets)} packets were examined, and no rule alerted.`
        : 'No packet was examined since the start: see ids.interface, and msec ids capture.',
    );
  };

  /** One question at a time; what comes meanwhile is asked for once more. */
  const ask = async () => {
    isStale = true;
    if (isAsking || !isKept) return;
    isAsking = true;
    try {
      while (isStale) {
        isStale = false;
        askedAt = performance.now();
        const answer = await fetch('/api/ids');
        if (!answer.ok) return;
        const found = await answer.json();
        renderSensors(found);
        renderRules(found);
        renderPlaces(found.places);
        minutes.show(found.minutes);
        const isOld = found.latest.length > 0 && found.minutes.every((alerts) => alerts === 0);
        setText(minutesSay, isOld ? 'no alert in this hour: the captures are older' : 'alerts a minute');
        bundles.show(found);
        // Addresses are people's.
        renderAlerts(isOperator() ? await asOperator('/api/ids/alerts').catch(() => found.latest) : found.latest);
      }
    } catch {
      // The page says by itself that the connection is lost.
    } finally {
      isAsking = false;
    }
  };
  onOperator((isIn) => {
    setHidden(privacy, isIn);
    void ask();
  });
  return {
    show(hasDetection) {
      isKept = hasDetection;
      setHidden(card, !isKept);
      void ask();
    },
    ask: () => {
      if (!document.hidden) void ask();
    },
    tick() {
      if (!document.hidden && performance.now() - askedAt >= ASK_MS) void ask();
    },
  };
}

const [BAR, HEIGHT] = [8, 44];

/** Alerts of the last hour, a bar a minute. */
function minuteBars(host) {
  let shown = '';
  return {
    show(minutes) {
      const state = minutes.join();
      if (state === shown) return;
      shown = state;
      const top = Math.max(1, ...minutes);
      const bars = minutes.map((alerts, i) => {
        const height = alerts === 0 ? 1 : Math.max(2, Math.round((alerts / top) * HEIGHT));
        const words = `${minutes.length - 1 - i} min ago: ${alerts}`;
        return svg(
          'rect',
          { class: alerts === 0 ? 'none' : '', x: i * BAR, y: HEIGHT - height, width: BAR - 2, height },
          svg('title', {}, words),
        );
      });
      const total = minutes.reduce((sum, alerts) => sum + alerts, 0);
      host.replaceChildren(
        svg(
          'svg',
          {
            viewBox: `0 0 ${BAR * minutes.length} ${HEIGHT}`,
            preserveAspectRatio: 'none',
            role: 'img',
            'aria-label': `Alerts in each of the last ${minutes.length} minutes: ${total} together, at most ${Math.max(...minutes)} in one`,
          },
          ...bars,
        ),
      );
    },
  };
}
