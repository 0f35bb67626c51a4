/** Trust and reputation: the ranking of a service, one party's history in both windows, and the graph around it. */
import { byId, element, reconcile, setHidden, setText } from './dom.js';
import { age, count, plural } from './format.js';
import { neighbourhood } from './reputation-graph.js';
import { historyChart } from './reputation-history.js';
import { standingView } from './reputation-standing.js';

const ASK_MS = 2_000;
const LINKS = 4;
const STANDINGS = {
  reintegrated: 'reintegrated',
  blacklisted: 'blacklisted',
  permanent: 'blacklisted for good',
  untrusted: 'device not trusted',
};
const HISTORY_FROM = {
  begins: '',
  reading: 'What was before this start is being read from the log.',
  log: 'From where the log was read on: what is older is gone from it, or too much to look at here.',
  start: 'Since this start: interactions are not logged (trust.log).',
};
const value = (number) => (number === null ? '–' : number.toFixed(2).replace('-', '\u2212'));

export function reputationView() {
  const [card, note, services, rows, barred, panel, title, facts, says, links] = [
    'reputation',
    'reputation-note',
    'reputation-service',
    'reputation-rows',
    'reputation-barred',
    'reputation-party',
    'reputation-party-title',
    'reputation-facts',
    'reputation-says',
    'reputation-links',
  ].map(byId);
  const chart = historyChart(byId('reputation-history'), byId('reputation-history-empty'));
  let isKept = false;
  let service = null;
  let party = null;
  let isAsking = false;
  let askedAt = Number.NEGATIVE_INFINITY;

  services.addEventListener('change', () => {
    service = services.value;
    party = null;
    void ask();
  });
  const choose = (name) => {
    party = name;
    void ask();
  };
  const graph = neighbourhood(byId('reputation-graph'), choose);
  const standings = standingView(() => void ask());

  const renderServices = ({ services: known, isReady, unplaced }) => {
    const names = known.map((one) => one.service);
    if (names.join() !== [...services.options].map((option) => option.value).join())
      services.replaceChildren(...names.map((name) => element('option', { value: name }, name)));
    if (!names.includes(service)) service = names[0] ?? null;
    if (service !== null) services.value = service;
    const one = known.find((each) => each.service === service);
    const lost = (one?.forgotten ?? 0) + unplaced;
    const words = [
      ...(one === undefined ? [] : [plural(one.providers, 'provider'), plural(one.pairs, 'pair')]),
      ...(lost > 0 ? [`${count(lost)} found no room`] : []),
      ...(isReady ? [] : ['still reading']),
    ];
    setText(note, words.join(' · '));
    setHidden(byId('reputation-empty'), names.length > 0);
    setHidden(byId('reputation-body'), names.length === 0);
    setHidden(services.parentElement, names.length === 0);
  };

  const renderRanking = ({ providers, total, barred: out }) => {
    const ranked = providers.map((one, i) => ({ ...one, place: i + 1 }));
    reconcile(
      rows,
      ranked,
      ({ provider }) => provider,
      ({ provider }) =>
        element(
          'tr',
          {},
          element('td', { class: 'place' }),
          element(
            'th',
            { scope: 'row' },
            element('button', { type: 'button', onclick: () => choose(provider) }, provider),
            element('span', { class: 'badge' }),
          ),
          element('td', { class: 'score' }, element('b'), element('span', { class: 'bar' }, element('i'))),
          element('td', { class: 'number' }),
          element('td', { class: 'number' }),
          element('td', { class: 'number' }),
        ),
      (row, one) => {
        const [place, name, score, reputation, reliability, raters] = row.children;
        row.classList.toggle('chosen', one.provider === party);
        setText(place, String(one.place));
        const badge = name.querySelector('.badge');
        setText(badge, STANDINGS[one.standing] ?? '');
        setHidden(badge, STANDINGS[one.standing] === undefined);
        setText(score.querySelector('b'), value(one.dependability));
        score.querySelector('i').style.width = `${Math.max(0, Math.min(1, one.dependability)) * 100}%`;
        setText(reputation, value(one.reputation));
        setText(reliability, value(one.reliability));
        setText(raters, count(one.raters));
      },
    );
    reconcile(
      barred,
      out,
      ({ provider }) => provider,
      ({ provider }) =>
        element(
          'li',
          {},
          element('button', { type: 'button', onclick: () => choose(provider) }, provider),
          ' ',
          element('span', { class: 'badge reputation-out' }),
        ),
      (row, { standing }) => setText(row.querySelector('.badge'), STANDINGS[standing] ?? standing),
    );
    setHidden(byId('reputation-barred-title'), out.length === 0);
    const more = total - ranked.length - out.length;
    setText(byId('reputation-more'), more > 0 ? `${count(more)} more` : '');
    party ??= ranked[0]?.provider ?? null;
  };

  const renderParty = (found) => {
    setHidden(panel, false);
    setText(title, found.party);
    const { provider, standing } = found;
    const entries =
      provider === null
        ? [['Serves', standing === null ? 'nobody' : (STANDINGS[standing] ?? 'yes')]]
        : [
            ['Dependability', value(provider.dependability)],
            ['Reputation', value(provider.reputation)],
            ['Performance', value(provider.reliability)],
            ['Popularity', value(provider.popularity)],
            ['Judged by', count(provider.raters)],
          ];
    facts.replaceChildren(
      ...entries.map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
    );
    setText(says, provider === null ? '' : `${provider.says.join('; ')}.`);
    chart.show(found.history);
    setText(byId('reputation-history-note'), HISTORY_FROM[found.historyFrom] ?? '');
    standings.show(found);
    graph.show(found);
    const told = [
      ...found.judgedBy.map((link) => ({ ...link, key: `< ${link.party}`, words: `${link.party} judges it` })),
      ...found.judges.map((link) => ({ ...link, key: `> ${link.party}`, words: `it judges ${link.party}` })),
    ];
    reconcile(
      links,
      told.sort((a, b) => b.at - a.at).slice(0, LINKS),
      ({ key }) => key,
      ({ party: other }) =>
        element(
          'li',
          {},
          element(
            'button',
            { type: 'button', onclick: () => choose(other) },
            element('span', { class: 'words' }),
            element('span', { class: 'muted age' }),
            element('span', { class: 'message muted' }),
          ),
        ),
      (row, link) => {
        setText(row.querySelector('.words'), link.words);
        setText(row.querySelector('.age'), age(Date.now() - link.at));
        setText(
          row.querySelector('.message'),
          `trust ${value(link.trust)} · lately ${value(link.recent)}, lasting ${value(link.lasting)} · ${plural(link.interactions, 'interaction')}`,
        );
      },
    );
    setText(byId('reputation-links-more'), found.more > 0 ? `${count(found.more)} more are not drawn` : '');
  };

  const get = async (path) => {
    const answer = await fetch(path);
    return answer.ok ? answer.json() : null;
  };
  /** One question at a time; the next tick asks again. */
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    askedAt = performance.now();
    try {
      const known = await get('/api/reputation');
      if (known === null) return;
      setHidden(card, false);
      renderServices(known);
      if (service === null) return;
      const base = `/api/reputation/${encodeURIComponent(service)}`;
      const ranking = await get(base);
      if (ranking !== null) renderRanking(ranking);
      if (party === null) return;
      const found = await get(`${base}/${encodeURIComponent(party)}`);
      if (found !== null && found.party === party) renderParty(found);
      for (const row of rows.children) row.classList.toggle('chosen', row.dataset.key === party);
    } catch {
      // The page says by itself that the connection is lost.
    } finally {
      isAsking = false;
    }
  };
  return {
    show(hasReputation) {
      isKept = hasReputation;
      setHidden(card, !isKept);
      if (isKept) void ask();
    },
    tick() {
      if (isKept && !document.hidden && performance.now() - askedAt >= ASK_MS) void ask();
    },
    restyle: () => chart.restyle(),
  };
}
