/**
 * How long a provider that has turned bad is still asked. All models are given the same history, in which it was the best
 * of a few that everybody knows; then it serves badly, and each client asks whom its model chooses.
 */
import type { TrustModel } from '../../../actors/trust/index.ts';
import { randomBelow, seededRandom } from '../../../engine/index.ts';
import { uniform } from '../rivals/draws.ts';
import { makeNetwork, type Network, type NetworkOptions } from './network.ts';
import { ROUND_MS, type Run, runThrough, SERVICE } from './simulation.ts';

export interface TurnedOptions {
  readonly network: NetworkOptions;
  readonly seed: number;
}

const KNOWN_PROVIDERS = 5;
const HISTORY_ROUNDS = 40;
const ROUNDS_AFTER = 30;
/** The others serve well so often. */
const OTHERS_GOOD = 0.8;

/** Interactions with the turned provider after its turn; null where the network has too few providers in reach of all. */
export const turnedInteractions = (
  options: TurnedOptions,
  makeModel: (network: Network) => TrustModel,
): number | null => runThrough(turnedRun(options, makeModel));

export function* turnedRun(options: TurnedOptions, makeModel: (network: Network) => TrustModel): Run<number | null> {
  const world = seededRandom(options.seed);
  const chance = seededRandom(options.seed ^ 0x5eed_cafe);
  const network = makeNetwork(options.network, world);
  const nameOf = (sensor: number) => network.sensors[sensor]!.name;
  const providers = network.servers
    .filter((server) => network.clients.every((client) => network.reachable.get(client)!.includes(server)))
    .slice(0, KNOWN_PROVIDERS)
    .map(nameOf);
  if (providers.length < KNOWN_PROVIDERS || network.clients.length === 0) return null;
  const turned = providers[randomBelow(world, providers.length)]!;
  const clients = network.clients.map(nameOf);
  const model = makeModel(network);
  let told = 0;
  const serve = (trustor: string, trustee: string, isTurned: boolean, timeMs: number) => {
    const isSatisfied = trustee === turned ? !isTurned : uniform(world) < OTHERS_GOOD;
    const satisfaction = isSatisfied ? 1 : 0;
    model.observe({ id: `${told++}`, trustor, trustee, service: SERVICE, satisfaction, weight: 1, timeMs });
  };
  for (let round = 0; round < HISTORY_ROUNDS; round++)
    for (const [i, client] of clients.entries()) {
      const provider = providers[(round + i) % providers.length]!;
      // Who learns from the path to a provider must have taken it.
      model.choose(client, SERVICE, [provider], round * ROUND_MS, chance);
      serve(client, provider, false, round * ROUND_MS);
    }
  let interactions = 0;
  for (let round = HISTORY_ROUNDS; round < HISTORY_ROUNDS + ROUNDS_AFTER; round++)
    for (const client of clients) {
      yield;
      const chosen = model.choose(client, SERVICE, providers, round * ROUND_MS, chance);
      if (chosen === turned) interactions++;
      serve(client, chosen, true, round * ROUND_MS);
    }
  return interactions;
}
