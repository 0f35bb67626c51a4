/** Both stores, side by side with a map. */
import fc from 'fast-check';
import t from 'tap';
import { LmdbStore } from '../../../../engine/log/embedded/lmdb-store.ts';
import { MemoryDisk, MemoryStore, type Store, WriteBatch } from '../../../../engine/log/index.ts';
import { temporaryDirectory } from './child-process.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 4 });
const value = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  // Pages of their own in LMDB.
  fc.integer({ min: 1_900, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
);
/** What workers hand over. */
const shared = value.map((bytes) => {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + 7), 7);
  memory.set(bytes);
  return memory;
});
const writes = fc.array(fc.tuple(key, fc.option(fc.oneof(value, shared), { freq: 3 })), { maxLength: 12 });

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function agreesWithMap(store: Store, groups: [Uint8Array, Uint8Array | null][][]): Promise<void> {
  const model = new Map<string, string>();
  for (const group of groups) {
    const batch = new WriteBatch();
    for (const [key, value] of group) {
      if (value === null) batch.delete(key);
      else batch.put(key, value);
      if (value === null) model.delete(hex(key));
      else model.set(hex(key), hex(value));
    }
    await store.commit(batch);
    // It is the caller's again.
    for (const value of batch.values) if (value !== null) value.fill(0xa5);
    store.refresh();
    store.rest();
    const expected = [...model.keys()].sort();
    const all = { from: Uint8Array.of(0), to: Uint8Array.of(255, 255, 255, 255, 255) };
    const same = (actual: Iterable<Uint8Array>, wanted: string[]) => {
      const keys = [...actual].map(hex);
      if (keys.join() !== wanted.join()) throw new Error(`${keys} instead of ${wanted}`);
    };
    same(store.keys(all), expected);
    same(store.keys({ ...all, reverse: true }), expected.toReversed());
    same(store.keys({ ...all, limit: 2 }), expected.slice(0, 2));
    const middle = expected[expected.length >> 1];
    if (middle !== undefined) {
      const at = new Uint8Array(Buffer.from(middle, 'hex'));
      const index = expected.indexOf(middle);
      same(store.keys({ ...all, from: at }), expected.slice(index));
      same(store.keys({ ...all, to: at }), expected.slice(0, index));
      same(store.keys({ ...all, to: at, reverse: true, limit: 1 }), expected.slice(0, index).slice(-1));
    }
    for (const [key] of group) {
      const found = store.get(key);
      if ((found && hex(found)) !== model.get(hex(key))) throw new Error(`${hex(key)} is ${found && hex(found)}`);
    }
  }
  const batch = new WriteBatch();
  for (const key of model.keys()) batch.delete(new Uint8Array(Buffer.from(key, 'hex')));
  if (batch.keys.length > 0) await store.commit(batch);
}

t.test('the store on LMDB holds what a map would, in the order of its keys', async (t) => {
  const store = new LmdbStore({ path: temporaryDirectory(t) });
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { maxLength: 4 }), (groups) => agreesWithMap(store, groups)),
    { numRuns: 60 },
  );
  await store.close();
  t.throws(() => store.get(Uint8Array.of(1)), { code: 'CLOSED' });
});

t.test('the store in memory does too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { maxLength: 4 }), (groups) => agreesWithMap(new MemoryStore(), groups)),
  );
});

t.test('a crash in memory loses what was not durable, and cuts the store off', async (t) => {
  const disk = new MemoryDisk();
  let isSlow = false;
  const store = new MemoryStore(disk, () => (isSlow ? new Promise(() => {}) : Promise.resolve()));
  const put = (value: number) => {
    const batch = new WriteBatch();
    batch.put(Uint8Array.of(1), Uint8Array.of(value));
    return store.commit(batch);
  };
  await put(1);
  isSlow = true;
  void put(2);
  store.crash();
  t.throws(() => store.get(Uint8Array.of(1)), { code: 'CLOSED' });
  t.same(new MemoryStore(disk).get(Uint8Array.of(1)), Uint8Array.of(1));
});

t.test('what is written is a copy in memory, as it is on a disk', async (t) => {
  const store = new MemoryStore();
  const value = Uint8Array.of(1);
  const batch = new WriteBatch();
  batch.put(Uint8Array.of(1), value);
  await store.commit(batch);
  value[0] = 9;
  t.same(store.get(Uint8Array.of(1)), Uint8Array.of(1));
});

t.test(
  'a commit that the disk might not hold never reaches the library, and freed pages take data again',
  async (t) => {
    const path = temporaryDirectory(t);
    const totalBytes = 24 * 1024 * 1024;
    let othersBytes = 0;
    const store: LmdbStore = new LmdbStore({
      path,
      disk: () => ({ leftBytes: totalBytes - othersBytes - store.diskBytes(), totalBytes }),
    });
    const keyOf = (i: number) => Uint8Array.of(1, i >> 8, i & 255);
    const put = (i: number) => {
      const batch = new WriteBatch();
      batch.put(keyOf(i), new Uint8Array(100_000).fill(i));
      return store.commit(batch);
    };
    let count = 0;
    while (
      count < 1_000 &&
      (await put(count).then(
        () => true,
        () => false,
      ))
    )
      count++;
    t.ok(count > 50 && count < 240, `${count} values of 100 KB in 24 MB`);
    await t.rejects(put(count), { code: 'QUOTA_EXCEEDED' });
    t.ok(store.diskBytes() < totalBytes, 'the disk was never full');
    const removal = new WriteBatch();
    for (let i = 0; i < count / 2; i++) removal.delete(keyOf(i));
    await store.commit(removal);
    // Pages are used again two commits later.
    for (let i = 0; i < 2; i++) {
      const small = new WriteBatch();
      small.put(Uint8Array.of(2), Uint8Array.of(i));
      await store.commit(small);
    }
    await put(count);
    store.refresh();
    t.equal(store.get(keyOf(count))?.length, 100_000);
    const offsets = new WriteBatch();
    offsets.put(Uint8Array.of(3), Uint8Array.of(1));
    othersBytes = totalBytes - store.diskBytes();
    await t.rejects(store.commit(offsets), { code: 'QUOTA_EXCEEDED' }, 'with nothing left not even what only counts');
    othersBytes -= 900 * 1024;
    await store.commit(offsets);
    await t.rejects(put(count + 1), { code: 'QUOTA_EXCEEDED' });
    await store.close();
  },
);
