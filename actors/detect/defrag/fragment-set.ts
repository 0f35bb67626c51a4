/**
 * The fragments of one datagram by their starts, each cut to what its target would take of it. As in Suricata whole
 * fragments are trimmed when one arrives, and what is left over lies over what starts before it. Invariant: `heldBytes`
 * is what the copies take.
 */
import type { Head, HeldFragment } from './held-fragment.ts';
import { type NewFragment, type OverlapPolicy, settle } from './overlap-policy.ts';

export class FragmentSet {
  /** Time of the last fragment. */
  lastUs = 0;
  heldBytes = 0;
  /** The last fragment holds bytes of another one's place. */
  overlaps = false;
  readonly #fragments: HeldFragment[] = [];
  #hasLast = false;

  /** False where other fragments hold all of it already. `head` is what stands before the first fragment's bytes. */
  add(start: number, bytes: Uint8Array, hasMore: boolean, head: Head | null, policy: OverlapPolicy): boolean {
    const fragments = this.#fragments;
    const at = this.#placeOf(start);
    // Behind all others a fragment is compared from the first one on, else from the one before it.
    const from = at === fragments.length || at === 0 ? 0 : at - 1;
    const fresh: NewFragment = { start, end: start + bytes.length, trim: 0, isDropped: false, overlaps: false };
    const gone = settle(policy, fragments, from, fresh);
    this.overlaps = fresh.overlaps;
    if (gone !== undefined) {
      fragments.splice(fragments.indexOf(gone), 1);
      this.heldBytes -= gone.bytes.length;
    }
    const { trim } = fresh;
    if (fresh.isDropped || trim >= bytes.length) return false;
    const held = { start: start + trim, bytes: bytes.slice(trim), trim: 0, isSkipped: false, hasMore, head };
    // Of those with the same start the last one is the last.
    fragments.splice(this.#placeOf(held.start + 1), 0, held);
    this.heldBytes += held.bytes.length;
    if (!hasMore) this.#hasLast = true;
    return true;
  }

  /** The datagram; undefined while some of it is missing. */
  assemble(): { readonly head: Head; readonly body: Uint8Array } | undefined {
    const fragments = this.#fragments;
    if (!this.#hasLast || fragments[0]?.start !== 0) return undefined;
    let covered = 0;
    for (const { start, bytes } of fragments) {
      if (start > covered) return undefined;
      covered = Math.max(covered, start + bytes.length);
    }
    const body = new Uint8Array(covered);
    let length = 0;
    let head: Head | null = null;
    let before = 0;
    let hasMore = true;
    for (const held of fragments) {
      // Another one with the last one's start may be preferred to it.
      if (!hasMore && held.start > before) break;
      if (held.isSkipped || held.trim >= held.bytes.length) continue;
      const { start, bytes, trim } = held;
      if (start === 0) {
        body.set(bytes);
        head = held.head;
        length = bytes.length;
      } else {
        body.set(bytes.subarray(trim), start + trim);
        length = Math.max(length, start + bytes.length);
      }
      ({ hasMore } = held);
      before = start;
    }
    return head === null ? undefined : { head, body: body.subarray(0, length) };
  }

  /** Of the first fragment that starts at `start` or behind it. */
  #placeOf(start: number): number {
    const fragments = this.#fragments;
    let at = fragments.length;
    while (at > 0 && fragments[at - 1]!.start >= start) at--;
    return at;
  }
}
