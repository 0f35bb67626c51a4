import fc from 'fast-check';
import t from 'tap';
import { FadedMoments, MOMENTS_DOUBLES } from '../../../../actors/trust/model/faded-moments.ts';
import { exactWindow } from '../../../../services/trust-audit/exact-score.ts';
import { exactTrust, type PlainInteraction } from '../../../oracle/trust/exact-trust.ts';

const HALF_LIFE = 2 ** 16;

function added(interactions: readonly PlainInteraction[], halfLifeMs = HALF_LIFE) {
  const moments = new FadedMoments(halfLifeMs);
  const doubles = new Float64Array(MOMENTS_DOUBLES);
  for (const { timeMs, satisfaction, weight } of interactions) moments.add(doubles, 0, timeMs, satisfaction, weight);
  const mean = moments.mean(doubles, 0);
  const deviation = moments.deviation(doubles, 0);
  return { mean, deviation, trust: mean - deviation, evidence: (now: number) => moments.evidence(doubles, 0, now) };
}

const interaction: fc.Arbitrary<PlainInteraction> = fc.record({
  satisfaction: fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    // Nearly equal ones: where the formula as it is written loses every digit.
    fc.integer({ min: 0, max: 9 }).map((i) => 0.7 + i * 1e-11),
    fc.constantFrom(0, 0.1, 0.7, 1),
  ),
  weight: fc.oneof(fc.constantFrom(1, 0.3, 1000), fc.double({ min: 1e-3, max: 1e3, noNaN: true })),
  timeMs: fc.integer({ min: 0, max: 64 * HALF_LIFE }).map((time) => 1_700_000_000_000 + time),
});

t.test('mean, deviation and trust are those of the batch formula, in any order of arrival', (t) => {
  fc.assert(
    fc.property(
      fc
        .array(interaction, { minLength: 1, maxLength: 60 })
        .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => {
        const want = exactTrust(list, HALF_LIFE);
        for (const order of [list, shuffled, list.toReversed()]) {
          const got = added(order);
          for (const measure of ['mean', 'deviation', 'trust'] as const)
            if (!(Math.abs(got[measure] - want[measure]) <= 1e-12))
              throw new Error(`${measure} ${got[measure]}, the formula gives ${want[measure]}`);
        }
      },
    ),
    { numRuns: 150 },
  );
  t.end();
});

t.test('with half-lives that are no powers of two, short and long, nothing is lost either', (t) => {
  for (const halfLifeMs of [1_000, 2_000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000, 1_234_567])
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            satisfaction: fc.double({ min: 0, max: 1, noNaN: true }),
            weight: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
            timeMs: fc.integer({ min: 0, max: 16 * halfLifeMs }).map((time) => 1_790_000_000_000 + time),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        (list) => {
          const at = list.reduce((newest, { timeMs }) => Math.max(newest, timeMs), 0);
          const want = exactWindow(list, halfLifeMs, at);
          const got = added(list, halfLifeMs);
          for (const measure of ['mean', 'deviation'] as const)
            if (!(Math.abs(got[measure] - want[measure]) <= 1e-12))
              throw new Error(`${measure} ${got[measure]}, the formula gives ${want[measure]}`);
          if (!(Math.abs(got.evidence(at) / want.evidence - 1) <= 1e-12))
            throw new Error(`evidence ${got.evidence(at)}, the formula gives ${want.evidence}`);
        },
      ),
      { numRuns: 40 },
    );
  t.end();
});

t.test('equal satisfactions have no deviation at all', (t) => {
  const list = Array.from({ length: 1000 }, (_, i) => ({
    satisfaction: 0.7,
    weight: 0.1 * (1 + (i % 7)),
    timeMs: i * 997,
  }));
  t.equal(added(list).trust, 0.7);
  t.end();
});

t.test('an interaction loses half of its weight in a half-life', (t) => {
  const { evidence } = added([{ satisfaction: 1, weight: 3, timeMs: 5000 }], 1000);
  t.equal(evidence(5000), 3);
  t.equal(evidence(6000), 1.5);
  t.equal(evidence(8000), 0.375);
  t.end();
});

t.test('what is older than any number can tell is forgotten, and a weight of 0 tells nothing', (t) => {
  const old = { satisfaction: 0, weight: 1, timeMs: 0 };
  const now = { satisfaction: 1, weight: 1, timeMs: 2_000_000 };
  t.equal(added([old, now], 1000).trust, 1);
  t.equal(added([now, old], 1000).trust, 1);
  t.equal(added([now, { ...old, timeMs: now.timeMs, weight: 0 }], 1000).trust, 1);
  t.ok(Number.isNaN(added([{ ...old, weight: 0 }]).mean));
  t.end();
});
