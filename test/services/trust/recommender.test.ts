import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/index.ts';
import { GRAPH_JOB, type GraphJob, graphOptionsOf, recommenderOptionsOf } from '../../../services/trust/graph-job.ts';
import { NOBODY } from '../../../services/trust/question.ts';
import { Recommender } from '../../../services/trust/recommender.ts';
import { TrustGraph } from '../../../services/trust/trust-graph.ts';
import { BARE, HOUR_MS, pairScore, providerScore, question, START_MS, Told } from './graph-fixture.ts';

const interaction = fc.record({
  trustor: fc.integer({ min: 0, max: 9 }),
  trustee: fc.integer({ min: 0, max: 14 }),
  satisfaction: fc.double({ min: 0, max: 1, noNaN: true }),
  afterMs: fc.integer({ min: 0, max: HOUR_MS }),
});

for (const variant of ['msec', 'cookbook'] as const)
  t.test(`${variant}: the answer is what the model says of each provider, without walking their raters`, async () => {
    fc.assert(
      fc.property(fc.array(interaction, { minLength: 1, maxLength: 250 }), (interactions) => {
        // The model's popularity counts as the graph's does; reliability the model has none.
        const job: GraphJob = variant === 'msec' ? { ...BARE, variant } : { ...BARE, variant, popularity: 0.05 };
        const told = new Told(job);
        let timeMs = START_MS;
        for (const [i, { trustor, trustee, satisfaction, afterMs }] of interactions.entries()) {
          timeMs += afterMs;
          // Some serve and are served: rivals of whom they rate.
          if (trustor === trustee) continue;
          const parties = { trustor: `p${trustor}`, trustee: `p${trustee}`, service: 'water' };
          told.take({ id: `${i}`, ...parties, satisfaction, weight: 1 + (i % 3), timeMs });
        }
        const nowMs = timeMs + HOUR_MS;
        const served = new Set(
          interactions.filter((one) => one.trustor !== one.trustee).map(({ trustee }) => `p${trustee}`),
        );
        for (const trustor of ['p0', 'p5', 'nobody']) {
          const asked = question({ trustor, limit: 100 });
          const { providers } = told.recommender.answer(told.graph, asked, nowMs, seededRandom(1));
          if (providers.length !== new Set([...served].filter((one) => one !== trustor)).size) return false;
          for (const [i, { provider, dependability }] of providers.entries()) {
            const wanted = told.model.score(trustor, provider, 'water', nowMs);
            if (Math.abs(dependability - wanted) > 1e-5) return false;
            if (i > 0 && dependability > providers[i - 1]!.dependability) return false;
          }
          // Of few only those are looked at in full that may be among them.
          const few = told.recommender.answer(told.graph, { ...asked, limit: 2 }, nowMs, seededRandom(2)).providers;
          if (few.length !== Math.min(2, providers.length)) return false;
          if (few.some(({ dependability }, i) => dependability !== providers[i]!.dependability)) return false;
        }
        return true;
      }),
      { numRuns: 150 },
    );
  });

function graphOf(job: GraphJob = GRAPH_JOB) {
  const graph = new TrustGraph(graphOptionsOf(job));
  const recommender = new Recommender(recommenderOptionsOf(job));
  return { graph, recommender };
}

/** Many interactions, so that it is no newcomer. */
const known = (trustee: string, mean: number, trustor = 'c') =>
  pairScore({
    ...{ trustee, trustor, trust: mean, interactions: 50 },
    small: { mean, deviation: 0, evidence: 20 },
    big: { mean, deviation: 0, evidence: 40 },
  });

t.test(
  'one in ten answers introduces a newcomer or a reintegrated one, at the first place, and says why',
  async (t) => {
    const { graph, recommender } = graphOf();
    for (let i = 0; i < 20; i++) graph.takePair(known(`p${i}`, 0.9));
    graph.takePair(pairScore({ trustee: 'new', trustor: 'c', interactions: 1 }));
    graph.takePair(known('back', 0.3));
    graph.takeProvider(providerScore({ trustee: 'back', standing: 'reintegrated', interactions: 50 }));
    const random = seededRandom(3);
    const introduced = new Map<string, number>();
    const rounds = 4_000;
    for (let i = 0; i < rounds; i++) {
      const { providers } = recommender.answer(graph, question(), START_MS, random);
      t.equal(new Set(providers.map(({ provider }) => provider)).size, providers.length);
      if (!providers[0]!.isIntroduced) continue;
      introduced.set(providers[0]!.provider, (introduced.get(providers[0]!.provider) ?? 0) + 1);
    }
    t.same([...introduced.keys()].sort(), ['back', 'new']);
    const all = [...introduced.values()].reduce((sum, one) => sum + one, 0);
    t.ok(Math.abs(all / rounds - 0.1) < 0.02, `${all} of ${rounds}`);
    t.ok(Math.min(...introduced.values()) > 0.4 * all, 'each as likely as the other');
    for (let i = 0; i < 100; i++) {
      const [first] = recommender.answer(graph, question(), START_MS, random).providers;
      if (!first!.isIntroduced) continue;
      t.match(first!.says[0], first!.provider === 'back' ? 'gets another chance' : 'a newcomer gets a chance');
    }
  },
);

t.test('whoever is blacklisted is in no answer, not even asked for by name or as a newcomer', async (t) => {
  const { graph, recommender } = graphOf({ ...GRAPH_JOB, introductions: 1 });
  graph.takePair(known('good', 0.5));
  for (const standing of ['blacklisted', 'permanent'] as const) {
    graph.takePair(known(standing, 1));
    graph.takePair(pairScore({ trustee: `new-${standing}`, interactions: 1, trustor: 'c' }));
    for (const trustee of [standing, `new-${standing}`])
      graph.takeProvider(providerScore({ trustee, standing, interactions: 1 }));
  }
  const among = ['good', 'blacklisted', 'permanent', 'new-blacklisted', 'new-permanent'];
  for (let seed = 0; seed < 50; seed++)
    for (const asked of [question(), question({ among })]) {
      const answer = recommender.answer(graph, asked, START_MS, seededRandom(seed));
      t.same(
        answer.providers.map(({ provider }) => provider),
        ['good'],
      );
      t.equal(answer.considered, 5);
      t.equal(answer.barred, 4);
    }
  graph.takeProvider(providerScore({ trustee: 'blacklisted', standing: 'reintegrated' }));
  t.equal(
    recommender.answer(graph, question({ among: ['blacklisted'] }), START_MS, seededRandom(1)).providers.length,
    1,
  );
});

t.test('near is by the way over the ground, and who stands nowhere is not near', async (t) => {
  const { graph, recommender } = graphOf(BARE);
  const place = { latitude: 40.4168, longitude: -3.7038 };
  graph.move('near', { latitude: place.latitude + 0.0045, longitude: place.longitude });
  for (const name of ['near', 'far', 'nowhere', 'pole']) graph.takePair(known(name, 0.9));
  graph.move('far', { latitude: place.latitude, longitude: place.longitude + 0.03 });
  graph.move('pole', { latitude: 90, longitude: 0 });
  const ask = (radiusM: number) =>
    recommender.answer(graph, question({ near: { ...place, radiusM } }), START_MS, seededRandom(1)).providers;
  t.same(
    ask(1_000).map(({ provider }) => provider),
    ['near'],
  );
  t.ok(Math.abs(ask(1_000)[0]!.distanceM! - 500.4) < 0.5, '0.0045 degrees of latitude are 500 m');
  t.same(
    ask(3_000)
      .map(({ provider }) => provider)
      .sort(),
    ['far', 'near'],
  );
  t.same(ask(20_100_000).length, 3);
  graph.move('near', null);
  t.same(ask(1_000), []);
});

t.test('measured performance and popularity weigh as they are set, and a user’s weights before all', async (t) => {
  const { graph, recommender } = graphOf({ ...BARE, reliability: 0.15, popularity: 0.05, halfResponseMs: 1_000 });
  graph.takePair(known('fast', 0.8));
  graph.takePair(known('slow', 0.8));
  graph.takeProvider(providerScore({ trustee: 'fast', responseMs: 0, availability: 1, quality: 1, interactions: 50 }));
  graph.takeProvider(providerScore({ trustee: 'slow', responseMs: 9_000, interactions: 100 }));
  const ask = (more = {}) => recommender.answer(graph, question(more), START_MS, seededRandom(1)).providers;
  const [first, second] = ask();
  t.equal(first!.provider, 'fast');
  t.equal(first!.reliability, 1);
  t.equal(first!.popularity, 0.5);
  t.ok(Math.abs(second!.reliability! - 0.1) < 1e-12);
  t.equal(second!.popularity, 1);
  t.match(first!.weights, { trust: 0, reliability: 0.15, popularity: 0.05 });
  t.ok(Math.abs(first!.weights.reputation - 0.8) < 1e-12, 'what experience has is the reputation’s');
  const weights = { trust: 0, reputation: 0, reliability: 0, popularity: 1 };
  t.same(
    ask({ weights }).map(({ provider, dependability }) => [provider, dependability]),
    [
      ['slow', 1],
      ['fast', 0.5],
    ],
  );
  // Without own experience its weight is the reputation's.
  const own = { trust: 1, reputation: 0, reliability: 0, popularity: 0 };
  t.equal(ask({ weights: own })[0]!.weights.reputation, 1);
  graph.takePair(known('slow', 0.1, 'a'));
  t.equal(ask({ weights: own })[0]!.provider, 'fast');
  const slow = ask({ weights: own })[1]!;
  t.ok(Math.abs(slow.dependability - 0.1) < 1e-6);
  t.match(slow.says[0], 'own experience 0.10, of 50 interactions');
});

t.test(
  'own experience outweighs what others say, the asker is not sent to itself, nor to whom it does not want',
  async (t) => {
    const { graph, recommender } = graphOf(BARE);
    for (const trustor of ['c', 'd', 'e'])
      for (const name of ['x', 'y', 'a']) graph.takePair(known(name, 0.9, trustor));
    // They have agreed with the asker before, so what they say counts.
    for (const trustor of ['a', 'c', 'd', 'e'])
      for (const name of ['v', 'w', 'z']) graph.takePair(known(name, 0.9, trustor));
    graph.takePair(known('x', 0.1, 'a'));
    const names = (more = {}) =>
      recommender
        .answer(graph, question({ without: ['v', 'w', 'z'], ...more }), START_MS, seededRandom(1))
        .providers.map(({ provider, dependability }) => [provider, dependability > 0.5]);
    t.same(names(), [
      ['y', true],
      ['x', false],
    ]);
    t.same(names({ without: ['y', 'v', 'w', 'z'] }), [['x', false]]);
    t.same(names({ limit: 1 }), [['y', true]]);
    t.same(names({ service: 'unheard' }), []);
    t.same(
      names({ among: ['x', 'stranger', 'a'] })
        .map(([name]) => name)
        .sort(),
      ['stranger', 'x'],
    );
  },
);

t.test('a ranking is for everybody: each word counts in full, and the order is the same each time', async (t) => {
  const { graph, recommender } = graphOf();
  for (const [name, mean] of [
    ['good', 0.9],
    ['fair', 0.6],
    ['bad', 0.1],
  ] as const)
    for (const trustor of ['c', 'd']) graph.takePair(known(name, mean, trustor));
  const asked = question({ trustor: NOBODY, limit: 3 });
  for (let i = 0; i < 20; i++) {
    const { providers } = recommender.ranking(graph, asked, START_MS);
    t.same(
      providers.map(({ provider, reputation, isIntroduced }) => [provider, reputation.toFixed(1), isIntroduced]),
      [
        ['good', '0.9', false],
        ['fair', '0.6', false],
        ['bad', '0.1', false],
      ],
    );
    t.notOk(providers[0]!.says.includes('no own experience'));
  }
});

t.test('of equals it is not always the same one that is sent to', async (t) => {
  const { graph, recommender } = graphOf(BARE);
  for (let i = 0; i < 8; i++) graph.takePair(known(`p${i}`, 0.9));
  const random = seededRandom(5);
  const first = new Set<string>();
  for (let i = 0; i < 200; i++)
    first.add(recommender.answer(graph, question({ limit: 1 }), START_MS, random).providers[0]!.provider);
  t.equal(first.size, 8);
});

t.test('a thousand names of one batch are sent to, and introduced, as often as one that came by itself', async (t) => {
  const introductions = 0.5;
  const { graph, recommender } = graphOf({ ...GRAPH_JOB, introductions });
  for (let i = 0; i < 1_000; i++) {
    graph.enrol(`sybil-${i}`, 'one owner');
    graph.takePair(known(`sybil-${i}`, 0.9));
    graph.enrol(`late-${i}`, 'another');
  }
  graph.takePair(known('honest', 0.9));
  // Enrolled after it was heard of.
  for (let i = 0; i < 1_000; i++) graph.takePair(pairScore({ trustee: `late-${i}`, trustor: 'c', interactions: 1 }));
  graph.takePair(pairScore({ trustee: 'new', trustor: 'c', interactions: 1 }));
  const random = seededRandom(11);
  const counts = new Map<string, number>();
  const rounds = 1_000;
  for (let i = 0; i < rounds; i++) {
    const [first] = recommender.answer(graph, question({ trustor: 'x', limit: 1 }), START_MS, random).providers;
    const name = first!.provider.replace(/\d+$/, '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  t.same([...counts.keys()].sort(), ['honest', 'late-', 'new', 'sybil-']);
  for (const [name, count] of counts) t.ok(count > 0.2 * rounds && count < 0.3 * rounds, `${name}: ${count}`);
});

t.test('names that nobody knows count by their batch as well', async (t) => {
  const { graph, recommender } = graphOf({ ...GRAPH_JOB, introductions: 1 });
  const names = Array.from({ length: 50 }, (_, i) => `new-${i}`);
  for (const name of names) graph.enrol(name, 'one owner');
  const random = seededRandom(2);
  let alone = 0;
  for (let i = 0; i < 400; i++) {
    const asked = question({ among: [...names, 'alone'], limit: 1 });
    if (recommender.answer(graph, asked, START_MS, random).providers[0]!.provider === 'alone') alone++;
  }
  t.ok(alone > 160 && alone < 240, `${alone} of 400`);
  for (const name of names) graph.enrol(name, null);
  t.equal(graph.batchOf('new-1'), 0);
});
