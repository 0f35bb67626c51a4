/** A path as the most permissive of servers would read it, so that no spelling hides it from a rule. */
import { bestFit, REPLACEMENT } from './best-fit.ts';
import { hexOf, PERCENT, SLASH } from './octets.ts';

const BACKSLASH = 0x5c;
const DOT = 0x2e;

/** Percent and %u encoding undone, backslashes made slashes, several slashes one. Works in place; the new length. */
export function decodePath(path: Uint8Array): number {
  let to = 0;
  let wasSlash = false;
  for (let at = 0; at < path.length; ) {
    let byte = path[at]!;
    let taken = 1;
    if (byte === PERCENT && at + 2 < path.length) {
      const next = path[at + 1]! | 0x20;
      if (next === 0x75) {
        const high = at + 5 < path.length ? hexPair(path, at + 2) : -1;
        const low = high === -1 ? -1 : hexPair(path, at + 4);
        if (low !== -1) {
          byte = bestFit(high * 256 + low);
          taken = 6;
        }
      } else {
        const pair = hexPair(path, at + 1);
        if (pair !== -1) {
          byte = pair;
          taken = 3;
        }
      }
    }
    at += taken;
    if (byte === BACKSLASH) byte = SLASH;
    if (byte === SLASH && wasSlash) continue;
    wasSlash = byte === SLASH;
    path[to] = byte;
    to += 1;
  }
  return to;
}

/** Percent encoding undone, in place; the new length. Plus signs stay. */
export function decodeQuery(query: Uint8Array): number {
  let to = 0;
  for (let at = 0; at < query.length; to += 1) {
    const pair = query[at] === PERCENT && at + 2 < query.length ? hexPair(query, at + 1) : -1;
    query[to] = pair === -1 ? query[at]! : pair;
    at += pair === -1 ? 1 : 3;
  }
  return to;
}

function hexPair(bytes: Uint8Array, at: number): number {
  const high = hexOf(bytes[at]!);
  const low = hexOf(bytes[at + 1]!);
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

/** UTF-8, overlong forms too, brought to single bytes, in place; the new length. */
export function singleBytes(path: Uint8Array, length: number): number {
  let first = 0;
  while (first < length && path[first]! < 0x80) first += 1;
  let to = first;
  for (let at = first; at < length; ) {
    const lead = path[at]!;
    if (lead < 0x80) {
      path[to] = lead;
      to += 1;
      at += 1;
      continue;
    }
    const more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead <= 0xf4 ? 3 : 0;
    let point = more === 1 ? lead & 0x1f : more === 2 ? lead & 0x0f : lead & 0x07;
    let seen = 0;
    while (seen < more && at + 1 + seen < length && isContinuation(lead, path[at + 1 + seen]!, seen)) {
      point = point * 64 + (path[at + 1 + seen]! & 0x3f);
      seen += 1;
    }
    // Cut off at the end: it never becomes a character.
    if (more > 0 && seen < more && at + 1 + seen >= length) break;
    path[to] = more === 0 || seen < more ? REPLACEMENT : point > 0xffff ? REPLACEMENT : bestFit(point);
    to += 1;
    at += 1 + seen;
  }
  return to;
}

function isContinuation(lead: number, byte: number, index: number): boolean {
  if (byte < 0x80 || byte > 0xbf) return false;
  if (index > 0) return true;
  // Surrogates, and what is beyond the last character.
  return !((lead === 0xed && byte > 0x9f) || (lead === 0xf4 && byte > 0x8f));
}

/** `.` and `..` between slashes resolved, in place; the new length. */
export function resolveDots(path: Uint8Array, length: number): number {
  if (!path.includes(DOT)) return length;
  const at = (index: number): number => (index < length ? path[index]! : -1);
  let from = 0;
  let to = 0;
  // A slash that stands for a dot segment just taken out.
  let held = false;
  while (from < length || held) {
    const byte = held ? SLASH : path[from]!;
    const next = held ? from : from + 1;
    if (byte === DOT) {
      if (at(next) === DOT && at(next + 1) === SLASH) {
        from = next + 2;
        continue;
      }
      if (at(next) === SLASH) {
        from = next + 1;
        continue;
      }
      if (next === length || (at(next) === DOT && next + 1 === length)) break;
    }
    if (byte === SLASH && at(next) === DOT) {
      if (at(next + 1) === SLASH || next + 1 === length) {
        from = next + (next + 1 === length ? 1 : 2);
        if (from === length) return to;
        held = true;
        continue;
      }
      if (at(next + 1) === DOT && (at(next + 2) === SLASH || next + 2 === length)) {
        from = next + (next + 2 === length ? 2 : 3);
        while (to > 0 && path[to - 1] !== SLASH) to -= 1;
        if (to > 0) to -= 1;
        if (from === length) return to;
        held = true;
        continue;
      }
    }
    held = false;
    path[to] = byte;
    to += 1;
    from = next;
    while (from < length && path[from] !== SLASH) {
      path[to] = path[from]!;
      to += 1;
      from += 1;
    }
  }
  return to;
}
