/**
 * Rounds of requests over a network: each client that reaches a benevolent server asks whom its model chooses, is
 * satisfied or not, and tells. Deterministic: a seed gives the same run.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { randomBelow, seededRandom } from '../../../engine/index.ts';
import { makeNetwork, type Network, type NetworkOptions, oscillate } from './network.ts';

export type Behaviour = 'static' | 'oscillating' | 'dynamic' | 'colluding';

export interface SimulationOptions {
  readonly network: NetworkOptions;
  readonly behaviour: Behaviour;
  readonly rounds: number;
  readonly seed: number;
}

export const SERVICE = 'reading';
export const ROUND_MS = 60_000;
/** Rounds between two turns of an oscillating network. */
const OSCILLATION_ROUNDS = 20;
/** A server of a dynamic network sleeps after so many requests, for so many rounds. */
const REQUESTS_BEFORE_SLEEP = 20;
const SLEEP_ROUNDS = 5;
/** Peers about whom a colluder lies in a round. */
const LIES = 4;

export interface Outcome {
  /** Mean satisfaction of each round; NaN where nobody could ask. */
  readonly satisfaction: number[];
}

export function simulate(options: SimulationOptions, makeModel: (network: Network) => TrustModel): Outcome {
  const world = seededRandom(options.seed);
  const chance = seededRandom(options.seed ^ 0x5eed_cafe);
  const network = makeNetwork(options.network, world);
  const model = makeModel(network);
  const sleepsUntil = new Map<number, number>();
  const requests = new Map<number, number>();
  const satisfaction: number[] = [];
  let told = 0;
  const tell = (trustor: number, trustee: number, satisfied: number, timeMs: number) => {
    const [from, to] = [network.sensors[trustor]!.name, network.sensors[trustee]!.name];
    const interaction: Interaction = {
      id: `${told++}`,
      trustor: from,
      trustee: to,
      service: SERVICE,
      satisfaction: satisfied,
      weight: 1,
      timeMs,
    };
    model.observe(interaction);
  };
  for (let round = 0; round < options.rounds; round++) {
    const nowMs = round * ROUND_MS;
    if (options.behaviour === 'oscillating' && round > 0 && round % OSCILLATION_ROUNDS === 0) oscillate(network, world);
    if (options.behaviour === 'colluding') lie(network, world, (from, to, value) => tell(from, to, value, nowMs));
    let sum = 0;
    let asked = 0;
    for (const client of network.clients) {
      const awake = network.reachable.get(client)!.filter((server) => (sleepsUntil.get(server) ?? 0) <= round);
      if (!awake.some((server) => network.isGood[server])) continue;
      const names = awake.map((server) => network.sensors[server]!.name);
      const chosen = model.choose(network.sensors[client]!.name, SERVICE, names, nowMs, chance);
      const server = awake[names.indexOf(chosen)]!;
      const satisfied = network.isGood[server] ? 1 : 0;
      sum += satisfied;
      asked++;
      tell(client, server, satisfied, nowMs);
      const count = (requests.get(server) ?? 0) + 1;
      requests.set(server, count);
      if (options.behaviour === 'dynamic' && count % REQUESTS_BEFORE_SLEEP === 0)
        sleepsUntil.set(server, round + 1 + SLEEP_ROUNDS);
    }
    satisfaction.push(asked === 0 ? Number.NaN : sum / asked);
  }
  return { satisfaction };
}

/** Each malicious server praises the malicious and blames the benevolent. */
function lie(
  { servers, isGood }: Network,
  random: ReturnType<typeof seededRandom>,
  tell: (from: number, to: number, satisfaction: number) => void,
): void {
  for (const server of servers) {
    if (isGood[server]) continue;
    for (let i = 0; i < LIES; i++) {
      const about = servers[randomBelow(random, servers.length)]!;
      if (about !== server) tell(server, about, isGood[about] ? 0 : 1);
    }
  }
}
