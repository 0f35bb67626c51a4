/**
 * Hashes of flows. Both directions have the same one: the sum of both ends' hashes. Whoever knows the seed can make flows that
 * share a row of the table, so that of the table is drawn by chance; numbers that are told are made with one that never changes.
 */

export interface FlowEnds {
  readonly protocol: number;
  readonly depth: number;
  readonly vlan0: number;
  readonly vlan1: number;
  readonly vlan2: number;
  readonly src0: number;
  readonly src1: number;
  readonly src2: number;
  readonly src3: number;
  readonly dst0: number;
  readonly dst1: number;
  readonly dst2: number;
  readonly dst3: number;
  readonly sourceKey: number;
  readonly destinationKey: number;
}

export function hashOf(key: FlowEnds, seed: number): number {
  const a = mix(mix(mix(mix(mix(seed, key.src0), key.src1), key.src2), key.src3), key.sourceKey);
  const b = mix(mix(mix(mix(mix(seed, key.dst0), key.dst1), key.dst2), key.dst3), key.destinationKey);
  const rest = (key.protocol << 24) ^ (key.vlan0 << 12) ^ key.vlan1 ^ (key.depth << 20) ^ (key.vlan2 << 6);
  return mix(mix((a + b) | 0, a ^ b), rest);
}

export function mix(state: number, word: number): number {
  let mixed = Math.imul(state ^ word, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85ebca77);
  return mixed ^ (mixed >>> 13);
}
