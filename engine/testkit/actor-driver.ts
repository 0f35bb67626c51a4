/**
 * The test driver: an actor, or a whole topology, under virtual time, without threads, broker or disk. It runs the real
 * task code over the real log in memory, with several partitions, and on request cuts it at each of its commits.
 */
import type { AnyActor, Topic } from '../actor/index.ts';
import { ByteWriter, MsecError, seededRandom } from '../base/index.ts';
import { BatchCursor, BatchEncoder, BatchMemory, partitionForKey } from '../batch/index.ts';
import {
  type Append,
  type Committed,
  EmbeddedLog,
  EmbeddedReader,
  LocalEnds,
  type LogReader,
  MemoryStore,
  type Transaction,
} from '../log/index.ts';
import {
  bindSchemaIds,
  type Letter,
  readLetter,
  resendLetter,
  schemasOf,
  Task,
  WorkerPosition,
} from '../runtime/index.ts';
import { EPOCH_MS, isAtRest, Life, SimulatedReader, Timeline } from '../simulate/index.ts';
import {
  deadLetterTopic,
  type Plan,
  planTopology,
  type Subtopology,
  type TopologyDefinition,
} from '../topology/index.ts';

export interface DriverOptions {
  /** Default 3. */
  readonly partitions?: number;
  /** Default true. */
  readonly fuse?: boolean;
  /**
   * 'before-commit': each task dies when it is about to commit, comes back from what was committed before, and may then.
   * 'after-commit': each task dies right after each commit. Default 'never'. An actor's output must not depend on it.
   */
  readonly cuts?: 'never' | 'before-commit' | 'after-commit';
  /** How many of the records for a partition lie in one batch, as a producer that lingers packs them. Default 1. */
  readonly batchRecords?: number;
}

interface PendingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly bytes: Uint8Array | null;
}

export interface DriverRecord<V = unknown> {
  /** UTF-8 text; null where it has none. */
  readonly key: string | null;
  readonly timestamp: number;
  readonly partition: number;
  readonly offset: number;
  readonly bytes: Uint8Array | null;
  readonly value: V;
}

export interface DriverLetter extends Letter {
  readonly key: string | null;
  readonly timestamp: number;
  readonly bytes: Uint8Array | null;
  /** Where it lies, for `resend`. */
  readonly place: { readonly topic: string; readonly partition: number; readonly offset: number };
}

/** A driver of one actor or of a topology; inputs that nobody writes may be sent to. Resolves when all tasks run. */
export async function testActor(
  subject: AnyActor | TopologyDefinition,
  options: DriverOptions = {},
): Promise<ActorDriver> {
  const driver = new ActorDriver(subject, options);
  await driver.open();
  return driver;
}

const SETTLE_MS_MAX = 120_000;
const LOOK_MS_MAX = 100;
const FAILURES_MAX = 5;
const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class ActorDriver {
  readonly plan: Plan;
  readonly #cuts: DriverOptions['cuts'];
  readonly #topics = new Map<string, Topic<unknown>>();
  readonly #external: readonly string[];
  readonly #written: ReadonlySet<string>;
  readonly #life = new Life();
  readonly #timeline = new Timeline(seededRandom(1));
  readonly #ends = new LocalEnds();
  readonly #store = new MemoryStore();
  readonly #log: EmbeddedLog;
  readonly #reader: LogReader;
  readonly #records = new Map<string, DriverRecord[]>();
  readonly #letters = new Map<string, DriverLetter[]>();
  readonly #readTo = new Map<string, number>();
  readonly #pending: PendingRecord[] = [];
  readonly #batchRecords: number;
  readonly #tasks = new Map<string, Task>();
  #failure: MsecError | null = null;
  #failures = 0;

  constructor(subject: AnyActor | TopologyDefinition, options: DriverOptions) {
    const { partitions = 3, fuse = true, cuts = 'never', batchRecords = 1 } = options;
    this.#batchRecords = batchRecords;
    const definition: TopologyDefinition =
      'actors' in subject ? { ...subject, fuse, partitions } : { name: 'test', partitions, fuse, actors: [subject] };
    const actors = openInputs(definition.actors);
    this.plan = planTopology({ ...definition, actors });
    // No registry here: subjects are numbered as they come.
    const subjects = new Set(schemasOf(definition).map(({ subject }) => subject));
    bindSchemaIds(definition, new Map([...subjects].map((subject, i) => [subject, i + 1])));
    this.#cuts = cuts;
    for (const { inputs, outputs } of actors)
      for (const topic of [...Object.values(inputs), ...Object.values(outputs)]) this.#topics.set(topic.name, topic);
    this.#external = [...this.#topics.values()].filter(({ external }) => external === true).map(({ name }) => name);
    this.#written = new Set(actors.flatMap(({ outputs }) => Object.values(outputs).map(({ name }) => name)));
    const clock = this.#timeline.clock(this.#life);
    this.#log = new EmbeddedLog(this.#store, this.#ends, clock, { groupCommitMs: 0 });
    this.#reader = new EmbeddedReader(this.#store, this.#ends, clock);
  }

  /** The driver's clock, Unix milliseconds; moves only in `advance`. */
  get now(): number {
    return EPOCH_MS + Math.floor(this.#timeline.elapsedMs);
  }

  async open(): Promise<void> {
    await this.#run(async () => {
      await this.#log.createTopics(this.plan.topics);
      for (const subtopology of this.plan.subtopologies)
        for (let partition = 0; partition < this.plan.partitions; partition++) this.#startTask(subtopology, partition);
    });
  }

  /** Hands in a record; it is processed by the next `settle` or `advance`. A null value is a record without one. */
  send(topic: string, key: string | null, value: unknown, timestamp = this.now): void {
    const { codec } = this.#topic(topic);
    const writer = new ByteWriter();
    if (value !== null) codec.encode(value, writer);
    this.sendBytes(topic, key, value === null ? null : writer.take(), timestamp);
  }

  /** The same with any bytes, for what is no value of the topic. */
  sendBytes(topic: string, key: string | null, bytes: Uint8Array | null, timestamp = this.now): void {
    this.#topic(topic);
    const keyBytes = utf8.encode(key ?? '');
    const partition = partitionForKey(keyBytes, 0, keyBytes.length, this.plan.partitions);
    this.#pending.push({ topic, partition, timestamp, key: key === null ? null : keyBytes, bytes });
  }

  /** Processes what was sent, and all that follows from it. Rejects with what made a task fail for good. */
  async settle(): Promise<void> {
    await this.#run(async () => {
      for (const append of batches(this.#pending.splice(0), this.#batchRecords))
        await this.#log.commit({ appends: [append] });
      await this.#rest();
      await this.#collect();
    });
  }

  /** Settles, lets `ms` of time pass, and tells every input that it has. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    await this.#run(() => this.#timeline.pause(ms, this.#life));
    for (const topic of this.#external)
      for (let partition = 0; partition < this.plan.partitions; partition++)
        this.#pending.push({ topic, partition, timestamp: this.now, key: null, bytes: null });
    await this.settle();
  }

  /** All that was written to the topic so far, by partition. TOPIC_UNKNOWN for one that no actor writes, or not in this plan. */
  outputs<V = unknown>(topic: string): readonly DriverRecord<V>[] {
    if (!this.#written.has(topic) || !this.plan.topics.some(({ name }) => name === topic))
      throw new MsecError('TOPIC_UNKNOWN', `No topic ${topic} is written in this plan.`, { field: 'topic' });
    return (this.#records.get(topic) ?? []) as DriverRecord<V>[];
  }

  /** The same since the last time, and forgets them: for runs that are too long to be kept. */
  takeOutputs<V = unknown>(topic: string): readonly DriverRecord<V>[] {
    const taken = this.outputs<V>(topic);
    this.#records.delete(topic);
    return taken;
  }

  /** The dead letters of an input topic so far. */
  letters(topic: string): readonly DriverLetter[] {
    return this.#letters.get(topic) ?? [];
  }

  /** Sends a letter again, to the actor that failed on it, and settles. False when it had been sent before. */
  async resend({ place }: DriverLetter): Promise<boolean> {
    const sent = await this.#run(() => resendLetter(this.#log, this.#reader, place));
    await this.settle();
    return sent;
  }

  /** What each task says of itself; a task that was cut counts anew. */
  statuses(): readonly ReturnType<Task['status']>[] {
    return [...this.#tasks.values()].map((task) => task.status());
  }

  async close(): Promise<void> {
    this.#life.end();
    await this.#store.close();
  }

  #topic(name: string): Topic<unknown> {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new MsecError('TOPIC_UNKNOWN', `No actor uses a topic ${name}.`, { field: 'topic' });
    return topic;
  }

  async #run<T>(step: () => Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | { readonly thrown: unknown } | null = null;
    step().then(
      (value) => {
        outcome = { value };
      },
      (thrown: unknown) => {
        outcome = { thrown };
      },
    );
    await this.#timeline.run(() => outcome !== null || this.#failure !== null, Number.POSITIVE_INFINITY);
    if (this.#failure !== null) throw this.#failure;
    const ended = outcome as unknown as { readonly value: T } | { readonly thrown: unknown };
    if ('thrown' in ended) throw ended.thrown;
    return ended.value;
  }

  async #rest(): Promise<void> {
    const limitMs = this.#timeline.elapsedMs + SETTLE_MS_MAX;
    for (let looks = 1; !(await isAtRest(this.plan, this.#reader)); looks++) {
      await this.#timeline.pause(Math.min(looks, LOOK_MS_MAX), this.#life);
      if (this.#timeline.elapsedMs > limitMs)
        throw new MsecError('ASSERTION_FAILED', `The tasks are still busy, or paused, after ${SETTLE_MS_MAX} ms.`);
    }
  }

  #startTask(subtopology: Subtopology, partition: number, isSpared = false): void {
    const life = new Life(this.#life);
    this.#openTask(subtopology, partition, life, isSpared).catch((thrown: unknown) => {
      if (life.isOver) return;
      life.end();
      // One that fails is opened again, as in a worker; one that keeps failing is the test's result.
      if (++this.#failures < FAILURES_MAX) this.#startTask(subtopology, partition);
      else this.#fail(thrown);
    });
  }

  #fail(thrown: unknown): void {
    this.#failure ??=
      thrown instanceof MsecError ? thrown : new MsecError('ACTOR_FAILED', String(thrown), { cause: thrown });
  }

  async #openTask(subtopology: Subtopology, partition: number, life: Life, isSpared: boolean): Promise<void> {
    const timeline = this.#timeline;
    const clock = timeline.clock(life);
    const ownership = await this.#log.acquire(`${subtopology.name}-${partition}`);
    const reader = new EmbeddedReader(this.#store, this.#ends, clock);
    const task = new Task({
      plan: this.plan,
      subtopology,
      partition,
      slot: 1,
      ownership,
      condemned: [],
      doubtful: [],
      reader: new SimulatedReader({ reader, life, timeline, random, slowReads: 0, readMsMax: 0, reach: () => {} }),
      clock,
      random,
      position: new WorkerPosition(),
      memory: new BatchMemory(),
      options: { commitIntervalMs: 0, commitIntervalBusyMs: 0, outputBytesMax: 1, fetchBytes: 1, attemptsMax: 3 },
      commit: (transaction) => this.#commit(transaction, subtopology, partition, life, isSpared),
      observe: () => {},
      tasks: () => 1,
      // An engine goes on without it; a test is told.
      timeNotTaken: (thrown) => this.#fail(thrown),
    });
    this.#tasks.set(task.name, task);
    await task.run();
  }

  async #commit(
    transaction: Transaction,
    subtopology: Subtopology,
    partition: number,
    life: Life,
    isSpared: boolean,
  ): Promise<Committed> {
    if (life.isOver) return new Promise(() => {});
    if (this.#cuts === 'before-commit' && !isSpared) {
      life.end();
      this.#startTask(subtopology, partition, true);
      return new Promise(() => {});
    }
    if (this.#cuts === 'never') {
      const committed = await life.gate(this.#log.commit(transaction));
      this.#failures = 0;
      return committed;
    }
    life.end();
    const committed = await this.#log.commit(transaction);
    this.#failures = 0;
    this.#startTask(subtopology, partition);
    return life.gate(Promise.resolve(committed));
  }

  async #collect(): Promise<void> {
    for (const { name } of this.plan.topics)
      for (let partition = 0; partition < this.plan.partitions; partition++) await this.#collectFrom(name, partition);
  }

  async #collectFrom(topic: string, partition: number): Promise<void> {
    const lettersOf = [...this.#topics.keys()].find((name) => deadLetterTopic(name) === topic);
    const known = this.#written.has(topic) ? this.#topics.get(topic) : undefined;
    if (lettersOf === undefined && known === undefined) return;
    const id = `${partition} ${topic}`;
    const { end } = await this.#reader.bounds(topic, partition);
    const cursor = new BatchCursor();
    for (let offset = this.#readTo.get(id) ?? 0; offset < end; offset = cursor.offsetNext) {
      const fetched = await this.#reader.fetch(topic, partition, offset, 1024 * 1024);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        if (cursor.keyStart < 0 && cursor.valueStart < 0) continue;
        const record = recordOf(cursor, partition, known);
        if (lettersOf === undefined) push(this.#records, topic, record);
        else
          push(this.#letters, lettersOf, {
            ...readLetter(cursor),
            key: record.key,
            timestamp: record.timestamp,
            bytes: record.bytes,
            place: { topic: lettersOf, partition, offset: cursor.offset },
          });
      }
    }
    this.#readTo.set(id, end);
  }
}

const random = seededRandom(1);

/** Inputs that no actor writes are filled by the test. */
function openInputs(actors: readonly AnyActor[]): readonly AnyActor[] {
  const written = new Set(actors.flatMap(({ outputs }) => Object.values(outputs).map(({ name }) => name)));
  return actors.map((actor) => ({
    ...actor,
    inputs: Object.fromEntries(
      Object.entries(actor.inputs).map(([name, topic]) => [
        name,
        written.has(topic.name) ? topic : { ...topic, external: true },
      ]),
    ),
  }));
}

/** One batch goes in when it is full or nothing more comes for it. */
function batches(records: readonly PendingRecord[], batchRecords: number): Append[] {
  const appends: Append[] = [];
  const open = new Map<
    string,
    { readonly topic: string; readonly partition: number; readonly encoder: BatchEncoder }
  >();
  const finish = (id: string) => {
    const { topic, partition, encoder } = open.get(id)!;
    open.delete(id);
    appends.push({ topic, partition, bytes: encoder.finish() });
  };
  for (const { topic, partition, timestamp, key, bytes } of records) {
    const id = `${partition} ${topic}`;
    const batch = open.get(id) ?? { topic, partition, encoder: new BatchEncoder() };
    open.set(id, batch);
    const [keyStart, keyEnd] = key === null ? [-1, -1] : [0, key.length];
    const [start, end] = bytes === null ? [-1, -1] : [0, bytes.length];
    batch.encoder.append(timestamp, key ?? NOTHING, keyStart, keyEnd, bytes ?? NOTHING, start, end);
    if (batch.encoder.count >= batchRecords) finish(id);
  }
  for (const id of open.keys()) finish(id);
  return appends;
}

function recordOf(cursor: BatchCursor, partition: number, topic: Topic<unknown> | undefined): DriverRecord {
  const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, offset } = cursor;
  const own = valueStart < 0 ? null : bytes.slice(valueStart, valueEnd);
  const key = keyStart < 0 ? null : utf8Decoder.decode(bytes.subarray(keyStart, keyEnd));
  return { key, timestamp, partition, offset, bytes: own, value: topic === undefined ? null : decoded(own, topic) };
}

/** Codecs may fill one object anew for each record; what is kept must be a copy. */
function decoded(bytes: Uint8Array | null, { codec }: Topic<unknown>): unknown {
  if (bytes === null) return null;
  const value = codec.decode(bytes, 0, bytes.length);
  if (typeof value !== 'object' || value === null) return value;
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object) as object, value);
}

function push<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}
