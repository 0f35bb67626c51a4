import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { AddressSet } from '../../schemas/address-set.ts';

t.test('addresses get rows in the order of their first appearance, however many', async () => {
  const set = new AddressSet();
  const address = fc.uint8Array({ minLength: 6, maxLength: 6, max: 3 });
  fc.assert(
    fc.property(fc.array(address, { maxLength: 600, size: 'max' }), (list) => {
      const known = new Map<string, number>();
      for (const mac of list) {
        const name = mac.join();
        if (!known.has(name)) known.set(name, known.size);
        assert.equal(set.rowOf(mac), known.get(name));
      }
      set.clear();
    }),
    { numRuns: 60 },
  );
});

t.test('nothing is remembered after clear', async (t) => {
  const set = new AddressSet();
  const mac = Uint8Array.of(1, 2, 3, 4, 5, 6);
  t.equal(set.rowOf(Uint8Array.of(6, 5, 4, 3, 2, 1)), 0);
  t.equal(set.rowOf(mac), 1);
  set.clear();
  t.equal(set.rowOf(mac), 0);
});
