/**
 * Texts to choose from by chance, so that one more of them changes few choices: those that now fall to it, and no others.
 * Each has a place on a ring, which it alone decides; chosen is the first from a place that chance names.
 */
import type { Dice } from '../../differential/dice.ts';

export class Ring {
  /** In ascending order. */
  readonly #places: readonly { readonly at: number; readonly text: string }[];

  /** At least one; a text that is there several times has as many places. */
  constructor(texts: readonly string[]) {
    const seen = new Map<string, number>();
    const places = texts.map((text) => {
      const nth = seen.get(text) ?? 0;
      seen.set(text, nth + 1);
      return { at: hashOf(`${nth} ${text}`), text };
    });
    this.#places = places.toSorted((a, b) => a.at - b.at || (a.text < b.text ? -1 : 1));
  }

  pick(dice: Dice): string {
    const from = dice.next() * 2 ** 32;
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#places[middle]!.at < from) low = middle + 1;
      else high = middle;
    }
    return this.#places[low % this.#places.length]!.text;
  }
}

/** FNV-1a, mixed so that texts that differ at their ends alone lie apart. */
export function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
