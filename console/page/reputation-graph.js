/**
 * Who judges a party, on the left, and whom it judges, on the right. Colour and line say how: whole and green for trust,
 * dashed where there is doubt, dotted and red for distrust; width says of how many interactions. A press looks from there.
 */
import { svg } from './dom.js';
import { plural } from './format.js';
import { gradeOf, sideOf } from './reputation-places.js';

const [WIDTH, MIDDLE] = [640, 320];
const NAME_MAX = 16;
const SHOWN = 14;
const WORDS = { good: 'trusts', doubt: 'doubts', bad: 'distrusts', none: 'says nothing of' };

export function neighbourhood(host, choose) {
  let shown = '';
  return {
    show({ party, judgedBy, judges }) {
      const left = judgedBy.slice(0, SHOWN);
      const right = judges.slice(0, SHOWN);
      // What has not changed is left alone: somebody may be about to press.
      const state = JSON.stringify([party, left, right]);
      if (state === shown) return;
      shown = state;
      const height = 44 + 26 * Math.max(4, left.length, right.length);
      const focused = document.activeElement?.closest?.('#reputation-graph [data-key]')?.dataset.key;
      const nodes = [
        ...links(left, 'left', height, party, choose),
        ...links(right, 'right', height, party, choose),
        svg(
          'g',
          { class: 'centre', transform: `translate(${MIDDLE},${height / 2})` },
          svg('circle', { r: 15 }),
          svg('text', { y: 32, 'text-anchor': 'middle' }, short(party, 24)),
        ),
      ];
      const says = `${plural(judgedBy.length, 'party', 'parties')} on the left judge ${party}; it judges ${plural(judges.length, 'party', 'parties')} on the right.`;
      host.replaceChildren(
        svg(
          'svg',
          { viewBox: `0 0 ${WIDTH} ${height}`, role: 'group', 'aria-label': says },
          svg('text', { class: 'side', x: 4, y: 14 }, judgedBy.length > 0 ? 'judge it' : 'nobody judges it'),
          svg(
            'text',
            { class: 'side', x: WIDTH - 4, y: 14, 'text-anchor': 'end' },
            judges.length > 0 ? 'judged by it' : 'it judges nobody',
          ),
          ...nodes,
        ),
      );
      if (focused !== undefined) host.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    },
  };
}

function links(all, side, height, party, choose) {
  return all.map((link, i) => {
    const { x, y } = sideOf(i, all.length, side, WIDTH, height);
    const grade = gradeOf(link.trust);
    const words =
      side === 'left'
        ? `${link.party} ${WORDS[grade]} ${party}: ${told(link)}`
        : `${party} ${WORDS[grade]} ${link.party}: ${told(link)}`;
    const toward = side === 'left' ? 1 : -1;
    const node = svg(
      'g',
      { class: `link ${grade}`, role: 'button', tabindex: 0, 'aria-label': words },
      svg('title', {}, words),
      svg('path', {
        class: 'edge',
        d: `M${x + 7 * toward},${y}C${x + 90 * toward},${y} ${MIDDLE - 110 * toward},${height / 2} ${MIDDLE - 16 * toward},${height / 2}`,
        'stroke-width': Math.min(5, 1 + Math.log10(Math.max(1, link.interactions)) * 1.5).toFixed(1),
      }),
      svg('circle', { class: 'dot', cx: x, cy: y, r: 6 }),
      svg(
        'text',
        { x: x - 12 * toward, y: y + 4, 'text-anchor': side === 'left' ? 'end' : 'start' },
        short(link.party, NAME_MAX),
      ),
    );
    node.dataset.key = `${side} ${link.party}`;
    node.addEventListener('click', () => choose(link.party));
    node.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      choose(link.party);
    });
    return node;
  });
}

const told = ({ trust, interactions }) =>
  `${trust === null ? 'no weight' : trust.toFixed(2)}, of ${plural(interactions, 'interaction')}`;
const short = (name, max) => (name.length > max ? `${name.slice(0, max - 1)}…` : name);
