import fc from 'fast-check';
import t from 'tap';
import { NONE, PairStore } from '../../../services/trust/pair-store.ts';

const step = fc.record({
  isRemoval: fc.boolean(),
  trustor: fc.integer({ min: 0, max: 40 }),
  provider: fc.integer({ min: 0, max: 12 }),
});

function chain(head: number, next: (slot: number) => number): number[] {
  const slots: number[] = [];
  for (let slot = head; slot !== NONE; slot = next(slot)) slots.push(slot);
  return slots;
}

t.test('pairs are found, and rows and columns are theirs, whatever comes and goes', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 900 }), (steps) => {
      const store = new PairStore();
      const known = new Map<string, { readonly trustor: number; readonly provider: number }>();
      for (const { isRemoval, trustor, provider } of steps) {
        const key = `${trustor} ${provider}`;
        const slot = store.find(trustor, provider);
        if ((slot === NONE) === known.has(key)) return false;
        if (isRemoval && slot !== NONE) {
          store.remove(slot);
          known.delete(key);
        } else if (!isRemoval && slot === NONE) {
          store.insert(trustor, provider);
          known.set(key, { trustor, provider });
        }
      }
      if (store.size !== known.size) return false;
      for (let id = 0; id <= 40; id++) {
        const row = chain(store.rowHead(id), (slot) => store.rowNext(slot)).map((slot) => store.provider(slot));
        const wanted = [...known.values()].filter(({ trustor }) => trustor === id).map(({ provider }) => provider);
        // The pair that came last is the first of its chain.
        if (row.join() !== wanted.reverse().join()) return false;
        const column = chain(store.columnHead(id), (slot) => store.columnNext(slot)).map((slot) => store.trustor(slot));
        const raters = [...known.values()].filter(({ provider }) => provider === id).map(({ trustor }) => trustor);
        if (column.join() !== raters.reverse().join()) return false;
      }
      return true;
    }),
  );
});

t.test('many pairs and their removal leave nothing behind', async (t) => {
  const store = new PairStore();
  for (let trustor = 0; trustor < 300; trustor++)
    for (let provider = 0; provider < 30; provider++) store.insert(trustor, provider);
  t.equal(store.size, 9_000);
  for (let trustor = 0; trustor < 300; trustor++)
    for (let provider = 0; provider < 30; provider++) store.remove(store.find(trustor, provider));
  t.equal(store.size, 0);
  t.equal(store.rowHead(7), NONE);
  t.equal(store.columnHead(7), NONE);
  t.equal(store.find(7, 7), NONE);
  store.insert(1, 2);
  t.equal(store.end, 9_000, 'a free slot is used again');
});
