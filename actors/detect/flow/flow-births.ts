/**
 * Which looks into the table began a flow, and which flows gave way, noted record by record, so that the same records, taken once
 * more by an empty table, begin the same flows with the same numbers, and none for what is left of flows that had begun before
 * them. Each flow counts for the record that it began in as long as it lives: the first one that counts is where taking them again
 * has to begin.
 */

/** A record, by the flows that began in it. */
export interface FlowOrigin {
  /** Of its flows. */
  live: number;
}

const NOTHING = new Int32Array(0);

export class FlowBirths {
  /** The record at hand; null: nobody asks. */
  origin: FlowOrigin | null = null;
  #looks = 0;
  readonly #noted: number[] = [];
  readonly #evicted: number[] = [];
  /** Of a record that is taken once more; null where it is new. */
  #known: Int32Array | null = null;
  #knownAt = 0;

  /** `known`: the births of a record that is taken once more. */
  begin(origin: FlowOrigin, known: Int32Array | null): void {
    this.origin = origin;
    this.#looks = 0;
    this.#noted.length = 0;
    this.#evicted.length = 0;
    this.#known = known;
    this.#knownAt = 0;
  }

  /** Numbers of the looks that have begun a flow since `begin`. */
  get noted(): Int32Array {
    return this.#noted.length === 0 ? NOTHING : Int32Array.from(this.#noted);
  }

  /** Numbers of the flows that have given way since `begin`, their lower halves. */
  get evicted(): Int32Array {
    return this.#evicted.length === 0 ? NOTHING : Int32Array.from(this.#evicted);
  }

  /** Flows give way as they did, and for no other reason. */
  get isAgain(): boolean {
    return this.#known !== null;
  }

  evict(id: number): void {
    this.#evicted.push(id | 0);
  }

  /** The table looks for a flow. */
  look(): void {
    this.#looks += 1;
  }

  /** It has found one: whether another begins in its place, as the one it found had given way within the record. */
  get mustBegin(): boolean {
    return this.#known !== null && this.#known[this.#knownAt] === this.#looks;
  }

  /** It has found none: whether one begins. */
  mayBegin(): boolean {
    if (this.#known === null) {
      this.#noted.push(this.#looks);
      return true;
    }
    if (this.#known[this.#knownAt] !== this.#looks) return false;
    this.#knownAt += 1;
    return true;
  }
}
