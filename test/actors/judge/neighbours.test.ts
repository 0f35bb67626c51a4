/** Neighbours as judges: noise, a broken sensor, a fire, sensors that lie together, and lies that bring others down. */
import fc from 'fast-check';
import t from 'tap';
import { CREDIBLE, confirmAll, medianOf, type Seen } from '../../../actors/judge/neighbours.ts';
import { cellOf, cellsAround, DEGREE_METRES, distance } from '../../../actors/judge/place.ts';
import { type Random, seededRandom } from '../../../engine/index.ts';

const options = { radius: 500, tolerance: 3 };
const NOBODY: ReadonlyMap<string, number> = new Map();
const uniform = (random: Random): number => random.u32() / 2 ** 32;

/** Sensors on streets 100 m apart, in a city at 43° north. */
function city(side: number, value: (x: number, y: number, i: number) => number): Seen[] {
  return Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const place = { latitude: 43.46 + (y * 100) / DEGREE_METRES, longitude: -3.81 + (x * 138) / DEGREE_METRES };
    return { device: `d-${String(i).padStart(3, '0')}`, place, value: value(x, y, i), credit: 1 };
  });
}

const judged = (all: readonly Seen[], before = NOBODY) => {
  const confirmed = confirmAll(all, before, options);
  return all.map(({ device }) => confirmed.get(device)!);
};

t.test('sensors that differ by noise and by the weather’s slope confirm each other', async (t) => {
  const random = seededRandom(1);
  const noise = () => uniform(random) + uniform(random) + uniform(random) - 1.5;
  const all = city(10, (x, y) => 20 + 0.15 * x + 0.1 * y + 0.5 * noise());
  t.ok(judged(all).every(({ satisfaction }) => satisfaction === 1));
});

t.test('one that is broken is contradicted, and its neighbours are not', async (t) => {
  const all = city(7, (_x, _y, i) => (i === 24 ? 61 : 21 + (i % 3) / 10));
  judged(all).forEach(({ satisfaction, median }, i) => {
    t.equal(satisfaction, i === 24 ? 0 : 1);
    t.ok(Math.abs(median - 21.1) < 0.2);
  });
  const drifting = city(7, (_x, _y, i) => (i === 24 ? 21.1 + 4.5 : 21.1));
  t.ok(
    Math.abs(judged(drifting)[24]!.satisfaction! - 0.5) < 1e-9,
    'half, where it is off by half as much again as may be',
  );
});

t.test('a fire that several see is not held against them, nor against those who do not see it', async (t) => {
  for (const reach of [110, 160, 250, 320]) {
    const centre = city(10, () => 0)[45]!.place;
    const fire = city(10, () => 21).map((one) => {
      const metres = distance(centre, one.place);
      return { ...one, value: metres <= reach ? 21 + 60 * (1 - metres / (reach + 100)) : 21 };
    });
    const contradicted = judged(fire).filter(({ satisfaction }) => satisfaction !== null && satisfaction < 1);
    t.equal(contradicted.length, 0, `${fire.filter(({ value }) => value > 21).length} sensors see it`);
  }
});

t.test('a fire that spreads is one where a neighbour saw it a window before', async (t) => {
  const all = city(7, (_x, _y, i) => (i === 24 ? 60 : i === 17 ? 55 : 21));
  t.equal(judged(all)[24]!.satisfaction, 0, 'two alone are not enough');
  const before = new Map([['d-031', 1]]);
  t.ok(judged(all, before)[24]!.isEvent);
});

t.test(
  'of sensors that lie together few are spared, and none that has been contradicted protects another',
  async (t) => {
    const random = seededRandom(7);
    for (const [share, spared, drawnIn] of [
      [0.1, 0.15, 0],
      [0.3, 0.6, 0.01],
    ] as const) {
      let [liars, unjudged, honest, wronged] = [0, 0, 0, 0];
      for (let round = 0; round < 20; round++) {
        const lies = new Set<number>();
        while (lies.size < share * 100) lies.add(random.u32() % 100);
        const all = city(10, (_x, _y, i) => (lies.has(i) ? 36 : 21));
        judged(all).forEach(({ satisfaction, isEvent }, i) => {
          if (lies.has(i)) {
            liars++;
            if (isEvent) unjudged++;
            else if (satisfaction !== 0) t.fail(`a lie of ${satisfaction}`);
          } else {
            honest++;
            if (satisfaction !== null && satisfaction < 1) wronged++;
          }
        });
      }
      t.comment(
        `${share}: ${(unjudged / liars).toFixed(3)} of the lies not judged, ${(wronged / honest).toFixed(4)} of the honest contradicted`,
      );
      t.ok(unjudged / liars < spared && wronged / honest <= drawnIn);
    }
    const together = city(7, (_x, _y, i) => ([17, 24, 31].includes(i) ? 60 : 21));
    for (const i of [17, 24, 31]) t.ok(judged(together)[i]!.isEvent, 'three in a row');
    const known = together.map((one, i) => (i === 17 ? { ...one, credit: CREDIBLE - 0.01 } : one));
    for (const i of [17, 24, 31]) t.equal(judged(known)[i]!.satisfaction, 0);
  },
);

t.test('without three neighbours nobody is judged, and those beyond the radius are none', async (t) => {
  const all = city(2, (_x, _y, i) => (i === 0 ? 90 : 21));
  t.equal(judged(all)[0]!.satisfaction, 0);
  t.equal(judged(all.slice(0, 3))[0]!.satisfaction, null);
  const far = all.map((one, i) =>
    i === 3 ? { ...one, place: { ...one.place, latitude: one.place.latitude + 0.01 } } : one,
  );
  t.equal(judged(far)[0]!.satisfaction, null);
});

t.test('the median is not moved by less than half', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 9 }), (numbers) => {
      const median = medianOf(numbers);
      const below = numbers.filter((number) => number < median).length;
      const above = numbers.filter((number) => number > median).length;
      return below <= numbers.length / 2 && above <= numbers.length / 2;
    }),
    { examples: [[[-3.7e293, -Number.MAX_VALUE]], [[Number.MIN_VALUE, Number.MIN_VALUE]]] },
  );
  t.pass();
});

t.test('whoever is within the radius is seen in one’s cell, anywhere on earth but its poles', async (t) => {
  const random = seededRandom(3);
  for (let i = 0; i < 20_000; i++) {
    const place = { latitude: (uniform(random) - 0.5) * 170, longitude: (uniform(random) - 0.5) * 358 };
    const [angle, metres] = [uniform(random) * 2 * Math.PI, uniform(random) * 499];
    const north = (metres * Math.sin(angle)) / DEGREE_METRES;
    const east = (metres * Math.cos(angle)) / DEGREE_METRES / Math.cos((place.latitude * Math.PI) / 180);
    const other = { latitude: place.latitude + north, longitude: place.longitude + east };
    const cells = cellsAround(other, 500);
    if (!cells.has(cellOf(place, 500))) t.fail(`${JSON.stringify([place, other])}`);
    if (cells.size > 5) t.fail(`${cells.size} cells around ${JSON.stringify(other)}`);
  }
  t.pass();
});
