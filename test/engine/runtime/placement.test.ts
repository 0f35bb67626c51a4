import fc from 'fast-check';
import t from 'tap';
import { type Placement, placePartitions } from '../../../engine/runtime/placement.ts';

const none: Placement = new Map();
const loads = (placement: Placement, workers: number) =>
  Array.from({ length: workers }, (_, worker) => [...placement].filter(([, at]) => at === worker).map(([of]) => of));

t.test('partitions go round the workers', async (t) => {
  t.same(loads(placePartitions(none, [0, 1, 2, 3, 4], 2), 2), [
    [0, 2, 4],
    [1, 3],
  ]);
});

t.test('what stays keeps its worker, and what is new goes to whoever has least', async (t) => {
  const before = placePartitions(none, [0, 1, 2, 3], 2);
  t.same(loads(placePartitions(before, [0, 1, 2, 5, 6], 2), 2), [
    [0, 2, 6],
    [1, 5],
  ]);
});

t.test('where one worker loses all it has, others share with it', async (t) => {
  const before = placePartitions(none, [0, 1, 2, 3, 4, 5, 6, 7], 2);
  t.same(loads(placePartitions(before, [0, 2, 4, 6], 2), 2), [
    [0, 2],
    [6, 4],
  ]);
});

t.test('what has piled up decides which partitions come together, and not how many', async (t) => {
  const zipf = new Map([13.37, 9.89, 12.56, 8.55, 9.05, 13.18, 18.22, 15.18].map((weight, of) => [of, weight]));
  t.same(loads(placePartitions(none, zipf.keys(), 2, zipf), 2), [
    [6, 5, 1, 3],
    [7, 0, 2, 4],
  ]);
  const one = new Map([[3, 1_000_000]]);
  t.same(loads(placePartitions(none, [0, 1, 2, 3, 4, 5, 6], 2, one), 2), [
    [3, 5, 6],
    [0, 1, 2, 4],
  ]);
});

t.test('what comes joins what there is to do already, and what has to move is what brings both nearest', async (t) => {
  const before: Placement = new Map([
    [0, 0],
    [1, 1],
  ]);
  const weights = new Map([1, 10, 5, 5].map((weight, of) => [of, weight]));
  t.same(loads(placePartitions(before, [0, 1, 2, 3], 2, weights), 2), [
    [0, 2],
    [1, 3],
  ]);
  const crowded: Placement = new Map([0, 1, 2, 3].map((of) => [of, 0]));
  const uneven = new Map([6, 2, 2, 2].map((weight, of) => [of, weight]));
  t.same(loads(placePartitions(crowded, [0, 1, 2, 3], 2, uneven), 2), [
    [1, 2],
    [0, 3],
  ]);
});

t.test('property: where all have as much to do, weights change nothing', async () => {
  const sets = fc.array(fc.uniqueArray(fc.nat(15)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(9), sets, (workers, weight, changes) => {
      const weights = new Map(Array.from({ length: 16 }, (_, of) => [of, weight]));
      let [plain, weighted] = [none, none];
      for (const partitions of changes) {
        plain = placePartitions(plain, partitions, workers);
        weighted = placePartitions(weighted, partitions, workers, weights);
        if (JSON.stringify(loads(plain, workers)) !== JSON.stringify(loads(weighted, workers))) return false;
      }
      return true;
    }),
  );
});

t.test(
  'property: from nothing, no worker has more than the heaviest partition above the lightest with as many',
  async () => {
    const all = fc.array(fc.nat(1000), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), all, (workers, amounts) => {
        const weights = new Map(amounts.map((amount, of) => [of, amount]));
        const sums = loads(placePartitions(none, weights.keys(), workers, weights), workers).map((load) =>
          load.reduce((sum, of) => sum + weights.get(of)!, 0),
        );
        return amounts.length % workers !== 0 || Math.max(...sums) - Math.min(...sums) <= Math.max(...amounts);
      }),
    );
  },
);

t.test(
  'property: every partition has one worker, loads differ by one at most, and nothing moves without need',
  async () => {
    const sets = fc.array(fc.uniqueArray(fc.nat(15)), { maxLength: 8 });
    const backlog = fc.array(fc.nat(1000), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), sets, backlog, (workers, changes, amounts) => {
        const weights = new Map(amounts.map((amount, of) => [of, amount]));
        let placement = none;
        for (const partitions of changes) {
          const next = placePartitions(placement, partitions, workers, weights);
          const sizes = loads(next, workers).map(({ length }) => length);
          const kept = partitions.filter((partition) => placement.has(partition));
          const moved = kept.filter((partition) => placement.get(partition) !== next.get(partition));
          const heldBefore = loads(placement, workers).map(
            (load) => load.filter((of) => partitions.includes(of)).length,
          );
          const above = heldBefore.map((held) => Math.max(0, held - Math.ceil(partitions.length / workers)));
          const needed = above.reduce((sum, count) => sum + count, 0);
          if (next.size !== partitions.length || Math.max(...sizes) - Math.min(...sizes) > 1) return false;
          // One more may have to go where a full share is a ceiling for some workers and not for all.
          if (moved.length > needed + workers - 1) return false;
          placement = next;
        }
        return true;
      }),
    );
  },
);
