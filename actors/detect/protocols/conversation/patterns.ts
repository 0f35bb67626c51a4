/** The patterns of one transport and direction by which first bytes are recognised. */
import type { AnyProtocol, PatternProbe } from '../protocol.ts';

interface Pattern {
  readonly protocol: AnyProtocol;
  readonly probe: PatternProbe;
  /** In lower case where the case does not matter. */
  readonly bytes: Uint8Array;
}

export class Patterns {
  /** By the byte that they begin with, where they have to lie at the start. */
  readonly #first: (Pattern[] | undefined)[] = [];
  readonly #others: Pattern[] = [];
  #deepest: number;

  constructor(deepest: number) {
    this.#deepest = deepest;
  }

  /** With so many bytes there will be no other answer. */
  get deepest(): number {
    return this.#deepest;
  }

  add(pattern: Pattern): void {
    const { probe, bytes } = pattern;
    this.#deepest = Math.max(this.#deepest, probe.depth);
    if (probe.depth - probe.offset !== bytes.length || probe.offset > 0) {
      this.#others.push(pattern);
      return;
    }
    const byte = bytes[0]!;
    for (const one of probe.nocase && isLetter(byte) ? [byte, byte - 0x20] : [byte]) {
      this.#first[one] ??= [];
      this.#first[one].push(pattern);
    }
  }

  /** The patterns that lie in the bytes, in the order in which they were added. */
  *in(bytes: Uint8Array): Generator<Pattern> {
    if (bytes.length === 0) return;
    const first = this.#first[bytes[0]!];
    if (first !== undefined) for (const pattern of first) if (lies(pattern, bytes)) yield pattern;
    for (const pattern of this.#others) if (lies(pattern, bytes)) yield pattern;
  }
}

const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a;
const lowerOf = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

function lies({ probe, bytes: pattern }: Pattern, bytes: Uint8Array): boolean {
  if (bytes.length < probe.depth) return false;
  for (let start = probe.offset; start + pattern.length <= probe.depth; start += 1) {
    let at = 0;
    while (at < pattern.length && same(bytes[start + at]!, pattern[at]!, probe.nocase)) at += 1;
    if (at === pattern.length) return true;
  }
  return false;
}

const same = (byte: number, wanted: number, nocase: boolean): boolean =>
  byte === wanted || (nocase && lowerOf(byte) === wanted);
