/**
 * A stage that keeps a local copy, killed at any moment: what copy and tail of the changelog give is what the changelog
 * alone gives, and what a plain map says.
 */
import fc from 'fast-check';
import t from 'tap';
import type { Clock, Codec } from '../../../engine/base/index.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import { MemoryDisk, MemoryStore, WriteBatch } from '../../../engine/log/index.ts';
import {
  LocalSnapshots,
  type RowStore,
  rows,
  StageState,
  type ValueStore,
  values,
} from '../../../engine/state/index.ts';
import { joinPage } from '../../../engine/state/page-bytes.ts';
import { type SnapshotSlice, StageSnapshot } from '../../../engine/state/stage-snapshot.ts';

const ROW_BYTES = 4096;
const KEYS = 40;
const OF = { owner: 'job.0', stage: 'count', changelog: 'cluster/topic/0' };

const text: Codec<string> = {
  format: 'text',
  decode: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)).toString(),
  encode: (value, writer) => writer.copy(Buffer.from(value)),
};

const still: Clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };
const options = { intervalMs: 0, sliceBytes: ROW_BYTES * 5 };

class Stage {
  readonly keys = new KeyTable();
  readonly state = new StageState({ rows: rows(ROW_BYTES), values: values(text) }, ['in'], this.keys);
  readonly rows = this.state.stores.rows as RowStore;
  readonly values = this.state.stores.values as ValueStore<string>;

  keyOf(key: number): number {
    const bytes = Buffer.from(`key-${key}`);
    return this.keys.intern(bytes, 0, bytes.length);
  }

  change(kind: 'write' | 'remove' | 'set' | 'delete', key: number, value: number): void {
    const keyId = this.keyOf(key);
    let row = this.rows.find(keyId);
    if (kind === 'write') {
      if (row < 0) row = this.rows.create(keyId);
      const block = value % 2;
      this.rows.touch(row, block);
      this.rows.f64[(row * ROW_BYTES) / 8 + block * 8] = value;
    } else if (kind === 'remove') {
      if (row >= 0) this.rows.remove(row);
    } else if (kind === 'set') this.values.set(keyId, `v${value}`);
    else this.values.delete(keyId);
    this.rows.settle();
    this.values.settle();
  }

  content(): string[] {
    const name = (keyId: number) => Buffer.from(this.keys.bytesOf(keyId)).toString();
    const found: string[] = [];
    for (const row of this.rows.rows()) {
      const at = (row * ROW_BYTES) / 8;
      found.push(`${name(this.rows.keyIdOf(row))} ${this.rows.f64[at]} ${this.rows.f64[at + 8]}`);
    }
    for (const { keyId, value } of this.values.entries()) found.push(`${name(keyId)} ${value}`);
    return [...found, `watermark ${this.state.watermarks.get('in')}`].toSorted();
  }
}

const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constantFrom('write' as const, 'write' as const, 'remove' as const, 'set' as const, 'delete' as const),
      key: fc.nat(KEYS - 1),
      value: fc.nat(999),
    }),
  },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);

/** The changelog, with offsets that leave gaps as Kafka's do; and commits that wait for their acknowledgement. */
class Log {
  readonly committed: { readonly offset: number; readonly chunk: Uint8Array }[] = [];
  end = 0;

  append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.committed.push({ offset: this.end++, chunk: chunk.slice() });
    this.end++;
  }

  restore(stage: Stage, from: number): void {
    for (const { offset, chunk } of this.committed) if (offset >= from) stage.state.restoreChunk(chunk);
    stage.state.endRestore(this.end);
  }
}

interface Waiting {
  readonly chunks: readonly Uint8Array[];
  readonly slice: SnapshotSlice | null;
}

t.test('copy and tail are what the whole changelog is, killed wherever it may be', async (t) => {
  let copiesUsed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 400, size: 'max' }), fc.nat(), async (steps, seed) => {
      const disk = new MemoryDisk();
      const log = new Log();
      // Some commits of the disk never become durable: the process dies before.
      let left = Number.POSITIVE_INFINITY;
      const opened = async () => {
        left = Number.POSITIVE_INFINITY;
        const store = new MemoryStore(disk, () => (left-- > 0 ? Promise.resolve() : new Promise(() => {})));
        const stage = new Stage();
        const failed = (thrown: unknown) => {
          if (store === life.store) t.fail(`${thrown}`);
        };
        const snapshot = new StageSnapshot(new LocalSnapshots(store), OF, stage.state, still, failed, options);
        const from = await snapshot.open({ start: 0, end: log.end });
        log.restore(stage, from ?? 0);
        if (from !== null && from > 0) copiesUsed++;
        return { store, stage, snapshot };
      };
      let life = await opened();
      let waiting: Waiting[] = [];
      let kills = 0;
      const acknowledge = async () => {
        const first = waiting.shift();
        if (first === undefined) return;
        log.append(first.chunks);
        life.snapshot.committed(first.slice, log.end);
        // The disk is as fast or slow as the number of turns says.
        for (let turn = (seed + log.end) % 7; turn > 0; turn--) await Promise.resolve();
      };
      for (const next of steps) {
        if (next.kind === 'commit') {
          life.stage.state.watermarks.set('in', log.end + waiting.length);
          const { chunks } = life.stage.state.collect();
          if (chunks.length === 0) continue;
          if (waiting.length === 2) await acknowledge();
          waiting.push({ chunks: chunks.map((chunk) => chunk.slice()), slice: life.snapshot.slice() });
        } else if (next.kind === 'acknowledge') await acknowledge();
        else if (next.kind === 'kill') {
          left = 0;
          life.store.crash();
          life = { ...life, store: new MemoryStore(disk) };
          waiting = [];
          const plain = new Stage();
          log.restore(plain, 0);
          life = await opened();
          const [found, wanted] = [life.stage.content(), plain.content()];
          if (found.join() !== wanted.join()) {
            t.strictSame(found, wanted, `after kill ${kills}`);
            return false;
          }
          kills++;
        } else life.stage.change(next.kind, next.key, next.value);
      }
      return true;
    }),
    { numRuns: 400 },
  );
  t.ok(copiesUsed > 50, `${copiesUsed} times a copy was used`);
});

t.test('a copy of another changelog, one that is too old, and one from beyond its end are not used', async (t) => {
  const copies = new LocalSnapshots(new MemoryStore());
  const stage = new Stage();
  const snapshot = new StageSnapshot(copies, OF, stage.state, still, (thrown) => t.fail(`${thrown}`), options);
  await snapshot.open({ start: 0, end: 0 });
  stage.change('write', 1, 7);
  stage.state.collect();
  snapshot.committed(null, 5);
  await snapshot.finish();
  const asked: string[] = [];
  const undiscarded = {
    head: (of: typeof OF) => copies.head(of),
    read: (of: typeof OF, from: Uint8Array | null) => copies.read(of, from),
    save: async () => {},
    publish: async () => {},
    discard: async (of: typeof OF) => void asked.push(of.stage),
  };
  const load = async (of: typeof OF, start: number, end: number) => {
    const fresh = new Stage();
    const opened = new StageSnapshot(undiscarded, of, fresh.state, still, (thrown) => t.fail(`${thrown}`), options);
    return [await opened.open({ start, end }), fresh.rows.size];
  };
  t.same(await load(OF, 0, 5), [5, 1]);
  t.same(await load(OF, 5, 9), [5, 1]);
  t.same(await load(OF, 6, 9), [null, 0], 'what is missing in it was truncated');
  t.same(await load(OF, 0, 4), [null, 0], 'it knows more than the changelog');
  t.same(await load({ ...OF, changelog: 'cluster/topic made anew/0' }, 0, 5), [null, 0]);
  t.same(await load({ ...OF, stage: 'counts' }, 0, 5), [null, 0]);
  t.same(asked, ['count', 'count', 'count', 'counts'], 'what cannot be used is thrown away');
  await copies.discard(OF);
  t.same(await load(OF, 0, 5), [null, 0]);
});

t.test('a disk that fails ends the copying, and is told of once', async (t) => {
  const failures: unknown[] = [];
  const store = new MemoryStore(new MemoryDisk(), () => Promise.reject(new Error('full')));
  const stage = new Stage();
  const snapshot = new StageSnapshot(
    new LocalSnapshots(store),
    OF,
    stage.state,
    still,
    (f) => failures.push(f),
    options,
  );
  stage.state.trackPages();
  for (let i = 0; i < 3; i++) {
    stage.change('write', 1, i);
    stage.state.collect();
    snapshot.committed(snapshot.slice(), i);
    await snapshot.finish();
  }
  t.equal(failures.length, 1);
  t.equal(snapshot.slice(), null);
});

t.test('a page that is cut off is corrupt', async (t) => {
  const disk = new MemoryDisk();
  const copies = new LocalSnapshots(new MemoryStore(disk));
  await copies.save(OF, [{ store: 'rows', page: 0, bytes: joinPage([new Uint8Array([1])]) }]);
  await copies.publish(OF, { position: 1, watermarks: {}, slots: {} });
  const open = () =>
    new StageSnapshot(copies, OF, new Stage().state, still, (thrown) => t.fail(`${thrown}`), options).open({
      start: 0,
      end: 1,
    });
  t.equal(await open(), 1);
  const range = { from: new Uint8Array([0]), to: new Uint8Array([255]) };
  const store = new MemoryStore(disk);
  for (const key of [...store.keys(range)]) {
    const value = store.get(key)!;
    if (value.length !== 5) continue;
    const cut = new WriteBatch();
    cut.put(key, value.slice(0, 4));
    await store.commit(cut);
  }
  await t.rejects(open(), { code: 'STATE_CORRUPT' });
});
