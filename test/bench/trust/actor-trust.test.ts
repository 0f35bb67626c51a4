/** The simulator through the trust actor: what a model chooses is what it would choose with its scores worked out beside it. */
import t from 'tap';
import {
  COOKBOOK_DEFAULTS,
  CookbookModel,
  MSEC_DEFAULTS,
  MsecModel,
  type Opinion,
  type ScoreModel,
} from '../../../actors/trust/index.ts';
import { ActorTrust } from '../../../bench/trust/simulator/actor-trust.ts';
import { type Behaviour, ROUND_MS, simulate, simulation } from '../../../bench/trust/simulator/simulation.ts';
import { sybilRun, sybilShares } from '../../../bench/trust/simulator/sybil.ts';

const WINDOWS = { smallHalfLifeMs: 1.5 * ROUND_MS, bigHalfLifeMs: 30 * ROUND_MS };
const MODELS: readonly (() => ScoreModel)[] = [
  () => new MsecModel({ ...MSEC_DEFAULTS, ...WINDOWS }),
  () => new CookbookModel({ ...COOKBOOK_DEFAULTS, ...WINDOWS }),
];
const BEHAVIOURS: readonly Behaviour[] = ['oscillating', 'dynamic', 'colluding', 'imbalance', 'whitewashing'];
const RUNS = 3;

const optionsOf = (behaviour: Behaviour, seed: number) => ({
  ...{ network: { sensors: 40, clients: 0.2, relays: 0.1, malicious: 0.5, range: 0.3 }, behaviour, rounds: 25, seed },
});
const seeds = Array.from({ length: RUNS }, (_, i) => i + 1);

async function throughActor(behaviour: Behaviour, make: () => ScoreModel) {
  const actor = await ActorTrust.open(WINDOWS);
  try {
    return await actor.runTogether(
      seeds.map((seed) => simulation(optionsOf(behaviour, seed), () => actor.modelOf(make()))),
    );
  } finally {
    await actor.close();
  }
}

for (const behaviour of BEHAVIOURS)
  t.test(`${behaviour}: three networks at once, each as if it were by itself and told at once`, async (t) => {
    for (const make of MODELS)
      t.same(
        await throughActor(behaviour, make),
        seeds.map((seed) => simulate(optionsOf(behaviour, seed), make)),
        make().name,
      );
  });

t.test('a model that hears something else than what the actor tells chooses otherwise', async (t) => {
  const deaf = (): ScoreModel => {
    const model = new MsecModel({ ...MSEC_DEFAULTS, ...WINDOWS });
    const hear = (trustor: string, trustee: string, service: string, opinion: Opinion) =>
      model.hear(trustor, trustee, service, { ...opinion, recent: 1, lasting: 1 });
    return { name: 'deaf', hear, observe: () => {}, score: () => 0, choose: model.choose.bind(model) };
  };
  t.notSame(await throughActor('oscillating', deaf), await throughActor('oscillating', MODELS[0]!));
});

t.test('a thousand names of one enrolment as well', async (t) => {
  const make = () => new MsecModel({ ...MSEC_DEFAULTS, ...WINDOWS, enrolmentOf: (name) => name.replace(/\d+$/, '') });
  const actor = await ActorTrust.open(WINDOWS);
  t.teardown(() => actor.close());
  const [through] = await actor.runTogether([sybilRun(3, () => actor.modelOf(make()), false)]);
  t.same(through, sybilShares(3, make));
});
