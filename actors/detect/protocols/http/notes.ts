/**
 * What was noticed of a connection. It is told when a piece of its bytes was read to the end, and of the transaction whose
 * turn it is then: of a client the newest, of a server the first that is not answered. What is noticed when a connection
 * closes waits for bytes that may never come.
 */
import type { Direction } from '../direction.ts';

/** Beyond so many of a connection nothing is told any more. */
const NOTES_MAX = 512;

/** Who can say which transaction it is. */
export interface Turns {
  eventOf(direction: Direction, name: string): void;
}

export class Notes {
  readonly #turns: Turns;
  #waiting: string[] = [];
  #count = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** null: it has no name that rules could ask for, and counts all the same. */
  add(event: string | null): void {
    if (this.#count >= NOTES_MAX) return;
    this.#count += 1;
    if (event !== null) this.#waiting.push(event);
  }

  /** A piece of the direction was read. */
  tell(direction: Direction): void {
    if (this.#count === NOTES_MAX) {
      this.#count += 1;
      this.#turns.eventOf(direction, 'too_many_warnings');
      this.#waiting = [];
    }
    if (this.#waiting.length === 0) return;
    if (this.#count < NOTES_MAX) for (const event of this.#waiting) this.#turns.eventOf(direction, event);
    this.#waiting = [];
  }
}
