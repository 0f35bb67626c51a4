/**
 * The randomness port. Secrets (keys, tokens, nonces) come from `systemRandom` in production; a seeded source makes
 * a simulation repeatable and must never make a secret outside of one.
 */
import { randomFillSync } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 2^32). */
  u32(): number;
  /** Fresh bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = {
  u32: () => new DataView(systemRandom.bytes(4).buffer).getUint32(0),
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};

/** xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32 from the seed. */
export function seededRandom(seed: number): Random {
  let mixed = seed >>> 0;
  const next = () => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const u32 = () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return {
    u32,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = u32();
      return bytes;
    },
  };
}

/** Uniform in [0, below), without modulo bias; `below` in 1..2^32. */
export function randomBelow(random: Random, below: number): number {
  const limit = 2 ** 32 - (2 ** 32 % below);
  for (;;) {
    const value = random.u32();
    if (value < limit) return value % below;
  }
}
