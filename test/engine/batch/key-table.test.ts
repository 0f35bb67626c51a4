import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { KeyTable, RecordPlaces } from '../../../engine/batch/index.ts';
import { tabulationHash } from '../../../engine/batch/key-table.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const intern = (table: KeyTable, text: string) => table.intern(encode(text), 0, encode(text).length);
const textOf = (table: KeyTable, id: number) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(table.bytesOf(id));

t.test('the same bytes have one id, other bytes another, and ids are dense', async (t) => {
  const table = new KeyTable(seededRandom(1));
  t.equal(intern(table, 'a'), 0);
  t.equal(intern(table, ''), 1, 'an empty key is a key');
  t.equal(intern(table, 'a\0'), 2, 'a trailing zero makes another key');
  t.equal(intern(table, 'a'), 0);
  t.equal(table.size, 3);
  t.same(table.bytesOf(2), encode('a\0'));
  t.same(table.arena.subarray(table.startOf(2), table.endOf(2)), encode('a\0'), 'without a copy');
});

t.test('a retained id outlives a sweep, a released one is given to the next new key', async (t) => {
  const table = new KeyTable(seededRandom(1));
  const kept = intern(table, 'kept');
  const dropped = intern(table, 'dropped');
  table.retain(kept);
  table.retain(kept);
  table.retain(dropped);
  table.release(dropped);
  table.release(kept);
  t.equal(table.unretained, 1);
  t.equal(table.sweep(), 1);
  t.equal(intern(table, 'kept'), kept);
  t.equal(textOf(table, kept), 'kept');
  t.equal(intern(table, 'new'), dropped);
  t.equal(table.size, 2);
  t.equal(table.sweep(), 1, 'a new key that nobody retained goes');
  t.equal(table.sweep(), 0);
});

t.test('a stream of distinct keys leaves no memory behind', async (t) => {
  const table = new KeyTable(seededRandom(2));
  const resident = Array.from({ length: 100 }, (_, i) => intern(table, `resident-${i}`));
  for (const id of resident) table.retain(id);
  table.sweep();
  const before = table.byteLength;
  let peak = 0;
  for (let i = 0; i < 200_000; i++) {
    intern(table, `hostile-key-number-${i}`);
    if (table.unretained > 1000) {
      peak = Math.max(peak, table.byteLength);
      table.sweep();
    }
  }
  table.sweep();
  t.ok(table.byteLength <= before + 8192, `${before} bytes before, ${table.byteLength} after`);
  t.ok(peak < 300_000, `at most ${peak} bytes in between`);
  t.ok(table.idsEnd <= 100, 'ids are dense again');
  t.same(
    resident.map((id) => textOf(table, id)),
    resident.map((_, i) => `resident-${i}`),
  );
  t.same(
    resident.map((_, i) => intern(table, `resident-${i}`)),
    resident,
  );
});

t.test('any order of intern, retain, release and sweep agrees with a map', async () => {
  const step = fc.record({
    kind: fc.constantFrom('intern', 'intern', 'retain', 'release', 'sweep'),
    key: fc.oneof(
      fc.constantFrom('', 'a', 'b', 'ab'),
      fc.string({ maxLength: 40 }),
      fc.nat(300).map((n) => `k${n}`),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.integer(), (steps, seed) => {
      const table = new KeyTable(seededRandom(seed));
      const model = new Map<string, { id: number; references: number }>();
      for (const { kind, key } of steps) {
        const known = model.get(key);
        if (kind === 'intern') {
          const id = intern(table, key);
          if (known !== undefined && known.id !== id) throw new Error(`${key} was ${known.id}, now ${id}`);
          if (known === undefined) model.set(key, { id, references: 0 });
        } else if (kind === 'retain' && known !== undefined) {
          table.retain(known.id);
          known.references++;
        } else if (kind === 'release' && known !== undefined && known.references > 0) {
          table.release(known.id);
          known.references--;
        } else if (kind === 'sweep') {
          table.sweep();
          for (const [name, entry] of model) if (entry.references === 0) model.delete(name);
        }
        if (table.size !== model.size) throw new Error(`${table.size} keys, not ${model.size}`);
      }
      const ids = new Set<number>();
      for (const [key, { id }] of model) {
        ids.add(id);
        if (textOf(table, id) !== key) throw new Error(`${id} is not ${key}`);
      }
      if (ids.size !== model.size) throw new Error('two keys share an id');
    }),
    { numRuns: 150 },
  );
});

t.test('the hash depends on the secret, on every byte and on its position, also beyond one block', async (t) => {
  const words = (seed: number) => new Int32Array(seededRandom(seed).bytes(4 * 36 * 256).buffer);
  const secret = words(1);
  const long = new Uint8Array(100);
  const hashOf = (bytes: Uint8Array, key: Int32Array) =>
    tabulationHash(new DataView(bytes.buffer), 0, bytes.length, key);
  const hashes = new Set<number>([hashOf(long, secret)]);
  for (let i = 0; i < 100; i++) {
    const changed = long.slice();
    changed[i] = 1;
    hashes.add(hashOf(changed, secret));
  }
  t.equal(hashes.size, 101);
  t.not(hashOf(long, words(2)), hashOf(long, secret));
});

t.test(
  'keys of a stretch have the ids that each of them has, also where they differ in little, and after a sweep',
  async () => {
    const key = fc.oneof(
      fc.stringMatching(/^[ab]{0,40}$/),
      // Alike in all but the middle.
      fc.nat({ max: 30 }).map((n) => `the beginning ${n} and the end`),
      fc.nat({ max: 300 }).map((n) => `k${n}`),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 30 }), { maxLength: 12 }), fc.nat(), (stretches, sweeps) => {
        const table = new KeyTable(seededRandom(1));
        for (const [i, keys] of stretches.entries()) {
          const places = new RecordPlaces(keys.length);
          const encoded = keys.map((name) => encode(name ?? ''));
          const bytes = Buffer.concat([...encoded, Buffer.of(0)]);
          let at = 0;
          for (const [index, { length }] of encoded.entries()) {
            places.keyStarts[index] = keys[index] === null ? -1 : at;
            places.keyEnds[index] = keys[index] === null ? -1 : at + length;
            places.valueStarts[index] = 0;
            at += length;
          }
          const stop = table.internEach(bytes, places, 0, keys.length);
          if (stop !== keys.length) throw new Error(`stopped at ${stop}`);
          for (const [index, name] of keys.entries()) {
            const id = places.keyIds[index]!;
            if (textOf(table, id) !== (name ?? '')) throw new Error(`${name} is taken for ${textOf(table, id)}`);
            if (intern(table, name ?? '') !== id) throw new Error(`${name} has two ids`);
          }
          if (((sweeps >> i) & 1) === 1) table.sweep();
        }
      }),
      { numRuns: 300 },
    );
  },
);
