/**
 * Which of two fragments a byte comes from where both hold it, by the system that will put them together: an attacker
 * who knows the target sends what only the target reads. (Novak: "Target-Based Fragmentation Reassembly", 2005.)
 * Followed is not the systems' own rule for every byte but what Suricata makes of it: a new fragment is compared with
 * those that came before until one of them decides, and one of the two is trimmed at its start, skipped or dropped.
 */
import type { HeldFragment } from './held-fragment.ts';

export const OVERLAP_POLICIES = ['bsd', 'bsd-right', 'linux', 'windows', 'solaris', 'first', 'last'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

export interface NewFragment {
  readonly start: number;
  readonly end: number;
  /** Bytes at its beginning that others give. */
  trim: number;
  isDropped: boolean;
  /** One of those that it was compared with holds bytes of its place. */
  overlaps: boolean;
}

type Rule = (fresh: NewFragment, held: HeldFragment, next: HeldFragment | undefined) => boolean;

const RULES: Readonly<Record<OverlapPolicy, Rule>> = {
  bsd,
  'bsd-right': () => false,
  linux,
  windows,
  solaris,
  first,
  last,
};

/** Trims the new fragment and those held from `from` on; the one that the new one has replaced is returned. */
export function settle(
  policy: OverlapPolicy,
  fragments: readonly HeldFragment[],
  from: number,
  fresh: NewFragment,
): HeldFragment | undefined {
  const rule = RULES[policy];
  for (let at = from; at < fragments.length; at++) {
    const held = fragments[at]!;
    if (held.isSkipped) continue;
    if (fresh.start < endOf(held) && held.start < fresh.end) fresh.overlaps = true;
    if (!rule(fresh, held, fragments[at + 1])) continue;
    const isGone = !fresh.isDropped && (held.isSkipped || held.trim >= held.bytes.length);
    return isGone ? held : undefined;
  }
  return undefined;
}

function endOf({ start, bytes }: HeldFragment): number {
  return start + bytes.length;
}

function drop(fresh: NewFragment): true {
  fresh.isDropped = true;
  return true;
}

function skip(held: HeldFragment): true {
  held.isSkipped = true;
  return true;
}

function bsd(fresh: NewFragment, held: HeldFragment, next: HeldFragment | undefined): boolean {
  const { start, end } = fresh;
  if (start >= endOf(held)) return false;
  if (held.start <= start) {
    if (endOf(held) > end) return drop(fresh);
    fresh.trim = endOf(held) - start;
  } else if (end > held.start + held.trim) held.trim = Math.max(held.trim, end - held.start);
  if (next !== undefined && end > next.start) next.trim = end - next.start;
  return true;
}

function linux(fresh: NewFragment, held: HeldFragment): boolean {
  const heldStart = held.start + held.trim;
  if (heldStart < fresh.start + fresh.trim && endOf(held) > fresh.start + fresh.trim)
    fresh.trim += endOf(held) - fresh.start;
  const start = fresh.start + fresh.trim;
  if (start < heldStart && fresh.end > heldStart) {
    held.trim = fresh.end - held.start;
    return true;
  }
  return start <= heldStart && fresh.end >= endOf(held) && skip(held);
}

function windows(fresh: NewFragment, held: HeldFragment): boolean {
  const start = fresh.start + fresh.trim;
  const { end } = fresh;
  const heldEnd = endOf(held);
  if (fresh.start >= held.start && end <= heldEnd) return drop(fresh);
  if (fresh.start < held.start && end > heldEnd) return skip(held);
  const isBehindStart = start > held.start + held.trim && start < heldEnd;
  if (!isBehindStart && !(fresh.start === held.start && end > heldEnd)) return false;
  fresh.trim += heldEnd - fresh.start;
  return true;
}

function solaris(fresh: NewFragment, held: HeldFragment): boolean {
  if (fresh.start >= endOf(held)) return false;
  if (fresh.start >= held.start) fresh.trim = endOf(held) - fresh.start;
  else if (fresh.end >= endOf(held)) held.isSkipped = true;
  return true;
}

function first(fresh: NewFragment, held: HeldFragment): boolean {
  if (fresh.start >= held.start && fresh.end <= endOf(held)) return drop(fresh);
  if (fresh.start < held.start) return true;
  if (fresh.start >= endOf(held)) return false;
  fresh.trim = endOf(held) - fresh.start;
  return true;
}

function last(fresh: NewFragment, held: HeldFragment): boolean {
  if (fresh.start > held.start) return false;
  if (fresh.end > held.start) held.trim = fresh.end - held.start;
  return true;
}
