/** What ids.rules says, as far as it was read: bundles, turns, refusals. Whole bundles are handed on once, and not kept. */
import { BatchCursor, errorData, type LogReader, MsecError } from '../../engine/index.ts';
import { IDS_RULES } from '../../schemas/topics/index.ts';
import {
  type BundleRecord,
  bundleRecordOf,
  keyOf,
  type RefusalRecord,
  type RuleKey,
  refusalRecordOf,
  type TurnRecord,
  turnRecordOf,
} from './rule-records.ts';

/** Told in the order of the records. */
export interface BookReader {
  /** null: its parts are not all there. */
  whole(bundle: BundleRecord, bytes: Uint8Array | null): void;
  gone(digest: string): void;
  unreadable(says: string): void;
}

/** Why a turn is not one here; null where it is. */
export type TurnCheck = (turn: TurnRecord) => string | null;

const FETCH_BYTES = 4 * 1024 * 1024;
/** Parts of bundles that never became whole: more than a transaction has means that others write here. */
const PARTS_MAX = 64;

export class RuleBook {
  readonly bundles = new Map<string, BundleRecord>();
  readonly turns = new Map<number, TurnRecord>();
  readonly refusals = new Map<number, RefusalRecord>();
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  readonly #parts = new Map<string, Uint8Array>();
  #offset = 0;

  readonly #check: TurnCheck;

  /** The reader becomes its own. */
  constructor(reader: LogReader, check: TurnCheck = () => null) {
    this.#reader = reader;
    this.#check = check;
  }

  /** The next record's. */
  get offset(): number {
    return this.#offset;
  }

  /** What is in force. */
  get turn(): TurnRecord | null {
    let last: TurnRecord | null = null;
    for (const turn of this.turns.values()) if (last === null || turn.sequence > last.sequence) last = turn;
    return last;
  }

  /** What was committed since the last call. */
  async read(to: BookReader): Promise<void> {
    const bounds = await this.#reader.bounds(IDS_RULES, 0);
    this.#offset = Math.max(this.#offset, bounds.start);
    while (this.#offset < bounds.end) {
      const { bytes, start, end } = await this.#reader.fetch(IDS_RULES, 0, this.#offset, FETCH_BYTES);
      if (start === end) return;
      const cursor = this.#cursor;
      cursor.reset(bytes, start, end);
      cursor.seek(this.#offset);
      while (cursor.next()) if (cursor.keyStart >= 0) this.#take(cursor, to);
      this.#offset = Math.max(this.#offset + 1, cursor.offsetNext);
    }
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  #take({ bytes, keyStart, keyEnd, valueStart, valueEnd }: BatchCursor, to: BookReader): void {
    try {
      const key = keyOf(Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('latin1'));
      if (valueStart < 0) this.#forget(key, to);
      else this.#learn(key, bytes.subarray(valueStart, valueEnd), to);
    } catch (thrown) {
      if (!(thrown instanceof MsecError)) throw thrown;
      to.unreadable(errorData(thrown).message);
    }
  }

  #forget(key: RuleKey, to: BookReader): void {
    if (key.kind === 'part') this.#parts.delete(`${key.digest} ${key.index}`);
    else if (key.kind === 'turn') this.turns.delete(key.sequence);
    else if (key.kind === 'refused') this.refusals.delete(key.place);
    else if (this.bundles.delete(key.digest)) to.gone(key.digest);
  }

  #learn(key: RuleKey, value: Uint8Array, to: BookReader): void {
    if (key.kind === 'part') {
      if (this.#parts.size >= PARTS_MAX) this.#parts.delete(this.#parts.keys().next().value as string);
      this.#parts.set(`${key.digest} ${key.index}`, value.slice());
    } else if (key.kind === 'refused') this.refusals.set(key.place, refusalRecordOf(value));
    else if (key.kind === 'turn') this.#takeTurn(turnRecordOf(value), to);
    else {
      const bundle = bundleRecordOf(value);
      to.whole(bundle, this.#assembled(bundle));
      this.bundles.set(key.digest, bundle);
      for (let index = 0; index < bundle.parts; index += 1) this.#parts.delete(`${key.digest} ${index}`);
    }
  }

  /** Whoever can write to the topic need not be one who may turn the rules. */
  #takeTurn(turn: TurnRecord, to: BookReader): void {
    const why = this.#check(turn);
    if (why === null) this.turns.set(turn.sequence, turn);
    else to.unreadable(`ids.rules: the turn to ${turn.name} ${turn.version} by ${turn.by} does not count: ${why}`);
  }

  #assembled({ digest, parts, bytes }: BundleRecord): Uint8Array | null {
    const all: Uint8Array[] = [];
    for (let index = 0; index < parts; index += 1) {
      const part = this.#parts.get(`${digest} ${index}`);
      if (part === undefined) return null;
      all.push(part);
    }
    const whole = Buffer.concat(all);
    return whole.length === bytes ? whole : null;
  }
}
