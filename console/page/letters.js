/** Dead letters: how many of each reason, the latest of them, and one in full with its bytes. */
import { byId, element, reconcile, setHidden, setText, withNew } from './dom.js';
import { age, bytes, count, hexRows, isoTime, plural, reason } from './format.js';

const ROWS = 6;

export function lettersView() {
  const [list, reasonList, empty, note, dialog, title, body, close] = [
    'letters',
    'reasons',
    'letters-empty',
    'letters-note',
    'letter',
    'letter-title',
    'letter-body',
    'letter-close',
  ].map(byId);
  let latest = [];
  close.addEventListener('click', () => dialog.close());
  // A click on the backdrop has the dialog itself as its target.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  const open = (letter) => {
    setText(title, sentence(reason(letter.code)));
    body.replaceChildren(...detail(letter));
    dialog.showModal();
  };
  const make = (letter) =>
    element(
      'li',
      {},
      element(
        'button',
        { type: 'button', onclick: () => open(letter) },
        element('span', { class: 'badge warn' }, reason(letter.code)),
        element('span', { class: 'message' }, letter.message),
        element('span', { class: 'muted where' }, `${letter.actor} · ${letter.key || 'no key'}`),
        element('span', { class: 'muted age' }),
      ),
    );
  const render = () => {
    const now = Date.now();
    setHidden(empty, latest.length > 0);
    setHidden(list, latest.length === 0);
    reconcile(list, latest.slice(0, ROWS), keyOf, make, (row, letter) =>
      setText(row.querySelector('.age'), age(now - letter.time)),
    );
  };
  return {
    show(letters) {
      latest = [...letters].sort((a, b) => b.time - a.time).slice(0, 100);
      render();
    },
    add(letters) {
      latest = withNew(latest, letters, keyOf).slice(0, 100);
    },
    tick(status) {
      const reasons = Object.entries(status.reasons ?? {})
        .sort((a, b) => b[1] - a[1])
        .slice(0, 8);
      const total = reasons.reduce((sum, [, n]) => sum + n, 0);
      const top = Math.max(1, ...reasons.map(([, n]) => n));
      setHidden(reasonList, reasons.length === 0);
      reconcile(
        reasonList,
        reasons,
        ([code]) => code,
        ([code]) =>
          element(
            'li',
            {},
            element('span', { class: 'what' }, reason(code)),
            element('span', { class: 'bar' }, element('i')),
            element('b'),
          ),
        (row, [, n]) => {
          row.querySelector('i').style.width = `${Math.max(2, (100 * n) / top).toFixed(1)}%`;
          setText(row.querySelector('b'), count(n));
        },
      );
      setText(
        note,
        total > 0 ? `${plural(total, 'letter')} since start` : latest.length > 0 ? 'from before this start' : '',
      );
      render();
    },
  };
}

const keyOf = ({ topic, partition, offset }) => `${topic}/${partition}/${offset}`;
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function detail(letter) {
  const place = ({ topic, partition, offset }) => `${topic} · partition ${partition} · offset ${offset}`;
  const facts = [
    ['When', `${isoTime(letter.time)} (${age(Date.now() - letter.time)})`],
    ['Key', letter.key || '–'],
    [
      'Actor',
      letter.stage === null || letter.stage === letter.actor ? letter.actor : `${letter.actor}, stage ${letter.stage}`,
    ],
    ['Failed record', letter.source === null ? '–' : place(letter.source)],
    ['This letter', place(letter)],
    ['Attempts', letter.attempts === null ? '–' : String(letter.attempts)],
    ['Field', letter.field === null ? '–' : letter.field],
    ['Byte offset', letter.byteOffset === null ? '–' : `${letter.byteOffset} (0x${letter.byteOffset.toString(16)})`],
  ];
  const command = `msec dlq show ${letter.topic} ${letter.partition} ${letter.offset}`;
  return [
    element('p', { class: 'lead' }, letter.message),
    element(
      'dl',
      { class: 'facts' },
      facts.map(([what, value]) => element('div', {}, element('dt', {}, what), element('dd', {}, value))),
    ),
    element(
      'h3',
      {},
      `Bytes, unchanged (${bytes(letter.bytes)}${letter.hex.length / 2 < letter.bytes ? `, the first ${letter.hex.length / 2}` : ''})`,
    ),
    hexDump(letter),
    element('p', { class: 'muted command' }, 'In full: ', element('code', {}, command)),
  ];
}

function hexDump({ hex, markedByte }) {
  const rows = hexRows(hex).map(({ offset, bytes: cells, text }) =>
    element(
      'div',
      {},
      element('span', { class: 'at' }, offset.toString(16).padStart(4, '0')),
      element(
        'span',
        { class: 'cells' },
        cells.map((cell, i) => element('i', { class: offset + i === markedByte ? 'here' : null }, cell)),
      ),
      element(
        'span',
        { class: 'text' },
        text.map((one, i) => element('i', { class: offset + i === markedByte ? 'here' : null }, one)),
      ),
    ),
  );
  return element('div', { class: 'hex', tabindex: 0, role: 'group', 'aria-label': 'Hex dump' }, rows);
}
