/**
 * One honest newcomer beside a thousand identities of one enrolment (one batch of keys, one owner), which cost as much to
 * enrol as the honest one and praise each other every round. All serve as well: the question is how often each side is asked.
 */
import type { TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow, seededRandom } from '../../../engine/index.ts';
import { ROUND_MS, type Run, runThrough, SERVICE } from './simulation.ts';

const CLIENTS = 10;
const ROUNDS = 10;
/** Of the Sybil identities, in a round. */
const PRAISES = 100;
export const SYBILS = 1000;
const HONEST = 'honest';
const SYBIL = 'sybil-';

/** By what the provider was enrolled with. */
export const enrolmentOf = (name: string): string => (name.startsWith(SYBIL) ? SYBIL : name);

export interface Shares {
  honest: number;
  sybils: number;
}

/** Weight of the interactions that each side had. */
export const sybilShares = (seed: number, makeModel: () => TrustModel): Shares =>
  runThrough(sybilRun(seed, makeModel, false));

/**
 * The other outcome of each draw. The first choice of a run decides most of it, so that it takes thousands of runs until chance
 * has dealt evenly; a run and its mirror together leave little to it, and favour nobody (antithetic variates).
 */
const mirrored = (random: Random): Random => ({
  u32: () => ~random.u32() >>> 0,
  bytes: (length) => random.bytes(length),
});

export function* sybilRun(seed: number, makeModel: () => TrustModel, isMirrored: boolean): Run<Shares> {
  const world = seededRandom(seed);
  const drawn = seededRandom(seed ^ 0x5eed_cafe);
  const chance = isMirrored ? mirrored(drawn) : drawn;
  const model = makeModel();
  const sybils = Array.from({ length: SYBILS }, (_, i) => `${SYBIL}${i}`);
  const providers = [...sybils, HONEST];
  const shares = { honest: 0, sybils: 0 };
  let told = 0;
  const tell = (trustor: string, trustee: string, timeMs: number) =>
    model.observe({ id: `${told++}`, trustor, trustee, service: SERVICE, satisfaction: 1, weight: 1, timeMs });
  for (let round = 0; round < ROUNDS; round++) {
    const nowMs = round * ROUND_MS;
    for (let i = 0; i < PRAISES; i++) {
      const [from, about] = [randomBelow(world, SYBILS), randomBelow(world, SYBILS)];
      if (from !== about) tell(sybils[from]!, sybils[about]!, nowMs);
    }
    for (let client = 0; client < CLIENTS; client++) {
      yield;
      const name = `client-${client}`;
      const chosen = model.choose(name, SERVICE, providers, nowMs, chance);
      if (chosen === HONEST) shares.honest++;
      else shares.sybils++;
      tell(name, chosen, nowMs);
    }
  }
  return shares;
}
