import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../engine/index.ts';
import { type AskedTexts, questionOf } from '../../../services/trust/question.ts';

const fieldOf = (asked: AskedTexts): string | undefined => {
  try {
    questionOf(asked);
    return undefined;
  } catch (error) {
    return error instanceof MsecError && error.code === 'REQUEST_INVALID' ? error.field : 'another error';
  }
};
const GOOD = { service: 'water', trustor: 'a' };

t.test('a whole question is read, and what is not asked is not there', async (t) => {
  t.same(questionOf(GOOD), {
    ...{ service: 'water', trustor: 'a', near: null, limit: 5, among: null, without: [], weights: null },
  });
  t.same(
    questionOf({
      ...{ ...GOOD, near: '40.4168,-3.7038', radius: '250.5', limit: '3', among: 'x,y', without: 'z' },
      weights: '0.4,0.3,0.2,0.1',
    }),
    {
      ...{ service: 'water', trustor: 'a', limit: 3, among: ['x', 'y'], without: ['z'] },
      near: { latitude: 40.4168, longitude: -3.7038, radiusM: 250.5 },
      weights: { trust: 0.4, reputation: 0.3, reliability: 0.2, popularity: 0.1 },
    },
  );
});

t.test('what cannot be answered is refused, with the field', async (t) => {
  for (const [field, more] of [
    ['service', { service: '' }],
    ['service', { service: undefined }],
    ['service', { service: 'a b' }],
    ['for', { trustor: 'x'.repeat(129) }],
    ['for', { trustor: 'é'.repeat(65) }],
    ['near', { near: '40' }],
    ['near', { near: '90.1,0' }],
    ['near', { near: '1e3,0' }],
    ['near', { near: ',' }],
    ['radius', { near: '1,1', radius: '0' }],
    ['radius', { near: '1,1', radius: '-5' }],
    ['radius', { radius: 'far' }],
    ['limit', { limit: '0' }],
    ['limit', { limit: '101' }],
    ['limit', { limit: '1.5' }],
    ['among', { among: 'a,,b' }],
    ['among', { among: 'a,'.repeat(1001) }],
    ['without', { without: 'a\nb' }],
    ['weights', { weights: '1,0,0' }],
    ['weights', { weights: '0.5,0.5,0.5,0' }],
    ['weights', { weights: '2,-1,0,0' }],
  ] as const)
    t.equal(fieldOf({ ...GOOD, ...more }), field);
});

t.test('whatever stands in an address is a question or is refused', async () => {
  const text = fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789.,-e ') })), {
    nil: undefined,
  });
  fc.assert(
    fc.property(
      fc.record({
        ...{ service: text, trustor: text, near: text, radius: text, limit: text, among: text, without: text },
        weights: text,
      }),
      (asked) => fieldOf(asked) !== 'another error',
    ),
    { numRuns: 2_000 },
  );
});
