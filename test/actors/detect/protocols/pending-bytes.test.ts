import fc from 'fast-check';
import t from 'tap';
import { PendingBytes } from '../../../../actors/detect/protocols/pending-bytes.ts';

t.test('what waits is what was not used, in any order of arrivals and uses', async () => {
  const steps = fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat()), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (all) => {
      const pending = new PendingBytes();
      let model: number[] = [];
      for (const [arriving, use] of all) {
        const bytes = new Uint8Array(arriving);
        const joined = pending.join(bytes);
        model.push(...arriving);
        if (!Buffer.from(joined).equals(Buffer.from(model))) return false;
        const used = use % (model.length + 1);
        pending.keep(joined, used);
        model = model.slice(used);
        // A segment is gone after the call: what waits must not lie in it.
        bytes.fill(0xaa);
        if (pending.length !== model.length) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
});

t.test('a message of many small segments is not copied for each of them', async (t) => {
  const pending = new PendingBytes();
  const one = new Uint8Array(1);
  let moved = 0;
  let { buffer } = pending.join(one);
  pending.keep(pending.join(one), 0);
  for (let count = 0; count < 100_000; count++) {
    const joined = pending.join(one);
    if (joined.buffer !== buffer) moved++;
    ({ buffer } = joined);
    pending.keep(joined, 0);
  }
  t.ok(moved < 30, `${moved} times`);
});
