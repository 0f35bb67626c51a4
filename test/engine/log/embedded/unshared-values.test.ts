import fc from 'fast-check';
import t from 'tap';
import { needsCopies, UnsharedValues } from '../../../../engine/log/embedded/unshared-values.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const shared = bytes.map((content) => {
  const memory = new Uint8Array(new SharedArrayBuffer(content.length + 3), 3);
  memory.set(content);
  return memory;
});

t.test('no value lies in shared memory, each says the same, and what was not shared is not copied', async () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(fc.constant(null), bytes, shared), { maxLength: 8 })), (commits) => {
      const unshared = new UnsharedValues();
      for (const [i, values] of commits.entries()) {
        const made = unshared.of(values);
        if (made.length !== values.length) throw new Error('another number of values');
        for (const [at, value] of values.entries()) {
          const is = made[at]!;
          if (value === null || !(value.buffer instanceof SharedArrayBuffer)) {
            if (is !== value) throw new Error('copied without need');
          } else if (is === null || is.buffer instanceof SharedArrayBuffer || Buffer.compare(is, value) !== 0)
            throw new Error(`${is} for ${value}`);
        }
        if (i % 3 === 0) unshared.rest();
      }
    }),
  );
});

t.test('its memory is used again, and let go of when a while has gone by without', async (t) => {
  const unshared = new UnsharedValues();
  const value = new Uint8Array(new SharedArrayBuffer(100));
  const first = unshared.of([value])[0]!.buffer;
  t.equal(unshared.of([value])[0]!.buffer, first);
  unshared.rest();
  t.equal(unshared.of([value])[0]!.buffer, first);
  unshared.rest();
  unshared.rest();
  t.not(unshared.of([value])[0]!.buffer, first);
});

t.test('since Node 24.9 nothing has to be copied', async (t) => {
  for (const version of ['22.21.0', '24.0.0', '24.8.9']) t.ok(needsCopies(version), version);
  for (const version of ['24.9.0', '24.21.0', '25.0.0', '26.1.0']) t.notOk(needsCopies(version), version);
});
