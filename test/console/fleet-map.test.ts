/** The fleet on a map: nobody is left out or there twice, and the picture stays small. */
import fc from 'fast-check';
import t from 'tap';
import { type Located, mapOf } from '../../console/fleet-map.ts';
import { FleetTrust } from '../../console/fleet-trust.ts';
import type { DeviceTrust } from '../../console/ports.ts';

type One = Located<string>;
const sumOf = (all: readonly (number | undefined)[]): number => all.reduce<number>((sum, n) => sum + (n ?? 0), 0);

const one = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  state: fc.constantFrom('trusted', 'suspect', 'quarantined'),
});
const fleet = fc
  .array(
    fc.oneof(
      one,
      one.map((given) => ({ ...given, latitude: 40 + given.latitude / 1e5, longitude: 3 })),
    ),
    { minLength: 1, maxLength: 300 },
  )
  .map((all): One[] => all.map((given, i) => ({ ...given, device: `d-${i}` })));

t.test('each device is one point or counts in one cluster, within the picture, of which there are few', async (t) => {
  fc.assert(
    fc.property(fleet, (all) => {
      const { bounds, points, clusters } = mapOf(all, null)!;
      const count = points.length + clusters.reduce((sum, cluster) => sum + cluster.count, 0);
      const states = sumOf(clusters.flatMap((cluster) => Object.values(cluster.states)));
      const isInside = [...points, ...clusters].every(
        ({ latitude, longitude }) =>
          latitude >= bounds.south - 1e-9 &&
          latitude <= bounds.north + 1e-9 &&
          longitude >= bounds.west - 1e-9 &&
          longitude <= bounds.east + 1e-9,
      );
      return (
        count === all.length &&
        states + points.length === all.length &&
        isInside &&
        points.length + clusters.length <= 24 * 12
      );
    }),
    { numRuns: 300 },
  );
  t.equal(mapOf([], null), null);
});

t.test('a closer look at a cluster tells its devices apart, down to those in one place', async (t) => {
  fc.assert(
    fc.property(fleet, (all) => {
      let view = mapOf(all, null)!;
      for (let looks = 0; ; looks++) {
        const cluster = view.clusters.find(({ devices }) => devices.length === 0);
        if (cluster === undefined) return true;
        if (looks > 12) return false;
        view = mapOf(all, cluster.bounds)!;
      }
    }),
  );
  const [a, b] = ['a', 'b'].map((device) => ({ device, state: 'trusted', latitude: 1, longitude: 2 }));
  t.match(mapOf([a!, b!], null), { points: [], clusters: [{ count: 2, devices: [{ device: 'a' }, { device: 'b' }] }] });
});

t.test('a fleet on both sides of the date line lies together', async (t) => {
  const at = (longitude: number) => ({ device: `${longitude}`, state: 'trusted', latitude: -17, longitude });
  const { bounds, points } = mapOf([at(179), at(-179)], null)!;
  t.ok(bounds.east - bounds.west < 3, JSON.stringify(bounds));
  t.same(
    points.map(({ longitude }) => longitude),
    [179, 181],
  );
});

t.test('a device is on the map where it was placed last, with its state as it is now', async (t) => {
  const trust = new FleetTrust();
  const told = (device: string, trustedUntil: number) => ({ device, state: 'trusted', trustedUntil }) as DeviceTrust;
  trust.take(told('a', 100), { latitude: 1, longitude: 1 });
  trust.take(told('b', 100));
  t.equal(trust.view(50).placed, 1);
  t.match(trust.map(50, null)?.points, [{ device: 'a', state: 'trusted' }]);
  t.match(trust.map(150, null)?.points, [{ device: 'a', state: 'expired' }]);
  const before = trust.total;
  trust.move('a', { latitude: 1, longitude: 1 });
  trust.move('nobody', { latitude: 1, longitude: 1 });
  t.equal(trust.total, before, 'nothing has changed');
  trust.move('b', { latitude: 2, longitude: 3 });
  t.match(trust.deviceOf('b', 50), { place: { latitude: 2, longitude: 3 } });
  trust.move('a', null);
  t.same(
    trust.map(50, null)?.points.map(({ device }) => device),
    ['b'],
  );
  trust.take(told('b', 100));
  t.equal(trust.map(50, null), null);
});
