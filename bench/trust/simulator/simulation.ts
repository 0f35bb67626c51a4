/**
 * Rounds of requests over a network: each client that reaches a benevolent server asks whom its model chooses, is
 * satisfied or not, and tells. Deterministic: a seed gives the same run.
 *
 * A run pauses wherever what was told has to be known before it goes on: a model that hears of it through an actor is given
 * the time, with many runs at once in one batch (`actor-trust.ts`); one that is told at once is run through.
 */
import type { TrustModel } from '../../../actors/trust/index.ts';
import { randomBelow, seededRandom } from '../../../engine/index.ts';
import { uniform } from '../rivals/draws.ts';
import { makeNetwork, type Network, type NetworkOptions, oscillate } from './network.ts';

/** Of networks as TRMSim-WSN has them. */
export type NetworkBehaviour = 'static' | 'oscillating' | 'dynamic' | 'colluding';
/**
 * `stuffing`: the malicious praise each other, and say nothing of the benevolent; `bad-mouthing`: the other way around;
 * `imbalance`: they serve well what is worth little; `whitewashing`: who served badly comes back under a new name.
 */
export type Attack = 'stuffing' | 'bad-mouthing' | 'imbalance' | 'whitewashing';
export type Behaviour = NetworkBehaviour | Attack;

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
/** What requests are worth where not all are worth the same, and how many are worth much. */
const WORTH_LITTLE = 0.1;
const WORTH_MUCH_SHARE = 0.2;
/** Between a sensor's name and how often it has changed it. */
export const ALIAS = '~';

export interface Outcome {
  /** Mean satisfaction of each round, by what requests were worth; NaN where nobody could ask. */
  readonly satisfaction: number[];
}

/** A run that is not over: each step ends before a choice. */
export type Run<T> = Generator<undefined, T, undefined>;

/** To the end, for models that know at once what they are told. */
export function runThrough<T>(run: Run<T>): T {
  for (;;) {
    const step = run.next();
    if (step.done === true) return step.value;
  }
}

export const simulate = (options: SimulationOptions, makeModel: (network: Network) => TrustModel): Outcome =>
  runThrough(simulation(options, makeModel));

export function* simulation(options: SimulationOptions, makeModel: (network: Network) => TrustModel): Run<Outcome> {
  const { behaviour } = options;
  const world = seededRandom(options.seed);
  const chance = seededRandom(options.seed ^ 0x5eed_cafe);
  const network = makeNetwork(options.network, world);
  const model = makeModel(network);
  const sleepsUntil = new Map<number, number>();
  const requests = new Map<number, number>();
  const satisfaction: number[] = [];
  const names = network.sensors.map(({ name }) => name);
  let told = 0;
  const tell = (trustor: number, trustee: number, satisfied: number, weight: number, timeMs: number) =>
    model.observe({
      id: `${told++}`,
      trustor: names[trustor]!,
      trustee: names[trustee]!,
      service: SERVICE,
      satisfaction: satisfied,
      weight,
      timeMs,
    });
  for (let round = 0; round < options.rounds; round++) {
    const nowMs = round * ROUND_MS;
    if (behaviour === 'oscillating' && round > 0 && round % OSCILLATION_ROUNDS === 0) oscillate(network, world);
    if (behaviour === 'colluding' || behaviour === 'stuffing' || behaviour === 'bad-mouthing')
      lie(behaviour, network, world, (from, to, value) => tell(from, to, value, 1, nowMs));
    let sum = 0;
    let asked = 0;
    for (const client of network.clients) {
      const awake = network.reachable.get(client)!.filter((server) => (sleepsUntil.get(server) ?? 0) <= round);
      if (!awake.some((server) => network.isGood[server])) continue;
      yield;
      const candidates = awake.map((server) => names[server]!);
      const chosen = model.choose(names[client]!, SERVICE, candidates, nowMs, chance);
      const server = awake[candidates.indexOf(chosen)]!;
      const weight = behaviour === 'imbalance' && uniform(world) >= WORTH_MUCH_SHARE ? WORTH_LITTLE : 1;
      const satisfied = network.isGood[server] || weight < 1 ? 1 : 0;
      sum += satisfied * weight;
      asked += weight;
      tell(client, server, satisfied, weight, nowMs);
      const count = (requests.get(server) ?? 0) + 1;
      requests.set(server, count);
      if (behaviour === 'whitewashing' && satisfied === 0)
        names[server] = `${network.sensors[server]!.name}${ALIAS}${count}`;
      if (behaviour === 'dynamic' && count % REQUESTS_BEFORE_SLEEP === 0)
        sleepsUntil.set(server, round + 1 + SLEEP_ROUNDS);
    }
    satisfaction.push(asked === 0 ? Number.NaN : sum / asked);
  }
  return { satisfaction };
}

/** Each malicious server praises the malicious and blames the benevolent, or does one of the two. */
function lie(
  behaviour: 'colluding' | 'stuffing' | 'bad-mouthing',
  { servers, isGood }: Network,
  random: ReturnType<typeof seededRandom>,
  tell: (from: number, to: number, satisfaction: number) => void,
): void {
  for (const server of servers) {
    if (isGood[server]) continue;
    for (let i = 0; i < LIES; i++) {
      const about = servers[randomBelow(random, servers.length)]!;
      const isToldOf = behaviour === 'colluding' || isGood[about] === (behaviour === 'bad-mouthing');
      if (about !== server && isToldOf) tell(server, about, isGood[about] ? 0 : 1);
    }
  }
}
