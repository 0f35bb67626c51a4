/**
 * Mean satisfaction in twelve kinds of random networks. Judged on seeds that nothing was tuned on, with parameters that were
 * laid down before the first of them ran; the best rival of a kind is the best of eight: each with the published
 * parameters and with its tuned ones.
 */
import type { ScoreModel, TrustModel } from '../../../actors/trust/index.ts';
import { ActorTrust } from '../../trust/simulator/actor-trust.ts';
import type { Network, NetworkOptions } from '../../trust/simulator/network.ts';
import {
  type Behaviour,
  type NetworkBehaviour,
  type Outcome,
  type Run,
  type SimulationOptions,
  simulate,
  simulation,
} from '../../trust/simulator/simulation.ts';
import { type Curve, type CurvePoint, type Figure, figure } from '../../workload.ts';
import { NETWORK_WINDOWS, OUR_MODELS, OURS, RIVAL_MODELS, RIVALS } from './models.ts';
import { type Interval, intervalOf, meanOf, pointsOf, shown } from './statistics.ts';

/** Of the first of the judging seeds, less one: fresh with this commit's parameters. */
export const JUDGING_SEED = 100_000;
export const ROUNDS = 100;

const BEHAVIOURS: readonly NetworkBehaviour[] = ['static', 'oscillating', 'dynamic', 'colluding'];
const MALICIOUS = [0.1, 0.5, 0.9];
const POINT_ROUNDS = 10;
/** A plot for each behaviour with so many malicious servers. */
const PLOTTED = 0.5;

export const networkOf = (malicious: number): NetworkOptions => ({
  sensors: 100,
  clients: 0.15,
  relays: 0.1,
  malicious,
  range: 0.2,
});

type Kind = Omit<SimulationOptions, 'seed'>;

/** Of each of the twelve kinds. */
export const inKinds = <T>(of: (kind: Kind) => T): T[] =>
  BEHAVIOURS.flatMap((behaviour) =>
    MALICIOUS.map((malicious) => of({ network: networkOf(malicious), behaviour, rounds: ROUNDS })),
  );

const optionsOf = (behaviour: Behaviour, malicious: number, seed: number) => ({
  ...{ network: networkOf(malicious), behaviour, rounds: ROUNDS, seed },
});

export const seedsFrom = (seeds: number): number[] => Array.from({ length: seeds }, (_, i) => JUDGING_SEED + i + 1);

/** Satisfaction by round, of each seed. */
export const runsOf = (
  behaviour: Behaviour,
  malicious: number,
  seeds: number,
  make: (network: Network, seed: number) => TrustModel,
): number[][] =>
  seedsFrom(seeds).map(
    (seed) => simulate(optionsOf(behaviour, malicious, seed), (network) => make(network, seed)).satisfaction,
  );

/** The same of one of ours, which knows what the trust actor tells. */
export async function runsThroughActor(
  behaviour: Behaviour,
  malicious: number,
  seeds: number,
  make: () => ScoreModel,
): Promise<number[][]> {
  const outcomes = await throughActor(seedsFrom(seeds), (seed, modelOf): Run<Outcome> => {
    return simulation(optionsOf(behaviour, malicious, seed), () => modelOf(make()));
  });
  return outcomes.map(({ satisfaction }) => satisfaction);
}

/** Runs for one actor at once: their scores are all in memory. */
const RUNS_TOGETHER = 30;

export async function throughActor<T>(
  seeds: readonly number[],
  begin: (seed: number, modelOf: (model: ScoreModel) => ScoreModel) => Run<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let from = 0; from < seeds.length; from += RUNS_TOGETHER) {
    const actor = await ActorTrust.open(NETWORK_WINDOWS);
    try {
      const runs = seeds.slice(from, from + RUNS_TOGETHER).map((seed) => begin(seed, (model) => actor.modelOf(model)));
      results.push(...(await actor.runTogether(runs)));
    } finally {
      await actor.close();
    }
  }
  return results;
}

export const intervalOfRuns = (runs: readonly (readonly number[])[]): Interval => intervalOf(runs.map(meanOf));

export async function inNetworks(
  seeds: number,
  progress: (text: string) => void,
): Promise<{ figures: Figure[]; curves: Curve[] }> {
  const curves: Curve[] = [];
  const notes: string[] = [];
  let notBelow = 0;
  let above = 0;
  for (const behaviour of BEHAVIOURS) {
    for (const malicious of MALICIOUS) {
      const kind = `${behaviour}, ${malicious * 100} % malicious`;
      const { ours, best, told, series } = await oneKind(behaviour, malicious, seeds);
      if (ours.mean >= best.mean - best.half) notBelow++;
      if (ours.mean - ours.half > best.mean + best.half) above++;
      notes.push(`${kind}: ${told}`);
      progress(notes.at(-1)!);
      if (malicious !== PLOTTED) continue;
      curves.push({ name: `trust: satisfaction, ${kind}`, x: 'round', isLogarithmic: false, unit: '', series });
    }
  }
  const figures = [
    figure({
      name: 'trust: cells of 12 where the best rival is not above',
      unit: 'cells',
      ours: [notBelow],
      floor: 12,
      aim: 12,
      judged: 'ours',
      notes: [
        `mean satisfaction over ${ROUNDS} rounds and ${seeds} networks, ± its 95 % interval; rivals with published / with tuned parameters, and the better of both counts`,
        ...notes,
      ],
    }),
    figure({
      name: 'trust: cells of 12 above the best rival',
      unit: 'cells',
      ours: [above],
      floor: 4,
      aim: 8,
      judged: 'ours',
      notes: ['where the intervals do not touch'],
    }),
  ];
  return { figures, curves };
}

async function oneKind(behaviour: NetworkBehaviour, malicious: number, seeds: number) {
  const series: Record<string, CurvePoint[]> = {};
  const told: string[] = [];
  let ours!: Interval;
  for (const name of OURS) {
    const runs = await runsThroughActor(behaviour, malicious, seeds, OUR_MODELS[name]);
    const interval = intervalOfRuns(runs);
    if (name === 'msec') ours = interval;
    series[name] = pointsOf(runs, ROUNDS, POINT_ROUNDS);
    told.push(`${name} ${shown(interval)}`);
  }
  let best: Interval = { mean: Number.NEGATIVE_INFINITY, half: 0 };
  for (const name of RIVALS) {
    const settings = RIVAL_MODELS[name].map((make) => {
      const runs = runsOf(behaviour, malicious, seeds, make);
      return { runs, interval: intervalOfRuns(runs) };
    });
    const better = settings.toSorted((a, b) => b.interval.mean - a.interval.mean)[0]!;
    if (better.interval.mean > best.mean) best = better.interval;
    series[name] = pointsOf(better.runs, ROUNDS, POINT_ROUNDS);
    told.push(`${name} ${settings.map(({ interval }) => shown(interval)).join(' / ')}`);
  }
  return { ours, best, told: told.join(', '), series };
}
