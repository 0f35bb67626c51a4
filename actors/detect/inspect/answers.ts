/**
 * What flows were told by what lies beyond them, by counters and bits of addresses, noted record by record: the same packets, taken
 * once more, are told the same, whatever these know by then. A flow asks in the order of its packets, so the order is enough.
 */
import type { Flow } from '../flow/index.ts';

const NOTHING = new Int32Array(0);

export class Answers {
  /** The lower half of the flow's number, and the answer, in turn. */
  readonly #noted: number[] = [];
  /** By flow, those that are not given yet; null where records are new. */
  #known: Map<number, number[]> | null = null;

  /** `known`: the answers of a record that is taken once more. */
  begin(known: Int32Array | null): void {
    this.#noted.length = 0;
    this.#known = known === null ? null : byFlow(known);
  }

  /** Since `begin`. */
  get noted(): Int32Array {
    return this.#noted.length === 0 ? NOTHING : Int32Array.from(this.#noted);
  }

  /** What `ask` says, or what it said then. What belongs to no flow is remembered by none. */
  to(flow: Flow | null, ask: () => number): number {
    if (flow === null) return ask();
    if (this.#known !== null) return this.#known.get(flow.id | 0)?.shift() ?? ask();
    const answer = ask();
    this.#noted.push(flow.id | 0, answer);
    return answer;
  }
}

function byFlow(known: Int32Array): Map<number, number[]> {
  const answers = new Map<number, number[]>();
  for (let i = 0; i < known.length; i += 2) {
    const of = answers.get(known[i]!);
    if (of === undefined) answers.set(known[i]!, [known[i + 1]!]);
    else of.push(known[i + 1]!);
  }
  return answers;
}
