/** The recomputed score and influences against the oracle in decimals of 120 digits. */
import fc from 'fast-check';
import t from 'tap';
import { type ExactScore, exactScore } from '../../../services/trust-audit/exact-score.ts';
import { influences } from '../../../services/trust-audit/influence.ts';
import { exactTrust } from '../../oracle/trust/exact-trust.ts';

const halfLives = { smallHalfLifeMs: 2 ** 20, bigHalfLifeMs: 2 ** 25 };

const interaction = fc.record({
  satisfaction: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.9, 0.9 + 1e-12, 1)),
  weight: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0.01, max: 1000, noNaN: true })),
  timeMs: fc.integer({ min: 0, max: 2 ** 24 }).map((ms) => 1_770_000_000_000 + ms),
});

const near = (a: number, b: number, by: number): boolean => Math.abs(a - b) <= by;

t.test('a score made anew is that of the formulas within 1e-12', async (t) => {
  fc.assert(
    fc.property(fc.array(interaction, { minLength: 1, maxLength: 40 }), (list) => {
      const score = exactScore(list, halfLives);
      const small = exactTrust(list, halfLives.smallHalfLifeMs);
      const big = exactTrust(list, halfLives.bigHalfLifeMs);
      return (
        near(score.small.mean, small.mean, 1e-12) &&
        near(score.big.mean, big.mean, 1e-12) &&
        near(score.small.deviation, small.deviation, 1e-12) &&
        near(score.big.deviation, big.deviation, 1e-12) &&
        near(score.big.evidence, big.weight, 1e-12 * big.weight) &&
        near(score.trust, Math.min(small.trust, big.trust), 1e-12)
      );
    }),
    { numRuns: 60 },
  );
  t.ok(Number.isNaN(exactScore([], halfLives).trust));
});

t.test('an interaction’s influence is the score less the score without it', async (t) => {
  fc.assert(
    fc.property(fc.array(interaction, { minLength: 2, maxLength: 12 }), (list) => {
      const newest = Math.max(...list.map(({ timeMs }) => timeMs));
      const all = influences(list, halfLives);
      for (const { interaction: one, moved } of all.influences) {
        const rest = list.filter((other) => other !== one);
        // What is known without it is still told as of the same moment; neither mean nor deviation depends on it.
        const without = trustOf(exactScore([...rest, { satisfaction: 0, weight: 0, timeMs: newest }], halfLives));
        if (!near(moved, all.score.trust - without, 1e-6)) return false;
      }
      return true;
    }),
    {
      numRuns: 1_000,
      // Nearly all of the weight is the newer one's.
      examples: [
        [
          [0.9, 0].map((satisfaction, i) => ({
            satisfaction,
            weight: 0.01,
            timeMs: 1_770_015_366_900 - i * 15_366_900,
          })),
        ],
      ],
    },
  );
  t.pass();
});

const trustOf = ({ trust }: ExactScore): number => trust;

t.test('the one that lowered a score most comes first', async (t) => {
  const list = [0.9, 0.92, 0.05, 0.91].map((satisfaction, i) => ({
    satisfaction,
    weight: 1,
    timeMs: 1_770_000_000_000 + i,
  }));
  const { influences: all } = influences(list, halfLives);
  t.equal(all[0]!.interaction.satisfaction, 0.05);
  t.ok(all[0]!.moved < -0.4);
  const [only] = influences(list.slice(0, 1), halfLives).influences;
  t.ok(Number.isNaN(only!.moved) && only!.bigShare === 1, 'of a single one there is nothing to compare with');
});
