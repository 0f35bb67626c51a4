import fc from 'fast-check';
import t from 'tap';
import { NONE } from '../../../services/trust/pair-store.ts';
import { type GraphOptions, ServiceGraph } from '../../../services/trust/service-graph.ts';
import { HOUR_MS, START_MS } from './graph-fixture.ts';

const OPTIONS: GraphOptions = {
  ...{ smallHalfLifeMs: HOUR_MS, bigHalfLifeMs: 24 * HOUR_MS },
  ...{ dilution: 0, rivals: 1, pairsMax: 1_000 },
};

const word = fc.record({
  isForgotten: fc.boolean(),
  trustor: fc.integer({ min: 0, max: 15 }),
  provider: fc.integer({ min: 0, max: 5 }),
  recent: fc.double({ min: 0, max: 1, noNaN: true }),
  evidence: fc.double({ min: 0, max: 1000, noNaN: true }),
  // Far enough for a new epoch.
  afterHours: fc.oneof(fc.integer({ min: 0, max: 48 }), fc.constant(600)),
});

function opinion(recent: number, evidence: number, atMs: number) {
  return { trust: 2 * recent - 1, recent, evidence, lasting: recent / 2, lastingEvidence: evidence + 1, atMs };
}

type Said = ReturnType<typeof opinion>;

/** Of a provider, from all that was said of it, and what a stranger takes of it, as of a time. */
function summed(said: readonly (readonly [one: Said, heed: number])[], atMs: number) {
  const sums = { now: 0, nowSatisfied: 0, ever: 0, trust: 0, raters: said.length };
  for (const [one, heed] of said) {
    const now = heed * one.evidence * 2 ** ((one.atMs - atMs) / HOUR_MS);
    sums.now += now;
    sums.nowSatisfied += now * Math.fround(one.recent);
    sums.ever += heed * one.lastingEvidence * 2 ** ((one.atMs - atMs) / (24 * HOUR_MS));
    sums.trust += Math.fround(one.trust);
  }
  return sums;
}

const isRated = (said: ReadonlyMap<string, Said>, name: string) =>
  [...said.keys()].some((key) => key.startsWith(`${name} `));

t.test('sums are those of the column, whatever was said, corrected and forgotten, over any time', async () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 300 }), fc.constantFrom(1, 0.25, 0), (words, rivals) => {
      const graph = new ServiceGraph({ ...OPTIONS, rivals });
      for (let name = 0; name <= 5; name++) graph.providers.add(name);
      const said = new Map<string, Said>();
      let atMs = START_MS;
      for (const { isForgotten, trustor, provider, recent, evidence, afterHours } of words) {
        atMs += afterHours * HOUR_MS;
        if (isForgotten) {
          if (graph.forget(trustor, provider) !== said.delete(`${provider} ${trustor}`)) return false;
        } else {
          said.set(`${provider} ${trustor}`, opinion(recent, evidence, atMs));
          graph.set(trustor, provider, opinion(recent, evidence, atMs), 1);
        }
      }
      const { small, big } = graph.fading(atMs);
      for (let provider = 0; provider <= 5; provider++) {
        const of = [...said]
          .filter(([key]) => key.startsWith(`${provider} `))
          .map(([key, one]) => [one, isRated(said, key.split(' ')[1]!) ? rivals : 1] as const);
        const wanted = summed(of, atMs);
        const { now, nowSatisfied, ever, trust, raters } = graph.providers;
        const found = {
          now: small * now[provider]!,
          nowSatisfied: small * nowSatisfied[provider]!,
          ever: big * ever[provider]!,
          trust: trust[provider]!,
          raters: raters[provider]!,
        };
        for (const name of Object.keys(wanted) as (keyof typeof wanted)[])
          if (!(Math.abs(found[name] - wanted[name]) <= 1e-9 * (1 + Math.abs(wanted[name])))) return false;
      }
      return true;
    }),
    { numRuns: 200 },
  );
});

t.test('who rates much weighs less in each, and in all about as much as who rates once', async (t) => {
  const graph = new ServiceGraph({ ...OPTIONS, dilution: 1 });
  for (let name = 0; name < 50; name++) graph.providers.add(name);
  for (let provider = 0; provider < 40; provider++) graph.set(100, provider, opinion(1, 1, START_MS), 1);
  graph.set(101, 45, opinion(1, 1, START_MS), 1);
  const weights = Array.from({ length: 40 }, (_, provider) => graph.providers.now[provider]!);
  const all = weights.reduce((sum, one) => sum + one, 0);
  t.ok(all > 0.85 && all < 1.15, `of 40 ratings together ${all}`);
  t.ok(Math.max(...weights) < 1.3 * Math.min(...weights), 'the first rating weighs as the last');
  t.equal(graph.providers.now[45], 1);
});

t.test('a full graph puts out the oldest pair that it meets, and says so', async (t) => {
  const graph = new ServiceGraph({ ...OPTIONS, pairsMax: 32 });
  graph.providers.add(0);
  for (let trustor = 0; trustor < 32; trustor++)
    t.equal(graph.set(trustor, 0, opinion(1, 1, START_MS + ((trustor + 20) % 32) * 1000), 1), NONE);
  t.equal(graph.set(99, 0, opinion(0, 1, START_MS + 99_000), 1), 12, 'the pair whose newest interaction is the oldest');
  t.equal(graph.pairs.size, 32);
  t.equal(graph.forgotten, 1);
  t.equal(graph.pairs.find(12, 0), NONE);
  t.equal(graph.providers.raters[0], 32);
});
