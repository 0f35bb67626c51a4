import fc from 'fast-check';
import t from 'tap';
import { type Pattern, Prefilter } from '../../../../actors/detect/prefilter/index.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const pattern = (text: string, id: number, nocase = false): Pattern => ({ bytes: latin1(text), nocase, id });
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function hits(prefilter: Prefilter, text: string): number[] {
  const count = prefilter.scan(latin1(text));
  return [...prefilter.ids.subarray(0, count)].toSorted((a, b) => a - b);
}

function expected(patterns: readonly Pattern[], text: string): number[] {
  const found = patterns.filter(({ bytes, nocase }) => {
    const word = Buffer.from(bytes).toString('latin1');
    return nocase ? lower(text).includes(lower(word)) : text.includes(word);
  });
  return found.map(({ id }) => id).toSorted((a, b) => a - b);
}

const chars = fc.constantFrom('a', 'b', 'A', 'B', '@', '`', '\0', ' ', '\xff', '\xdf', '1');
const word = fc.string({ unit: chars, minLength: 1, maxLength: 9 });

t.test('what is found is exactly what is there, each pattern once', async (t) => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, fc.boolean()), { minLength: 1, maxLength: 40 }),
      fc.array(fc.string({ unit: chars, maxLength: 150 }), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.boolean(),
      (given, texts, pick, hasFours) => {
        // Without patterns of four bytes every second place is looked at.
        const words = given.map(
          ([text, nocase]) => [!hasFours && text.length === 4 ? `${text}a` : text, nocase] as const,
        );
        const patterns = words.map(([text, nocase], id) => pattern(text, id, nocase));
        const prefilter = new Prefilter(patterns);
        // One of the patterns is there for certain, at the end, where the last bytes have no followers.
        for (const text of [...texts, `${texts[0]}${words[pick % words.length]![0]}`]) {
          const all = expected(patterns, text);
          found += all.length;
          const ids = hits(prefilter, text);
          // Beyond its bound more may be found than is there.
          if (!all.every((id) => ids.includes(id))) return false;
          if (!prefilter.isExhausted && ids.length !== all.length) return false;
        }
        return true;
      },
    ),
    { numRuns: 1500 },
  );
  t.ok(found > 1000, `${found} hits`);
});

t.test('of 5,000 patterns those are found that a text has', async (t) => {
  const patterns = Array.from({ length: 5000 }, (_, id) =>
    pattern(`/page${id * 7919}/view-${id}.cgi`, id, id % 2 === 0),
  );
  const prefilter = new Prefilter(patterns);
  const text = `GET /PAGE${7919 * 42}/view-42.cgi /page${7919 * 43}/view-43.cgi /PAGE${7919 * 45}/VIEW-45.CGI`;
  t.same(hits(prefilter, text), [42, 43]);
  t.equal(prefilter.isExhausted, false);
});

t.test(
  'a text that is made of near matches costs no more than its bound, and nothing that is there is missed',
  async (t) => {
    // All have one key at least, and differ in the last byte alone.
    const stem = 'q'.repeat(200);
    const patterns = Array.from({ length: 200 }, (_, id) => pattern(`${stem}${String.fromCharCode(id)}`, id));
    const prefilter = new Prefilter(patterns);
    const found = hits(prefilter, `${'q'.repeat(20_000)}\x07`);
    t.ok(prefilter.isExhausted);
    t.ok(found.includes(7));
    t.same(hits(prefilter, 'nothing'), []);
  },
);
