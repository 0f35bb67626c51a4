/**
 * Random transactions, crashes and maintenance against a model that is a few arrays: what was acknowledged is there,
 * what was not is there as a whole or not at all, in the order of the calls.
 */
import fc from 'fast-check';
import t from 'tap';
import { EmbeddedLog, LocalEnds, MemoryDisk, MemoryStore, type Ownership } from '../../../../engine/log/index.ts';
import { allValues, batchOf } from '../batches.ts';
import { ManualClock } from '../manual-clock.ts';

const PARTITIONS = 3;
const GROUP = 'group';

type Step =
  | {
      readonly kind: 'commit';
      readonly partitions: readonly number[];
      readonly sizes: readonly number[];
      readonly owner?: number;
    }
  | { readonly kind: 'truncate'; readonly partition: number; readonly share: number }
  | { readonly kind: 'acquire'; readonly owner: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'time'; readonly ms: number };

const partition = fc.integer({ min: 0, max: PARTITIONS - 1 });
const owner = fc.integer({ min: 0, max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      partitions: fc.array(partition, { minLength: 1, maxLength: 3 }),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      partitions: fc.array(partition, { minLength: 1, maxLength: 3 }),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
      owner,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      partition,
      share: fc.double({ min: 0, max: 1.2, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('acquire' as const), owner }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
);

interface Sent {
  /** Per partition, the values in their order. */
  readonly values: readonly { readonly partition: number; readonly values: readonly string[] }[];
  /** The group's offset that goes with it: the number of the transaction. */
  readonly number: number;
  outcome: 'open' | 'acknowledged' | 'refused';
}

class Run {
  readonly #disk = new MemoryDisk();
  readonly #clock = new ManualClock();
  readonly #sent: Sent[] = [];
  /** Below it, the partition was truncated. */
  readonly #truncated = new Array<number>(PARTITIONS).fill(0);
  readonly #owners: (Ownership | undefined)[] = [undefined, undefined];
  #held: (() => void)[] = [];
  #store!: MemoryStore;
  #log!: EmbeddedLog;

  async play(steps: readonly Step[]): Promise<void> {
    await this.#open();
    for (const one of steps) {
      await this.#take(one);
      await turns();
    }
    await this.#flushAll();
    await this.#check();
    await this.#closeLog();
    await this.#open();
    await this.#check();
    await this.#closeLog();
  }

  async #open(): Promise<void> {
    this.#held = [];
    this.#store = new MemoryStore(this.#disk, () => new Promise((resolve) => this.#held.push(resolve)));
    this.#log = new EmbeddedLog(this.#store, new LocalEnds(), this.#clock, { groupCommitMs: 5 });
    this.#owners.fill(undefined);
    const topics = this.#log.createTopics([{ name: 'a', partitions: PARTITIONS, cleanup: 'delete' }]);
    await this.#flushAll();
    await topics;
  }

  async #take(one: Step): Promise<void> {
    switch (one.kind) {
      case 'commit':
        this.#commit(one);
        return;
      case 'truncate': {
        const { end } = (await this.#log.describe())[0]!.bounds[one.partition]!;
        const before = Math.floor(end * one.share);
        void this.#log.commit({ truncations: [{ topic: 'a', partition: one.partition, before }] }).then(ignore, ignore);
        this.#truncated[one.partition] = Math.max(this.#truncated[one.partition]!, before);
        return;
      }
      case 'acquire': {
        const taken = this.#log.acquire(`owner-${one.owner}`);
        this.#owners[one.owner] = undefined;
        void taken.then((ownership) => {
          this.#owners[one.owner] = ownership;
        }, ignore);
        return;
      }
      case 'flush':
        this.#held.shift()?.();
        return;
      case 'crash':
        this.#store.crash();
        await this.#open();
        return this.#check();
      case 'reopen':
        await this.#closeLog();
        await this.#open();
        return this.#check();
      case 'time':
        this.#clock.advance(one.ms);
    }
  }

  #commit({ partitions, sizes, owner }: Step & { kind: 'commit' }): void {
    const number = this.#sent.length + 1;
    const ownership = owner === undefined ? undefined : this.#owners[owner];
    const values = partitions.map((partition, i) => ({
      partition,
      values: Array.from({ length: sizes[i]! }, (_, k) => `${number}.${i}.${k}`),
    }));
    const sent: Sent = { values, number, outcome: 'open' };
    this.#sent.push(sent);
    const commit = this.#log.commit({
      ...(ownership === undefined ? {} : { ownership }),
      appends: values.map(({ partition, values }) => ({ topic: 'a', partition, bytes: batchOf(values, 120) })),
      offsets: [{ group: GROUP, topic: 'a', partition: 0, offset: number }],
    });
    void commit.then(
      () => {
        sent.outcome = 'acknowledged';
      },
      () => {
        sent.outcome = 'refused';
      },
    );
  }

  async #flushAll(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await turns();
      if (this.#held.length > 0) idle = 0;
      for (const flush of this.#held.splice(0)) flush();
      this.#clock.advance(5);
    }
  }

  async #closeLog(): Promise<void> {
    const closing = this.#log.close();
    await this.#flushAll();
    await closing;
  }

  async #check(): Promise<void> {
    const reader = this.#log.openReader();
    const found: string[][] = [];
    const starts: number[] = [];
    for (let p = 0; p < PARTITIONS; p++) {
      found.push(await allValues(reader, 'a', p));
      const { start, end } = await reader.bounds('a', p);
      if (end - start !== found[p]!.length) throw new Error(`partition ${p}: ${found[p]!.length} in ${start}..${end}`);
      if (start > this.#truncated[p]!) throw new Error(`partition ${p} starts at ${start}`);
      starts.push(start);
    }
    const present = new Set(found.flat());
    const numberOf = (value: string) => Number(value.split('.')[0]);
    for (const values of found) {
      const numbers = values.map(numberOf);
      if (numbers.some((number, i) => i > 0 && number < numbers[i - 1]!)) throw new Error(`order: ${values}`);
    }
    let newest = 0;
    for (const { values, number, outcome } of this.#sent) {
      // A truncation may have taken what is below; the rest is there as a whole or not at all.
      const kept = values.filter(({ partition }) => starts[partition] === 0).flatMap(({ values }) => values);
      const count = kept.filter((value) => present.has(value)).length;
      if (count !== 0 && count !== kept.length) throw new Error(`${number} is torn: ${count} of ${kept.length}`);
      if (outcome === 'acknowledged' && count !== kept.length) throw new Error(`${number} is lost`);
      if (outcome === 'refused' && count !== 0) throw new Error(`${number} was refused and is there`);
      if (outcome === 'acknowledged' || count > 0) newest = number;
    }
    const offset = (await reader.committed(GROUP, 'a'))[0] ?? 0;
    if (offset < newest) throw new Error(`the offset ${offset} lags behind ${newest}`);
    if (offset > 0 && this.#sent[offset - 1]!.outcome === 'refused') throw new Error(`offset of a refused ${offset}`);
    await reader.close();
  }
}

function ignore(): void {}

async function turns(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

t.test('what is acknowledged stays, and everything is whole or absent, over crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), (steps) => new Run().play(steps)),
    { numRuns: 200 },
  );
});
