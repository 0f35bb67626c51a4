/** Beside a map; keys that share much, come again within a stretch, or are none. */
import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { NewestRecords } from '../../../engine/batch/index.ts';

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

t.test('what is superseded is marked, and keys that came are told from those that never did', async () => {
  const stretch = fc.record({ keys: fc.array(text, { maxLength: 40 }), asked: fc.array(text, { maxLength: 20 }) });
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 12 }), fc.nat(), (stretches, seed) => {
      const newest = new NewestRecords(seededRandom(seed));
      const model: (string | null)[] = [];
      for (const { keys, asked } of stretches) {
        const { bytes, ...places } = placed(keys);
        newest.take(bytes, places, 0, keys.length);
        model.push(...keys);
        if (newest.records !== model.length) throw new Error(`${newest.records} records, must be ${model.length}`);
        const wanted = placed(asked);
        const found = new Uint8Array(asked.length).fill(2);
        newest.findEach(wanted.bytes, wanted, 0, asked.length, found);
        for (const [i, key] of asked.entries())
          if (found[i] !== (key !== null && model.includes(key) ? 1 : 0)) throw new Error(`${key} is ${found[i]}`);
      }
      if (newest.size !== new Set(model.filter((key) => key !== null)).size) throw new Error(`${newest.size} keys`);
      for (const [record, key] of model.entries()) {
        const must = key !== null && model.lastIndexOf(key) > record;
        if (newest.isSuperseded(record) !== must) throw new Error(`${record}, ${key}: must be ${must}`);
      }
    }),
  );
});

t.test('so many keys that everything grows are all found again', async (t) => {
  const newest = new NewestRecords(seededRandom(1));
  const keys = Array.from({ length: 20_000 }, (_, i) => `key-${i}`);
  const { bytes, ...places } = placed(keys);
  for (let from = 0; from < keys.length; from += 1_000) newest.take(bytes, places, from, from + 1_000);
  const found = new Uint8Array(keys.length);
  newest.findEach(bytes, places, 0, keys.length, found);
  t.equal(newest.size, keys.length);
  t.ok(found.every((one) => one === 1));
  t.notOk(keys.some((_, record) => newest.isSuperseded(record)));
});
