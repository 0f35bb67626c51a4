/** Beside a map; keys that share much, come again within a stretch, or are none. */
import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { NewestOffsets } from '../../../engine/batch/index.ts';

const text = fc.oneof(
  fc.constant(null),
  fc.constantFrom('', 'a', 'a\0', 'abcd', 'abce', 'x'.repeat(40), `${'x'.repeat(39)}y`),
  fc.integer({ min: 0, max: 3_000 }).map((i) => `sensor-${i} temperature sensor-${i * 7}`),
);

/** As columns, with something before and behind each key. */
function placed(keys: readonly (string | null)[]) {
  const keyStarts = new Int32Array(keys.length);
  const keyEnds = new Int32Array(keys.length);
  let all = '#';
  for (const [i, key] of keys.entries()) {
    keyStarts[i] = key === null ? -1 : all.length;
    all += `${key ?? ''}#`;
    keyEnds[i] = key === null ? -1 : all.length - 1;
  }
  return { bytes: new Uint8Array(Buffer.from(all, 'latin1')), keyStarts, keyEnds };
}

t.test('the newest offset of each key is found, and none of a key that was never taken', async () => {
  const stretch = fc.record({ keys: fc.array(text, { maxLength: 40 }), asked: fc.array(text, { maxLength: 20 }) });
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 12 }), fc.nat(), (stretches, seed) => {
      const newest = new NewestOffsets(seededRandom(seed));
      const model = new Map<string, number>();
      let base = 0;
      for (const { keys, asked } of stretches) {
        const { bytes, ...places } = placed(keys);
        const deltas = Int32Array.from(keys, (_, i) => 3 * i);
        newest.take(bytes, places, deltas, base, 0, keys.length);
        for (const [i, key] of keys.entries()) if (key !== null) model.set(key, base + 3 * i);
        base += 3 * keys.length;
        if (newest.size !== model.size) throw new Error(`${newest.size} keys, must be ${model.size}`);
        const wanted = placed(asked);
        const found = new Float64Array(asked.length).fill(Number.NaN);
        newest.findEach(wanted.bytes, wanted, 0, asked.length, found);
        for (const [i, key] of asked.entries()) {
          const must = key === null ? -1 : (model.get(key) ?? -1);
          if (found[i] !== must) throw new Error(`${key} is at ${found[i]}, must be ${must}`);
        }
      }
    }),
  );
});

t.test('so many keys that everything grows are all found again', async (t) => {
  const newest = new NewestOffsets(seededRandom(1));
  const keys = Array.from({ length: 20_000 }, (_, i) => `key-${i}`);
  const { bytes, ...places } = placed(keys);
  const deltas = Int32Array.from(keys, (_, i) => i);
  for (let from = 0; from < keys.length; from += 1_000) newest.take(bytes, places, deltas, 5, from, from + 1_000);
  const found = new Float64Array(keys.length);
  newest.findEach(bytes, places, 0, keys.length, found);
  t.equal(newest.size, keys.length);
  t.ok(found.every((offset, i) => offset === 5 + i));
});
