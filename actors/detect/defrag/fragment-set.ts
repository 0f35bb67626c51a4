/**
 * The fragments of one datagram in the order of their arrival. Invariant: `heldBytes` is what their copies take; the
 * datagram is whole once its end is known and no byte before it is missing.
 */
import { doesLaterWin, type OverlapPolicy } from './overlap-policy.ts';

interface Held {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

export class FragmentSet {
  /** Time of the last fragment. */
  lastUs = 0;
  heldBytes = 0;
  /** Headers that stand before the first fragment's bytes, and where in them the next header is named. */
  header: Uint8Array | undefined;
  nextHeaderAt = -1;
  protocol = 0;
  readonly #held: Held[] = [];
  /** The same, by their starts: what is covered is read from here. */
  readonly #sorted: Held[] = [];
  #length = -1;

  add(start: number, bytes: Uint8Array, hasMore: boolean): void {
    const held = { start, end: start + bytes.length, bytes: bytes.slice() };
    this.#held.push(held);
    this.heldBytes += bytes.length;
    let at = this.#sorted.length;
    while (at > 0 && this.#sorted[at - 1]!.start > start) at--;
    this.#sorted.splice(at, 0, held);
    // Of several ends the first holds: the target has said so to itself, too.
    if (!hasMore && this.#length < 0) this.#length = held.end;
  }

  /** The datagram's bytes behind its header; undefined while some are missing. */
  assemble(policy: OverlapPolicy): Uint8Array | undefined {
    if (this.#length < 0 || this.header === undefined) return undefined;
    let covered = 0;
    let overlaps = false;
    for (const { start, end } of this.#sorted) {
      if (covered >= this.#length && start >= this.#length) break;
      if (start > covered) return undefined;
      if (start < covered) overlaps = true;
      covered = Math.max(covered, end);
    }
    if (covered < this.#length) return undefined;
    const whole = new Uint8Array(this.#length);
    if (overlaps) this.#layOver(whole, policy);
    else for (const { start, bytes } of this.#sorted) whole.set(bytes.subarray(0, whole.length - start), start);
    return whole;
  }

  #layOver(whole: Uint8Array, policy: OverlapPolicy): void {
    const owners = new Int32Array(whole.length).fill(-1);
    this.#held.forEach((later, index) => {
      const end = Math.min(later.end, whole.length);
      for (let at = later.start; at < end; at++) {
        const owner = owners[at]!;
        if (owner >= 0 && !doesLaterWin(policy, this.#held[owner]!, later)) continue;
        owners[at] = index;
        whole[at] = later.bytes[at - later.start]!;
      }
    });
  }
}
