import t from 'tap';
// @ts-expect-error The page is plain JavaScript, as the browser gets it.
import { gradeOf, sideOf } from '../../../console/page/reputation-places.js';

t.test('trust has four grades, each with its bounds', async (t) => {
  t.same([0.6, 0.59, 0.3, 0.29, -1, null].map(gradeOf), ['good', 'doubt', 'doubt', 'bad', 'bad', 'none']);
});

t.test('links of a side stand one below the other within the picture, the sides apart', async (t) => {
  for (const all of [1, 2, 5, 14]) {
    const height = 44 + 26 * Math.max(4, all);
    const places: { readonly x: number; readonly y: number }[] = Array.from({ length: all }, (_, i) =>
      sideOf(i, all, 'left', 640, height),
    );
    for (const [i, { x, y }] of places.entries()) {
      t.ok(y > 20 && y < height && x > 100 && x < 160);
      if (i > 0) t.ok(y - places[i - 1]!.y >= 18, 'names do not lie on each other');
    }
    t.ok(sideOf(0, all, 'right', 640, height).x > 480);
  }
});
