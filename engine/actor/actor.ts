/**
 * The actor contract. An actor is a named behaviour with typed inputs, outputs and keyed state. The runtime opens it
 * once per task (a partition on a worker thread) and calls it for one record after another, never two at a time.
 *
 * Whatever it emits and stores while it handles a record becomes real together with the record's offset, or not at
 * all. What it throws decides the record's way (see `Directive`): it never has to clean up after itself.
 */
import type { MsecError } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import type { RowStore, StateDeclaration, ValueStore } from '../state/index.ts';
import type { Topic } from './topic.ts';

export type Topics = Readonly<Record<string, Topic<unknown>>>;
export type States = Readonly<Record<string, StateDeclaration>>;

/** The type of a topic's values. */
export type ValueOf<T> = T extends Topic<infer V> ? V : never;

/** One record, in an object that is used again for the next one: copy what you keep. */
export interface ActorRecord<V> {
  readonly value: V;
  /** Event time, Unix milliseconds. */
  readonly timestamp: number;
  /** Dense number of the key within this task; stable while any state or output of this task refers to the key. */
  readonly keyId: number;
  /** The key as text (UTF-8). Makes a string on each call. */
  keyText(): string;
}

/** The record of one of several inputs; `input` tells which, and with it the type of `value`. */
export type RecordOf<I extends Topics> = {
  [K in keyof I & string]: ActorRecord<ValueOf<I[K]>> & { readonly input: K };
}[keyof I & string];

/** Where an actor's values leave. The value is written, or handed on, before the call returns: it may be used again. */
export interface Output<V> {
  /** Under the current record's key; event time is the record's unless given. Only while a record is handled. */
  emit(value: V, timestamp?: number): void;
  /** Under any key of this task (from `onWatermark`, say). */
  emitFor(keyId: number, value: V, timestamp: number): void;
  /**
   * Under another key, so it may land in another partition. The output must be declared in `rekeyed`.
   */
  emitKeyed(key: Uint8Array, value: V, timestamp: number): void;
  /**
   * Under the key key[keyStart, keyEnd), in the partition of the task whatever that key is: for a view whose keys are finer
   * than its partitions. The output must be declared in `rekeyed`, and no actor may read it that relies on keys' partitions.
   */
  emitBeside(key: Uint8Array, keyStart: number, keyEnd: number, value: V, timestamp: number): void;
  /** As `emitBeside`, a record without a value: of a compacted topic it ends the key. */
  removeBeside(key: Uint8Array, keyStart: number, keyEnd: number, timestamp: number): void;
  /**
   * Values under the current record's key, one after the other, in an object that the run moves on: as `emit` for each,
   * and what remains is the same. Stages that are called directly take them under one savepoint.
   */
  emitRun(value: V, run: ValueRun): void;
}

/** Several values in one object, those of places [from, to). It may be moved back to an earlier one and on again. */
export interface ValueRun {
  readonly from: number;
  readonly to: number;
  /** Event time of each, in its place. */
  readonly timestamps: Float64Array;
  /** The object becomes the value of this place. What it throws is a failure of who emits the run. */
  move(index: number): void;
}

/** As many of the values of a `ValueRun` as may be handled in one loop: see `ActorTask.processRun`. */
export interface HandedRun<V> extends ValueRun {
  /** What `move` changes. */
  readonly value: V;
  /** Of all of them. */
  readonly keyId: number;
  /** How far event time of their input had come before the first. */
  readonly inputWatermark: number;
  /** Ends the run before `to`, which is beyond `from`: what comes after it belongs to the next run. */
  endRun(to: number): void;
}

export type StoreOf<D> = D extends { readonly kind: 'rows' }
  ? RowStore
  : D extends { readonly kind: 'values'; readonly codec: { decode(b: Uint8Array, s: number, e: number): infer V } }
    ? ValueStore<V>
    : never;

export interface KeptValue<K extends string = string> {
  readonly input: K;
  readonly keyId: number;
  readonly timestamp: number;
  readonly value: unknown;
  /** What `sourceOffset` was then; its letter names it. */
  readonly offset: number;
}

export interface ActorContext<I extends Topics, O extends Topics, S extends States> {
  readonly out: { readonly [K in keyof O]: Output<ValueOf<O[K]>> };
  readonly state: { readonly [K in keyof S]: StoreOf<S[K]> };
  /** Key ids and their bytes; read only for actors. */
  readonly keys: KeyTable;
  readonly partition: number;
  /** Event time that all inputs have passed; -Infinity before the first record. */
  watermark(): number;
  /** The same for one input: a record of this input older than this is out of order. */
  inputWatermark(input: keyof I & string): number;
  /**
   * The current record goes to the dead letters with this reason, and what was stored and emitted for it stays. For
   * refusals that have to be remembered themselves (a budget of failures); without that need, throw. Return after it.
   */
  deadLetter(reason: MsecError): void;
  /** Where in the log the present record comes from: what a value that is kept for later is kept with. */
  sourceOffset(): number;
  /** As `deadLetter`, for a value of an earlier record of this partition that the actor has kept in its state. */
  deadLetterKept(kept: KeptValue<keyof I & string>, reason: MsecError): void;
  /** Adds to a counter of this actor that shows in the metrics, e.g. `duplicate`. */
  count(name: string, by?: number): void;
}

/**
 * The records of one input as they lie in their batch, one after the other, in place: for actors that would rather loop
 * than be called. What remains is as if each record had its own savepoint, as in `process`; but a record that is done may be
 * undone with others and come again, because a later one failed (`onRollback` is called).
 */
export interface RecordWalk extends RecordRun {
  /**
   * Moves to the next record; what was done for the one before is thereby done. False when there is no more for now.
   * When the actor throws, its record is undone and sent on its way as for `process`, and the walk begins again after
   * it, or with it, where it is to be tried once more.
   */
  next(): boolean;
  readonly offset: number;
  /** Event time, Unix milliseconds. */
  readonly timestamp: number;
  /** Dense number of the key within this task, as in `ActorRecord`. */
  readonly keyId: number;
  /** How far event time of this input had come before the record; as `context.inputWatermark` says it. */
  readonly inputWatermark: number;
  /** The value is bytes[valueStart, valueEnd); valid until the next call of `next`, and not to be written to. */
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /**
   * In place of `next`, for loops that leave nothing to do between two records: moves to as many records at once as may be
   * handled one after the other, those of `columns` from `from` up to `to`. `onWatermark` is due after the last of them at
   * the earliest. `timestamp`, `keyId`, `valueStart`, `valueEnd` are the first one's. What is emitted for a record says so
   * (`emitFor`). When the actor throws, whichever record it was, all of them are undone and come again one by one; so they
   * do where it calls `emit`, `emitRun` or `deadLetter`, which need a record at hand.
   */
  nextRun(): boolean;
  /** Behind the last record that was read ahead: those of `columns` from `from` up to here may be looked at before their turn. */
  readonly ahead: number;
  /** Another number whenever the columns were filled anew. */
  readonly stretch: number;
}

/** One record's numbers have the same place in each column. */
export interface RecordColumns {
  readonly timestamps: Float64Array;
  readonly keyIds: Int32Array;
  /** The values are bytes[valueStarts[i], valueEnds[i]) of the walk. */
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
}

/** Records that are handled in one loop. */
export interface RecordRun {
  readonly columns: RecordColumns;
  readonly from: number;
  readonly to: number;
  /** Of the first one. */
  readonly inputWatermark: number;
  /** Ends the run before `to`, which is beyond `from`: what comes after it belongs to the next run. */
  endRun(to: number): void;
}

export interface ActorTask<I extends Topics> {
  /**
   * Handles one record. A thrown MsecError of kind input sends the record to the dead letters at once; a retriable one
   * pauses the task and tries again; anything else is tried again a few times and then sent to the dead letters.
   */
  process(record: RecordOf<I>): void;
  /**
   * Handles the records that were read from the log, in place of `process`, without decoding their values. Records that
   * another actor hands over directly, and letters that come again, still go to `process`.
   */
  processBatch?(input: keyof I & string, records: RecordWalk): void;
  /**
   * Handles values under one key that another actor hands over with `emitRun`, in place of `process` for each, and moves
   * through them itself. `onWatermark` is due after the last of them at the earliest. What is emitted for a value says its
   * key and time (`emitFor`), or is a run in turn. When the actor throws, all of them are undone and come again through
   * `process`; so they do where it calls `emit` or `deadLetter`, which need a record at hand.
   */
  processRun?(input: keyof I & string, run: HandedRun<ValueOf<I[keyof I]>>): void;
  /** Called when event time has moved on for all inputs, after the record that moved it. */
  onWatermark?(watermark: number): void;
  /**
   * One number: `onWatermark` is called only once event time has come as far. Absent: whenever it moves, which with
   * most records is a call for nothing. In an array, because it is read for each record and a number would be made anew.
   */
  readonly watermarkDue?: Float64Array;
  /**
   * Called before a commit, if anything was handled since the one before: what is to be told once for all of that is told now,
   * with `emitFor` or `emitBeside`. What it throws ends the task, which begins again from the commit before.
   */
  onCommit?(): void;
  /** Called after a rollback that undid calls of this actor: what it keeps beside its state must be made anew from it. */
  onRollback?(): void;
  /** For an actor that cannot keep all that it knows as state: how it makes it anew from records that it has handled. */
  readonly replay?: RecordReplay<I>;
}

/**
 * Records that an actor is shown once more when its task is opened, before the first new one: those of an input from an offset
 * on that it names, up to what is committed, as far as the log still has them.
 */
export interface RecordReplay<I extends Topics> {
  /** Asked once, after `open`; null: nothing is to be shown. */
  from(input: keyof I & string): number | null;
  /**
   * Nothing may be emitted, stored or counted as handled: that was done. `sourceOffset` tells the record's place. A retriable error
   * has it shown again after a while, anything else fails the task.
   */
  take(record: RecordOf<I>): void;
}

export interface ActorDefinition<I extends Topics, O extends Topics, S extends States> {
  /** Lower case, unique in the topology; names the consumer group, the state's changelog and the metrics. */
  readonly name: string;
  readonly inputs: I;
  readonly outputs: O;
  readonly state: S;
  /** Outputs that go to another key than the record's. */
  readonly rekeyed?: readonly (keyof O & string)[];
  /**
   * How much its outputs' event time may lag behind its inputs': idle time is passed on with this delay. Default 0; for
   * an actor that gives records another time than they came with.
   */
  readonly watermarkDelayMs?: number;
  open(context: ActorContext<I, O, S>): ActorTask<I>;
}

/** An actor whose types the runtime does not know. */
export type AnyActor = ActorDefinition<Topics, Topics, States>;

/** Where the definition alone says it all: one function of record and context. */
export interface PlainActor<I extends Topics, O extends Topics, S extends States> {
  readonly name: string;
  readonly inputs: I;
  readonly outputs?: O;
  readonly state?: S;
  readonly rekeyed?: readonly (keyof O & string)[];
  readonly watermarkDelayMs?: number;
  process(record: RecordOf<I>, context: ActorContext<I, O, S>): void;
}

type OpenableActor<I extends Topics, O extends Topics, S extends States> = Omit<PlainActor<I, O, S>, 'process'> & {
  open(context: ActorContext<I, O, S>): ActorTask<I>;
};

/**
 * Defines an actor, with `process(record, context)` for the plain ones, or with `open(context)` for those that prepare
 * something per task or care about time.
 */
export function defineActor<
  const I extends Topics,
  const O extends Topics = Record<never, never>,
  const S extends States = Record<never, never>,
>(definition: PlainActor<I, O, S> | OpenableActor<I, O, S>): AnyActor {
  const { name, inputs, rekeyed, watermarkDelayMs } = definition;
  const open =
    'open' in definition
      ? definition.open
      : (context: ActorContext<I, O, S>): ActorTask<I> => ({
          process: (record) => definition.process(record, context),
        });
  const actor: ActorDefinition<I, O, S> = {
    name,
    inputs,
    outputs: definition.outputs ?? ({} as O),
    state: definition.state ?? ({} as S),
    ...(rekeyed === undefined ? {} : { rekeyed }),
    ...(watermarkDelayMs === undefined ? {} : { watermarkDelayMs }),
    open,
  };
  // The runtime wires by name; the definition's own types have done their work here.
  return actor as unknown as AnyActor;
}
