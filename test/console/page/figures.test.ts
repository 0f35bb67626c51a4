import t from 'tap';
// @ts-expect-error the page is plain JavaScript, made for browsers
import { sparkPaths } from '../../../console/page/figures.js';

const points = (line: string) =>
  [...line.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));

t.test('a line lies inside its picture, however long the history is, and ends with the newest sample', async (t) => {
  for (const length of [2, 5, 20, 60, 90]) {
    const line = points(sparkPaths(Array.from({ length }, (_, i) => i)).line);
    t.equal(line.length, length);
    t.ok(
      line.every(({ x, y }) => x >= 0 && x <= 87 && y >= 3 && y <= 26),
      `${length} samples`,
    );
    t.same(line.at(-1), { x: 87, y: 3 }, 'the newest, greatest, at the right with room beside and above it');
  }
});

t.test('few samples are drawn as wide as they can be told apart; one makes no line', async (t) => {
  const [first, second] = points(sparkPaths([1, 1]).line);
  t.ok(second!.x - first!.x > 4);
  t.equal(points(sparkPaths(Array(90).fill(0)).line)[0]!.x, 0);
  t.same(sparkPaths([5]), { line: '', area: '' });
});
