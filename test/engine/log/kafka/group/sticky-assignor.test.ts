import fc from 'fast-check';
import t from 'tap';
import { type AssignedMember, assignSticky } from '../../../../../engine/log/kafka/group/sticky-assignor.ts';

const member = (memberId: string, owned: readonly number[] = [], generation = 1): AssignedMember => ({
  ...{ memberId, owned, generation },
});
const plain = (assigned: Map<string, number[]>) => Object.fromEntries(assigned);

/** One round, and those that follow upon it because somebody had to give something up. */
function settle(members: readonly AssignedMember[], partitions: number) {
  let now = members;
  for (let rounds = 1; ; rounds++) {
    const assigned = assignSticky(now, partitions);
    const held = new Map(now.map(({ memberId, owned }) => [memberId, owned]));
    for (const [memberId, given] of assigned)
      for (const partition of given)
        for (const [other, owned] of held)
          if (other !== memberId && owned.includes(partition)) throw new Error(`${partition} is given to two`);
    const isGiving = now.some(({ memberId, owned }) => owned.some((one) => !assigned.get(memberId)!.includes(one)));
    now = now.map(({ memberId }) => member(memberId, assigned.get(memberId), rounds + 100));
    if (!isGiving) return { assigned, rounds };
  }
}

t.test('who comes first gets all, and nobody gets nothing of nothing', async (t) => {
  t.same(plain(assignSticky([member('a')], 3)), { a: [0, 1, 2] });
  t.same(plain(assignSticky([member('a'), member('b')], 1)), { a: [0], b: [] });
  t.same(plain(assignSticky([], 3)), {});
});

t.test('what goes to another is nobody’s until it has been given up', async (t) => {
  const first = [member('a', [0, 1, 2, 3]), member('b', [], -1)];
  t.same(plain(assignSticky(first, 4)), { a: [0, 1], b: [] });
  t.same(plain(assignSticky([member('a', [0, 1]), member('b', [])], 4)), { a: [0, 1], b: [2, 3] });
});

t.test('what nobody has any more goes to those who have less', async (t) => {
  t.same(plain(assignSticky([member('a', [0, 3]), member('b', [5])], 6)), { a: [0, 1, 3], b: [2, 4, 5] });
});

t.test('of two who claim a partition, the newer generation has it; of two of one generation, neither', async (t) => {
  t.same(plain(settle([member('a', [0], 4), member('b', [0], 7)], 2).assigned), { a: [1], b: [0] });
  t.same(plain(settle([member('a', [0], 7), member('b', [0], 4)], 2).assigned), { a: [0], b: [1] });
  t.same(plain(assignSticky([member('a', [0], 4), member('b', [0], 4)], 2)), { a: [], b: [1] });
});

t.test('partitions that the topic does not have are claimed in vain', async (t) => {
  t.same(plain(assignSticky([member('a', [7, 0])], 2)), { a: [0, 1] });
});

t.test(
  'property: even, whole, never at two at once, settled in two rounds, and moving no more than it must',
  async () => {
    const claims = fc.array(fc.tuple(fc.array(fc.nat(19)), fc.integer({ min: -1, max: 3 })), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), claims, (partitions, given) => {
        const members = given.map(([owned, generation], i) => member(`m${i}`, [...new Set(owned)], generation));
        const { assigned, rounds } = settle(members, partitions);
        const all = [...assigned.values()].flat();
        const sizes = [...assigned.values()].map(({ length }) => length);
        const again = assignSticky(
          [...assigned].map(([memberId, owned]) => member(memberId, owned, 9)),
          partitions,
        );
        return (
          all.length === partitions &&
          new Set(all).size === partitions &&
          Math.max(...sizes) - Math.min(...sizes) <= 1 &&
          rounds <= 3 &&
          JSON.stringify([...again]) === JSON.stringify([...assigned])
        );
      }),
    );
  },
);
