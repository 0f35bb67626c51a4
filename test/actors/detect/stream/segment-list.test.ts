import fc from 'fast-check';
import t from 'tap';
import { SegmentList } from '../../../../actors/detect/stream/segment-list.ts';

function contents(list: SegmentList): [number, number][] {
  const found: [number, number][] = [];
  if (!list.first()) return found;
  do found.push([list.start, list.end]);
  while (list.next());
  return found;
}

t.test('segments are in the order of start and length, each once, and found by their starts', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 9 }), fc.nat(9)), { maxLength: 2000, minLength: 1 }),
      fc.nat(420),
      (given, place) => {
        const list = new SegmentList();
        let model: [number, number][] = [];
        for (const [start, length, chance] of given) {
          const end = start + length;
          const isNew = !model.some(([a, b]) => a === start && b === end);
          t.equal(list.insert(start, end), isNew);
          t.strictSame([list.start, list.end], [start, end], 'the cursor is on it');
          if (isNew) model.push([start, end]);
          if (chance === 0) {
            list.dropBefore(start - 100);
            model.sort(([a, b], [c, d]) => a - c || b - d);
            while (model.length > 0 && model[0]![1] <= start - 100) model = model.slice(1);
          }
        }
        model.sort(([a, b], [c, d]) => a - c || b - d);
        t.equal(list.count, model.length);
        t.strictSame(contents(list), model);
        const expected = model.find(([start]) => start >= place);
        t.equal(list.seekStart(place), expected !== undefined);
        if (expected !== undefined) t.strictSame([list.start, list.end], expected);
      },
    ),
    { numRuns: 40 },
  );
});

t.test('a million segments in the worst order cost what the best order costs', async (t) => {
  const list = new SegmentList();
  for (let at = 1_000_000; at > 0; at--) list.insert(2 * at, 2 * at + 1);
  t.equal(list.count, 1_000_000);
  t.ok(list.first());
  t.equal(list.start, 2);
  list.dropBefore(2_000_001);
  t.equal(list.count, 0);
});
