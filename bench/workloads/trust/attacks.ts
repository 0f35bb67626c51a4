/** What is tried against a model of trust beside lies: each measured by itself, half of the providers malicious. */
import { MsecModel } from '../../../actors/trust/index.ts';
import { EigenTrustModel } from '../../trust/rivals/eigentrust.ts';
import type { Attack } from '../../trust/simulator/simulation.ts';
import { enrolmentOf, SYBILS, sybilShares } from '../../trust/simulator/sybil.ts';
import { turnedInteractions } from '../../trust/simulator/turned.ts';
import { type Figure, figure } from '../../workload.ts';
import { EIGEN, MSEC_IN_NETWORKS, OUR_MODELS, OURS, RIVAL_MODELS, RIVALS } from './models.ts';
import { intervalOfRuns, JUDGING_SEED, networkOf, runsOf } from './networks.ts';
import { intervalOf, shown } from './statistics.ts';

const ATTACKS: readonly (readonly [attack: Attack, says: string])[] = [
  ['stuffing', 'ballot stuffing: the malicious praise each other'],
  ['bad-mouthing', 'bad-mouthing: they blame the benevolent'],
  ['imbalance', 'value imbalance: they serve well what is worth a tenth, and badly what is worth all'],
  ['whitewashing', 'whitewashing: who served badly comes back under a new name of the same enrolment'],
];
const MALICIOUS = 0.5;
/** Networks in which a provider turns. */
const TURNED_MALICIOUS = 0.1;
const SYBIL_FACTOR = 20;

export function underAttack(seeds: number, progress: (text: string) => void): Figure[] {
  const figures = [turned(seeds), sybils(seeds * SYBIL_FACTOR)];
  for (const [attack, says] of ATTACKS) figures.push(underOne(attack, says, seeds));
  for (const { name, ours, notes } of figures) progress(`${name}: ${ours.median.toFixed(3)}; ${notes.join('; ')}`);
  return figures;
}

function turned(seeds: number): Figure {
  const of = (make: (typeof OUR_MODELS)['msec']) =>
    intervalOf(
      Array.from({ length: seeds }, (_, i) => {
        const seed = JUDGING_SEED + i + 1;
        const network = networkOf(TURNED_MALICIOUS);
        return turnedInteractions({ network, seed }, (made) => make(made, seed)) ?? Number.NaN;
      }),
    );
  const ours = OURS.map((name) => ({ name, ...of(OUR_MODELS[name]) }));
  const rivals = RIVALS.flatMap((name) =>
    RIVAL_MODELS[name].map((make, i) => ({ name: `${name}, ${i === 0 ? 'published' : 'tuned'}`, ...of(make) })),
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

function sybils(seeds: number): Figure {
  const total = { honest: 0, sybils: 0 };
  const eigenTrust = { honest: 0, sybils: 0 };
  for (let i = 1; i <= seeds; i++) {
    const ours = sybilShares(JUDGING_SEED + i, () => new MsecModel({ ...MSEC_IN_NETWORKS, enrolmentOf }));
    total.honest += ours.honest;
    total.sybils += ours.sybils;
    if (i % SYBIL_FACTOR !== 0) continue;
    const theirs = sybilShares(JUDGING_SEED + i, () => new EigenTrustModel({ ...EIGEN, preTrusted: [] }));
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
      `${total.sybils} to ${total.honest} over ${seeds} runs, in which all serve as well and the Sybils praise each other`,
      `EigenTrust, without pre-trusted peers: ${eigenTrust.sybils} to ${eigenTrust.honest}`,
    ],
  });
}

function underOne(attack: Attack, says: string, seeds: number): Figure {
  const msec =
    attack === 'whitewashing' ? () => new MsecModel({ ...MSEC_IN_NETWORKS, enrolmentOf: sensorOf }) : OUR_MODELS.msec;
  const ours = intervalOfRuns(runsOf(attack, MALICIOUS, seeds, msec));
  const told = [`cookbook ${shown(intervalOfRuns(runsOf(attack, MALICIOUS, seeds, OUR_MODELS.cookbook)))}`];
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
