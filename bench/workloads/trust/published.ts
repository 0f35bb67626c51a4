/** BTRM-WSN in the networks of its paper: whether the simulator gives what was published. */
import { seededRandom } from '../../../engine/index.ts';
import { BTRM_DEFAULTS, BtrmModel } from '../../trust/rivals/btrm.ts';
import { simulate } from '../../trust/simulator/simulation.ts';
import { type Figure, figure } from '../../workload.ts';
import { seedsFrom } from './networks.ts';
import { type Interval, intervalOf, meanOf, shown } from './statistics.ts';

/** 15 % clients, 8.5 % relays, 53.55 % malicious and 22.95 % benevolent servers; the range is not told. */
const PAPER = { sensors: 100, clients: 0.15, relays: 0.1, malicious: 0.7, range: 0.1 };
/** Links of TRMSim-WSN begin with it before a file of parameters says otherwise; its own file says 0.85. */
const PHEROMONE_AT_FIRST = 0.5;
const NETWORKS = 10;
const ROUNDS = 100;
const PUBLISHED_SATISFIED = 0.8;
const PUBLISHED_HOPS = 6.04;

export function asPublished(progress: (text: string) => void): Figure {
  const ours = inPaper(PHEROMONE_AT_FIRST);
  const fromFile = inPaper(BTRM_DEFAULTS.initialPheromone);
  const told = ({ satisfied, hops }: Paths) => `${shown(satisfied)} of the choices and ${shown(hops, 2)} hops`;
  progress(`BTRM-WSN in its paper's networks: ${told(ours)}`);
  return figure({
    name: "trust: BTRM-WSN's benevolent choices in its paper's networks",
    unit: '',
    ours: [ours.satisfied.mean],
    floor: null,
    aim: null,
    judged: 'ours',
    notes: [
      `${told(ours)} over ${NETWORKS} dynamic networks of ${ROUNDS} rounds; published (ICC 2009): ${PUBLISHED_SATISFIED} and ${PUBLISHED_HOPS}`,
      `with pheromone from ${PHEROMONE_AT_FIRST} on, so that an ant passes most servers by; from ${BTRM_DEFAULTS.initialPheromone} on ${told(fromFile)}`,
      `neither the range nor the pheromone at first are told in the paper: hops are many where links are short, here ${PAPER.range} of the diagonal`,
    ],
  });
}

interface Paths {
  readonly satisfied: Interval;
  readonly hops: Interval;
}

function inPaper(initialPheromone: number): Paths {
  const satisfied: number[] = [];
  const hops: number[] = [];
  for (const seed of seedsFrom(NETWORKS)) {
    const models: BtrmModel[] = [];
    const options = { network: PAPER, behaviour: 'dynamic', rounds: ROUNDS, seed } as const;
    const outcome = simulate(options, (network) => {
      const model = new BtrmModel(network, seededRandom(seed), { ...BTRM_DEFAULTS, initialPheromone });
      models.push(model);
      return model;
    });
    satisfied.push(meanOf(outcome.satisfaction));
    hops.push(models[0]!.hops / models[0]!.transactions);
  }
  return { satisfied: intervalOf(satisfied), hops: intervalOf(hops) };
}
