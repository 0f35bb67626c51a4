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

t.test(
  'property: every partition has one worker, loads differ by one at most, and nothing moves without need',
  async () => {
    const sets = fc.array(fc.uniqueArray(fc.nat(15)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), sets, (workers, changes) => {
        let placement = none;
        for (const partitions of changes) {
          const next = placePartitions(placement, partitions, workers);
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
