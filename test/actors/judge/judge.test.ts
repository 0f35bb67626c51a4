/** Both actors over the real log: from aggregates and places to interactions, wherever tasks die; and attacks on them. */
import t from 'tap';
import { distance } from '../../../actors/judge/place.ts';
import { type Random, seededRandom } from '../../../engine/index.ts';
import { idOf, judgeCity, placeOf, START_MS, type Values, WINDOW_MS } from './city-of-sensors.ts';

const broken: Values = (device, window) => [device === 5 && window === 1 ? 70 : 20 + device / 10];

t.test('each device is judged once for each window, by its neighbours in other partitions and cells', async (t) => {
  const found = await judgeCity({ side: 4, windows: 3, values: broken });
  t.equal(found.size, 16 * 3);
  for (const [name, { satisfaction, reason, trustor, service, time }] of found) {
    const isBroken = name === `${idOf(5)} 1`;
    t.equal(satisfaction, isBroken ? 0 : 1, name);
    t.match(reason, isBroken ? /^70\.0 °C, but 15 neighbours have 2\d\.\d °C$/ : /as 15 neighbours/);
    t.match({ trustor, service }, { trustor: 'msec', service: 'temperature' });
    t.equal(time, START_MS + (Number(name.split(' ')[1]) + 1) * WINDOW_MS - 1);
  }
});

t.test('what is judged does not depend on where tasks die', async (t) => {
  const undisturbed = await judgeCity({ side: 4, windows: 3, values: broken });
  for (const cuts of ['before-commit', 'after-commit'] as const)
    t.same(await judgeCity({ side: 4, windows: 3, values: broken, cuts }), undisturbed, cuts);
});

t.test('values outside of what is possible count against a device as far as they go', async (t) => {
  const values: Values = (device) => (device === 2 ? [20, 6] : device === 3 ? [null, 0] : [20]);
  const found = await judgeCity({ side: 4, windows: 1, values });
  const of = (device: number) => found.get(`${idOf(device)} 0`)!;
  t.equal(of(2).satisfaction, 0.6);
  t.match(of(2).reason, /^4 of 10 values outside of what is physically possible; 20\.0 °C, as/);
  t.equal(of(3).satisfaction, 0);
  t.equal(of(4).satisfaction, 1);
});

t.test('devices are compared with those of their own type', async (t) => {
  // Four of another type, whose casings are warm.
  const values: Values = (device) => (device % 4 === 0 ? [35, 10, 'crowd'] : [20]);
  const found = await judgeCity({ side: 4, windows: 2, values });
  t.equal(found.size, 32);
  for (const { satisfaction } of found.values()) t.equal(satisfaction, 1);
  t.match(found.get(`${idOf(4)} 0`)!.reason, /^35\.0 °C, as 3 neighbours have 35\.0 °C/);
});

t.test('three that lie together lose each other’s protection once one of them was caught', async (t) => {
  // One of them is alone in the first windows; from then on it protects nobody.
  const values: Values = (device, window) => [device === 5 || (window > 3 && [6, 9].includes(device)) ? 70 : 20];
  const found = await judgeCity({ side: 4, windows: 7, values });
  t.equal(found.get(`${idOf(5)} 0`)!.satisfaction, 0);
  for (let window = 4; window < 7; window++)
    for (const device of [5, 6, 9])
      t.equal(found.get(`${idOf(device)} ${window}`)?.satisfaction, 0, `${device} in ${window}`);
});

const uniform = (random: Random): number => random.u32() / 2 ** 32;
const noise = (random: Random): number => uniform(random) + uniform(random) + uniform(random) - 1.5;

interface Group {
  judged: number;
  windows: number;
  satisfaction: number;
}
const newGroup = (): Group => ({ judged: 0, windows: 0, satisfaction: 0 });
const mean = ({ judged, satisfaction }: Group): number => satisfaction / judged;

t.test('liars among a hundred sensors are told from honest ones, also while something burns', async (t) => {
  const [side, windows] = [10, 9];
  for (const [share, caught] of [
    [0.1, 0.8],
    [0.3, 0.25],
  ] as const) {
    const random = seededRandom(share * 100);
    const lies = new Set<number>();
    while (lies.size < share * side * side) lies.add(random.u32() % (side * side));
    const centre = placeOf(44, side);
    const isBurning = (device: number, window: number): boolean =>
      window >= 5 && window < 8 && distance(centre, placeOf(device, side)) < 320;
    // Together: they all say the same, 15 degrees too much, from the fourth window on.
    const values: Values = (device, window) => [
      lies.has(device) && window >= 3 ? 36 : 21 + 0.5 * noise(random) + (isBurning(device, window) ? 40 : 0),
    ];
    const found = await judgeCity({ side, windows, values });
    const [liars, honest, burning] = [newGroup(), newGroup(), newGroup()];
    for (let device = 0; device < side * side; device++)
      for (let window = 3; window < windows; window++) {
        const group = lies.has(device) ? liars : isBurning(device, window) ? burning : honest;
        const one = found.get(`${idOf(device)} ${window}`);
        group.windows++;
        if (one === undefined) continue;
        group.judged++;
        group.satisfaction += one.satisfaction;
      }
    t.comment(
      `${100 * share} % liars: they ${mean(liars).toFixed(3)} (${liars.judged} of ${liars.windows} judged), honest ${mean(honest).toFixed(3)} (${honest.judged} of ${honest.windows}), at the fire ${mean(burning).toFixed(3)} (${burning.judged} of ${burning.windows})`,
    );
    t.ok(mean(liars) < 0.1 && liars.judged > caught * liars.windows, 'liars are judged, and badly');
    t.ok(mean(honest) > 0.99 && honest.judged > 0.9 * honest.windows, 'honest ones are not drawn into it');
    t.ok(burning.judged === 0 || mean(burning) > 0.95, 'and nobody who saw the fire pays for it');
  }
});
