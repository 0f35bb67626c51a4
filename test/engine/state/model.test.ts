/**
 * The stores of a stage beside a naive model: random changes, savepoints, rollbacks, commits, crashes and restores, and a
 * changelog that is cut as soon as it may be.
 */
import fc from 'fast-check';
import t from 'tap';
import { KeyTable } from '../../../engine/batch/index.ts';
import type { ByteWriter, Codec } from '../../../engine/index.ts';
import { RowStore, rows, StageState, ValueStore, values } from '../../../engine/state/index.ts';

const KEYS = 8;
const SUBS = [0, 1000, -1000, 2 ** 40];
/** Wide against a sweep's 512 bytes, or each transaction would write the whole state again and hide what it lacks. */
const ROW_BYTES = 512;
/** Its second block shares bytes with the first. */
const ROW_BYTES_SHARED = 88;
/** The double that a write to a block changes; in the narrow row the first is one of those that both blocks have. */
const placesIn = (rowBytes: number): readonly [number, number] => (rowBytes === ROW_BYTES ? [0, 8] : [7, 10]);

const text: Codec<string> = {
  format: 'text',
  decode: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)).toString(),
  encode: (value, writer: ByteWriter) => writer.copy(Buffer.from(value)),
};

interface Model {
  readonly rows: Map<string, readonly [number, number]>;
  readonly values: Map<string, string>;
}

const valueText = (n: number): string => `v${n}`.padEnd(200, '.');

const copyOf = ({ rows: r, values: v }: Model): Model => ({ rows: new Map(r), values: new Map(v) });

/** Often the same place again: what goes wrong goes wrong between two changes of one block. */
const place = {
  key: fc.oneof(fc.constant(0), fc.nat(KEYS - 1)),
  sub: fc.oneof(fc.constant(0), fc.nat(SUBS.length - 1)),
};
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), ...place, block: fc.nat(1), value: fc.nat(999) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), ...place }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), ...place, value: fc.nat(999) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), ...place }) },
);
/** One record: changes, and within them a nested call that fails or not. */
const record = fc.record({
  kind: fc.constant('record' as const),
  before: fc.array(change, { maxLength: 4 }),
  nested: fc.array(change, { maxLength: 4 }),
  nestedFails: fc.boolean(),
  after: fc.array(change, { maxLength: 3 }),
  fails: fc.nat(3).map((drawn) => drawn === 0),
  watermark: fc.nat(50),
});
const step = fc.oneof(
  { weight: 12, arbitrary: record },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
);

class Stage {
  readonly keys = new KeyTable();
  readonly state: StageState;
  readonly rows: RowStore;
  readonly values: ValueStore<string>;
  readonly #places: readonly [number, number];

  constructor(rowBytes = ROW_BYTES) {
    this.state = new StageState({ rows: rows(rowBytes), values: values(text) }, ['in'], this.keys);
    this.rows = this.state.stores.rows as RowStore;
    this.values = this.state.stores.values as ValueStore<string>;
    this.#places = placesIn(rowBytes);
  }

  key(index: number): number {
    const bytes = Buffer.from(`key-${index}`);
    return this.keys.intern(bytes, 0, bytes.length);
  }

  apply(change: { kind: string; key: number; sub: number; block?: number; value?: number }): void {
    const keyId = this.key(change.key);
    const sub = SUBS[change.sub]!;
    if (change.kind === 'write') {
      let row = this.rows.find(keyId, sub);
      if (row < 0) row = this.rows.create(keyId, sub);
      this.rows.touch(row, change.block!);
      this.rows.f64[(row * this.rows.rowBytes) / 8 + this.#places[change.block!]!] = change.value!;
    } else if (change.kind === 'remove') {
      const row = this.rows.find(keyId, sub);
      if (row >= 0) this.rows.remove(row);
    } else if (change.kind === 'set') this.values.set(keyId, valueText(change.value!), sub);
    else this.values.delete(keyId, sub);
  }

  content(): Model {
    const name = (keyId: number, sub: number) => `${Buffer.from(this.keys.bytesOf(keyId)).toString()} ${sub}`;
    const found: Model = { rows: new Map(), values: new Map() };
    for (const row of this.rows.rows()) {
      const at = (row * this.rows.rowBytes) / 8;
      const written = this.#places.map((place) => this.rows.f64[at + place]!) as [number, number];
      found.rows.set(name(this.rows.keyIdOf(row), this.rows.subOf(row)), written);
    }
    for (const { keyId, sub, value } of this.values.entries()) found.values.set(name(keyId, sub), value);
    return found;
  }
}

function applyToModel(
  model: Model,
  change: { kind: string; key: number; sub: number; block?: number; value?: number },
): void {
  const name = `key-${change.key} ${SUBS[change.sub]}`;
  if (change.kind === 'write') {
    const [first, second] = model.rows.get(name) ?? [0, 0];
    model.rows.set(name, change.block === 0 ? [change.value!, second] : [first, change.value!]);
  } else if (change.kind === 'remove') model.rows.delete(name);
  else if (change.kind === 'set') model.values.set(name, valueText(change.value!));
  else model.values.delete(name);
}

const sorted = (model: Model) => ({ rows: [...model.rows].toSorted(), values: [...model.values].toSorted() });

/** A changelog whose offsets are not its chunks' numbers, as where transaction markers lie between; null is a marker. */
class Changelog {
  start = 0;
  readonly chunks: (Uint8Array | null)[] = [];
  readonly #rowBytes: number;

  constructor(rowBytes = ROW_BYTES) {
    this.#rowBytes = rowBytes;
  }

  get bytes(): number {
    return this.chunks.slice(this.start).reduce((sum, chunk) => sum + (chunk?.length ?? 0), 0);
  }

  /** Writes what changed, as its transaction, and cuts off what it says; the answer may come later. */
  append(stage: Stage, change = stage.state.collect()): () => void {
    const baseOffset = this.chunks.length;
    // The stage writes the next ones into the same memory.
    this.chunks.push(...change.chunks.map((chunk) => chunk.slice()));
    if (change.chunks.length > 0) this.chunks.push(null);
    const { truncateBefore } = change;
    if (truncateBefore !== null) {
      t.ok(truncateBefore >= this.start && truncateBefore <= baseOffset);
      this.start = truncateBefore;
    }
    return () => stage.state.committed(change, baseOffset);
  }

  restore(): Stage {
    const stage = new Stage(this.#rowBytes);
    for (const chunk of this.chunks.slice(this.start)) if (chunk !== null) stage.state.restoreChunk(chunk);
    stage.state.endRestore(this.chunks.length);
    return stage;
  }
}

for (const rowBytes of [ROW_BYTES, ROW_BYTES_SHARED])
  t.test(
    `state is what a naive model says, after any savepoints, rollbacks, commits and crashes; rows of ${rowBytes} bytes`,
    (t) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const log = new Changelog(rowBytes);
          let stage = new Stage(rowBytes);
          let model: Model = { rows: new Map(), values: new Map() };
          let watermark = Number.NEGATIVE_INFINITY;
          for (let key = 0; key < KEYS; key++) {
            both(stage, model, { kind: 'write', key, sub: 0, block: 1, value: key });
            both(stage, model, { kind: 'set', key, sub: 0, value: key });
          }
          stage.rows.settle();
          stage.values.settle();
          log.append(stage)();
          let answers: (() => void)[] = [];
          let committed = { model: copyOf(model), watermark };
          for (const next of steps) {
            if (next.kind === 'record') {
              const before = copyOf(model);
              const outer = marksOf(stage);
              for (const one of next.before) both(stage, model, one);
              const inner = marksOf(stage);
              const middle = copyOf(model);
              for (const one of next.nested) both(stage, model, one);
              if (next.nestedFails) {
                rollback(stage, inner);
                model = middle;
                t.strictSame(sorted(stage.content()), sorted(model), 'a nested rollback undoes the nested call alone');
              }
              for (const one of next.after) both(stage, model, one);
              if (next.fails) {
                rollback(stage, outer);
                model = before;
              } else watermark = Math.max(watermark, next.watermark);
              stage.rows.settle();
              stage.values.settle();
            } else if (next.kind === 'commit') {
              stage.state.watermarks.set('in', watermark);
              // Up to two transactions are under way while the next is collected.
              if (answers.length === 2) answers.shift()!();
              answers.push(log.append(stage));
              stage.keys.sweep();
              committed = { model: copyOf(model), watermark };
            } else {
              stage = log.restore();
              answers = [];
              model = copyOf(committed.model);
              watermark = committed.watermark;
              t.equal(stage.state.watermarks.get('in'), watermark);
            }
            const found = JSON.stringify(sorted(stage.content()));
            if (found !== JSON.stringify(sorted(model))) {
              t.strictSame(sorted(stage.content()), sorted(model), `after ${next.kind}`);
              return false;
            }
            for (const [name] of model.rows) {
              const [key = '', sub] = name.split(' ');
              if (stage.rows.find(stage.key(Number(key.slice(4))), Number(sub)) < 0) return false;
            }
          }
          return true;
        }),
        { numRuns: 1_000 },
      );
      t.end();
    },
  );

function both(stage: Stage, model: Model, change: Parameters<typeof applyToModel>[1]): void {
  stage.apply(change);
  applyToModel(model, change);
}

function marksOf(stage: Stage): readonly number[] {
  return [stage.rows.slotsMark, stage.rows.blocksMark, stage.values.slotsMark, stage.values.blocksMark];
}

function rollback(stage: Stage, [a = 0, b = 0, c = 0, d = 0]: readonly number[]): void {
  stage.rows.rollback(a, b);
  stage.values.rollback(c, d);
}

t.test('a changelog stays within a few times the state, and from any of its possible starts nothing is lost', (t) => {
  const log = new Changelog();
  const stage = new Stage();
  const model: Model = { rows: new Map(), values: new Map() };
  const answers: (() => void)[] = [];
  let most = 0;
  for (let i = 0; i < 3_000; i++) {
    const key = i % KEYS;
    both(stage, model, { kind: 'write', key, sub: 0, block: i % 2, value: i });
    if (i % 5 === 0) both(stage, model, { kind: i % 2 === 0 ? 'set' : 'delete', key, sub: 1, value: i });
    stage.rows.settle();
    stage.values.settle();
    stage.state.watermarks.set('in', i);
    const earliest = log.start;
    if (answers.length === 2) answers.shift()!();
    answers.push(log.append(stage));
    if (i > 100) most = Math.max(most, log.bytes);
    if (i % 250 === 249)
      // The log cuts whole batches, so it may keep more than it must.
      for (let start = earliest; start <= log.start; start++) {
        const kept = new Changelog();
        kept.chunks.push(...log.chunks);
        kept.start = start;
        t.strictSame(sorted(kept.restore().content()), sorted(model));
      }
  }
  const stateBytes = KEYS * (ROW_BYTES + 40) + KEYS * 40;
  t.ok(most < stateBytes * 6, `${most} bytes of changelog for about ${stateBytes} bytes of state`);
  t.end();
});

t.test('a state of many rows is written in several chunks, and comes back', (t) => {
  const log = new Changelog();
  const stage = new Stage();
  for (let i = 0; i < 5_000; i++) {
    const bytes = Buffer.from(`many-${i}`);
    const keyId = stage.keys.intern(bytes, 0, bytes.length);
    const row = stage.rows.create(keyId);
    stage.rows.touchAll(row);
    stage.rows.f64[(row * ROW_BYTES) / 8] = i;
    stage.values.set(keyId, 'x'.repeat(i % 300));
  }
  stage.rows.settle();
  stage.values.settle();
  log.append(stage)();
  t.ok(log.chunks.length > 3);
  t.ok(log.chunks.every((chunk) => (chunk?.length ?? 0) < 300 * 1024));
  const back = log.restore();
  t.equal(back.rows.size, 5_000);
  t.strictSame(sorted(back.content()), sorted(stage.content()));
  t.end();
});

t.test('a chunk that is cut off or of another version is corrupt, with its place', (t) => {
  const stage = new Stage();
  stage.values.set(stage.key(1), 'one');
  stage.values.settle();
  const [chunk = new Uint8Array(0)] = stage.state.collect().chunks;
  for (let length = 1; length < chunk.length; length++) {
    const other = new Stage();
    try {
      other.state.restoreChunk(chunk.slice(0, length));
    } catch (thrown) {
      t.match(thrown, { code: 'STATE_CORRUPT', field: String, byteOffset: Number }, `cut at ${length}`);
    }
  }
  const foreign = chunk.slice();
  foreign[0] = 9;
  t.throws(() => new Stage().state.restoreChunk(foreign), { code: 'STATE_CORRUPT', field: 'version' });
  t.end();
});

t.test('keys are kept as long as a row or value needs them, and no longer', (t) => {
  const stage = new Stage();
  stage.values.set(stage.key(1), 'one');
  const row = stage.rows.create(stage.key(2));
  stage.rows.settle();
  stage.values.settle();
  stage.key(3);
  t.equal(stage.keys.sweep(), 1, 'the key that nothing refers to goes');
  stage.rows.remove(row);
  t.equal(stage.keys.sweep(), 0, 'not before the record has settled: it may be undone');
  stage.rows.settle();
  t.equal(stage.keys.sweep(), 1);
  t.end();
});

t.test('a row is a block at least and a whole number of doubles, and only a live row is removed', (t) => {
  const keys = new KeyTable();
  for (const rowBytes of [0, 56, 100, 64.5]) t.throws(() => new RowStore(keys, rowBytes), { code: 'ASSERTION_FAILED' });
  t.throws(() => new RowStore(keys, 64).remove(0), { code: 'ASSERTION_FAILED' });
  t.end();
});

t.test('what is not there is undefined, and deleting it is told', (t) => {
  const store = new ValueStore<string>(new KeyTable(), text);
  t.equal(store.get(0), undefined);
  t.equal(store.delete(0), false);
  t.end();
});

t.test('pairs that are looked for together are found as each by itself, whatever their index is like', (t) => {
  const keys = new KeyTable();
  const store = new RowStore(keys, 64);
  const keyIds = Array.from({ length: 40 }, (_, i) => keys.intern(Buffer.from(`key-${i + 10}`), 0, 6));
  const pair = fc.record({ key: fc.nat(39), sub: fc.integer({ min: 0, max: 400 }).map((sub) => sub * 2 ** 26) });
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 60 }), fc.array(pair, { maxLength: 60 }), (made, wanted) => {
      for (const { key, sub } of made) if (store.find(keyIds[key]!, sub) < 0) store.create(keyIds[key]!, sub);
      const ids = Int32Array.from([...wanted.map(({ key }) => keyIds[key]!), -1]);
      const subs = Float64Array.from([...wanted.map(({ sub }) => sub), 0]);
      const found = new Int32Array(ids.length);
      store.findPairs(ids, subs, 0, ids.length, found);
      const alone = wanted.map(({ key, sub }) => store.find(keyIds[key]!, sub));
      if ([...found].join() !== [...alone, -1].join()) throw new Error(`${[...found]}, alone ${alone}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});
