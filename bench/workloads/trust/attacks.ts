/** What is tried against a model of trust beside lies: each measured by itself, half of the providers malicious. */
import { MsecModel } from '../../../actors/trust/index.ts';
import { EigenTrustModel } from '../../trust/rivals/eigentrust.ts';
import type { Attack, Run } from '../../trust/simulator/simulation.ts';
import { enrolmentOf, type Shares, SYBILS, sybilRun, sybilShares } from '../../trust/simulator/sybil.ts';
import { turnedInteractions, turnedRun } from '../../trust/simulator/turned.ts';
import { type Figure, figure } from '../../workload.ts';
import { EIGEN_PUBLISHED, MSEC_IN_NETWORKS, OUR_MODELS, OURS, RIVAL_MODELS, RIVALS } from './models.ts';
import { intervalOfRuns, networkOf, runsOf, runsThroughActor, seedsFrom, throughActor } from './networks.ts';
import { type Interval, intervalOf, shown } from './statistics.ts';

const ATTACKS: readonly (readonly [attack: Attack, says: string])[] = [
  ['stuffing', 'ballot stuffing: the malicious praise each other'],
  ['bad-mouthing', 'bad-mouthing: they blame the benevolent'],
  ['imbalance', 'value imbalance: they serve well what is worth a tenth, and badly what is worth all'],
  ['whitewashing', 'whitewashing: who served badly comes back under a new name of the same enrolment'],
];
const MALICIOUS = 0.5;
/** Networks in which a provider turns. */
const TURNED_MALICIOUS = 0.1;
const SYBIL_FACTOR = 5;

export async function underAttack(seeds: number, progress: (text: string) => void): Promise<Figure[]> {
  const figures = [await turned(seeds), await sybils(seeds * SYBIL_FACTOR)];
  for (const [attack, says] of ATTACKS) figures.push(await underOne(attack, says, seeds));
  for (const { name, ours, notes } of figures) progress(`${name}: ${ours.median.toFixed(3)}; ${notes.join('; ')}`);
  return figures;
}

async function turned(seeds: number): Promise<Figure> {
  const network = networkOf(TURNED_MALICIOUS);
  const known = (counts: readonly (number | null)[]) => intervalOf(counts.map((count) => count ?? Number.NaN));
  const ours: ({ readonly name: string } & Interval)[] = [];
  for (const name of OURS) {
    const counts = await throughActor(seedsFrom(seeds), (seed, modelOf): Run<number | null> => {
      return turnedRun({ network, seed }, () => modelOf(OUR_MODELS[name]()));
    });
    ours.push({ name, ...known(counts) });
  }
  const rivals = RIVALS.flatMap((name) =>
    RIVAL_MODELS[name].map((make, i) => ({
      name: `${name}, ${i === 0 ? 'published' : 'tuned'}`,
      ...known(seedsFrom(seeds).map((seed) => turnedInteractions({ network, seed }, (made) => make(made, seed)))),
    })),
  );
  const best = Math.min(...rivals.map(({ mean }) => mean));
  return figure({
    name: 'trust: interactions with a turned provider until it leaves the recommendations',
    unit: 'interactions',
    ours: [ours[0]!.mean],
    peers: Object.fromEntries(rivals.map(({ name, mean }) => [name, [mean]])),
    floor: best,
    aim: best / 2,
    isLessBetter: true,
    judged: 'ours',
    notes: [
      'of about 15 clients together, all of whom it had served best; one history for all models, with five providers that everybody knows',
      [...ours, ...rivals].map(({ name, ...interval }) => `${name} ${shown(interval, 1)}`).join(', '),
    ],
  });
}

async function sybils(seeds: number): Promise<Figure> {
  const total = { honest: 0, sybils: 0 };
  const eigenTrust = { honest: 0, sybils: 0 };
  for (const isMirrored of [false, true]) {
    const all = await throughActor(seedsFrom(seeds), (seed, modelOf): Run<Shares> => {
      return sybilRun(seed, () => modelOf(new MsecModel({ ...MSEC_IN_NETWORKS, enrolmentOf })), isMirrored);
    });
    for (const ours of all) {
      total.honest += ours.honest;
      total.sybils += ours.sybils;
    }
  }
  const { preTrusted: _, preTrustedShare: __, ...WITHOUT_PRE_TRUSTED } = EIGEN_PUBLISHED;
  for (const seed of seedsFrom(seeds / SYBIL_FACTOR)) {
    const theirs = sybilShares(seed, () => new EigenTrustModel({ ...WITHOUT_PRE_TRUSTED, preTrusted: [] }));
    eigenTrust.honest += theirs.honest;
    eigenTrust.sybils += theirs.sybils;
  }
  return figure({
    name: `trust: interactions of ${SYBILS} Sybil identities of one enrolment, to those of one honest newcomer`,
    unit: '',
    ours: [total.sybils / total.honest],
    floor: 1.2,
    aim: 1.05,
    isLessBetter: true,
    judged: 'ours',
    notes: [
      `${total.sybils} to ${total.honest} over ${2 * seeds} runs, in which all serve as well and the Sybils praise each other; each second one has the opposite of the draws of another`,
      `EigenTrust, without pre-trusted peers: ${eigenTrust.sybils} to ${eigenTrust.honest}`,
    ],
  });
}

async function underOne(attack: Attack, says: string, seeds: number): Promise<Figure> {
  const msec =
    attack === 'whitewashing' ? () => new MsecModel({ ...MSEC_IN_NETWORKS, enrolmentOf: sensorOf }) : OUR_MODELS.msec;
  const ours = intervalOfRuns(await runsThroughActor(attack, MALICIOUS, seeds, msec));
  const cookbook = intervalOfRuns(await runsThroughActor(attack, MALICIOUS, seeds, OUR_MODELS.cookbook));
  const told = [`cookbook ${shown(cookbook)}`];
  const peers: Record<string, number[]> = {};
  for (const name of RIVALS) {
    // It knows a server by the links into it, and no name.
    if (attack === 'whitewashing' && name === 'BTRM-WSN') continue;
    const intervals = RIVAL_MODELS[name].map((make) => intervalOfRuns(runsOf(attack, MALICIOUS, seeds, make)));
    peers[name] = [Math.max(...intervals.map(({ mean }) => mean))];
    told.push(`${name} ${intervals.map((interval) => shown(interval)).join(' / ')}`);
  }
  return figure({
    name: `trust: mean satisfaction under ${attack}`,
    unit: '',
    ours: [ours.mean],
    peers,
    floor: null,
    aim: null,
    judged: 'ours',
    notes: [says, `msec ${shown(ours)}, ${told.join(', ')}`],
  });
}

/** In the networks, a sensor and all its names are one enrolment. */
const sensorOf = (name: string): string => name.split('~')[0]!;
