import fc from 'fast-check';
import t from 'tap';
import { CookbookModel, MSEC_DEFAULTS, MsecModel, type TrustModel } from '../../../../actors/trust/index.ts';
import { seededRandom } from '../../../../engine/index.ts';

const models: readonly (() => TrustModel)[] = [() => new CookbookModel(), () => new MsecModel()];
const S = 'heat';

function told(model: TrustModel, trustor: string, trustee: string, satisfaction: number, times = 3, service = S) {
  for (let i = 0; i < times; i++)
    model.observe({ id: `${i}`, trustor, trustee, service, satisfaction, weight: 1, timeMs: 1000 + i });
}

for (const make of models) {
  const { name } = make();
  t.test(`${name}: own experience and the others' raise and lower a score, each service by itself`, (t) => {
    const model = make();
    told(model, 'a', 'good', 1);
    told(model, 'a', 'bad', 0);
    told(model, 'b', 'good', 1);
    told(model, 'b', 'bad', 0);
    told(model, 'b', 'praised', 1);
    told(model, 'b', 'blamed', 0);
    const score = (trustee: string, service = S) => model.score('a', trustee, service, 2000);
    t.ok(score('good') > score('bad'));
    t.ok(score('praised') > score('blamed'), 'by b, whose judgement has been that of a');
    t.equal(score('good', 'light'), score('bad', 'light'));
    t.end();
  });

  t.test(`${name}: who lies about what one knows is not believed about what one does not`, (t) => {
    const model = make();
    for (const provider of ['p', 'q', 'r']) {
      told(model, 'a', provider, 1);
      told(model, 'liar', provider, 0);
      told(model, 'friend', provider, 1);
    }
    told(model, 'liar', 'accomplice', 1);
    told(model, 'friend', 'accomplice', 0);
    told(model, 'liar', 'rival', 0);
    told(model, 'friend', 'rival', 1);
    t.ok(model.score('a', 'rival', S, 2000) > model.score('a', 'accomplice', S, 2000) + 0.3);
    t.end();
  });

  t.test(`${name}: the order of arrival does not matter`, (t) => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    // How far msec's disappointment goes is a quotient of praise, which fades by its square, and of blame, 1 - μ: of days, and of
    // satisfactions next to 1, blame is what rounding makes it. Here blame is none, or at least 1e-5, and praise 1e-8 or more.
    const isQuotient = name === 'msec';
    const nowMs = isQuotient ? 7_200_000 : 200_000_000;
    const interactions = fc.array(
      fc.record({
        trustor: names,
        trustee: names,
        satisfaction: isQuotient
          ? fc.integer({ min: 0, max: 16 }).map((sixteenths) => sixteenths / 16)
          : fc.double({ min: 0, max: 1, noNaN: true }),
        weight: fc.constantFrom(0, 0.3, 1, 7),
        timeMs: fc.integer({ min: 0, max: nowMs }),
      }),
      { maxLength: 40 },
    );
    const rounded = isQuotient ? 1e-10 : 1e-12;
    const property = fc.property(interactions, fc.infiniteStream(fc.nat()), (told, keys) => {
      const all = told.filter(({ trustor, trustee }) => trustor !== trustee);
      const shuffled = all
        .map((one) => ({ one, key: keys.next().value as number }))
        .sort((x, y) => x.key - y.key)
        .map(({ one }) => one);
      const [first, second] = [make(), make()];
      for (const [i, one] of all.entries()) first.observe({ id: `${i}`, service: S, ...one });
      for (const [i, one] of shuffled.entries()) second.observe({ id: `${i}`, service: S, ...one });
      for (const trustor of ['a', 'b', 'new'])
        for (const trustee of ['c', 'd', 'unknown']) {
          const [x, y] = [first, second].map((model) => model.score(trustor, trustee, S, nowMs)) as [number, number];
          if (!(Math.abs(x - y) <= rounded)) throw new Error(`${trustor} of ${trustee}: ${x} and ${y}`);
        }
    });
    fc.assert(property, { numRuns: 300 });
    t.end();
  });

  t.test(`${name}: the best is chosen mostly, and the same seed chooses the same`, (t) => {
    const choices = () => {
      const model = make();
      told(model, 'a', 'good', 1);
      told(model, 'a', 'bad', 0);
      const random = seededRandom(7);
      return Array.from({ length: 200 }, () => model.choose('a', S, ['bad', 'good', 'new'], 2000, random));
    };
    const first = choices();
    t.ok(first.filter((choice) => choice === 'good').length > 160);
    t.same(choices(), first);
    t.end();
  });
}

t.test('msec: who always contradicts is read the other way round, and who does so every other time not at all', (t) => {
  const model = new MsecModel();
  for (const provider of ['p', 'q', 'r', 's']) {
    told(model, 'a', provider, 1);
    told(model, 'liar', provider, 0);
    told(model, 'coin', provider, provider < 'r' ? 0 : 1);
  }
  told(model, 'liar', 'blamed', 0);
  told(model, 'liar', 'praised', 1);
  told(model, 'coin', 'blamed by chance', 0);
  told(model, 'coin', 'praised by chance', 1);
  const score = (trustee: string) => model.score('a', trustee, S, 2000);
  const unknown = score('nobody');
  t.ok(score('blamed') > unknown + 0.05);
  t.ok(score('praised') < unknown - 0.03);
  t.ok(Math.abs(score('blamed by chance') - unknown) < 0.01);
  t.ok(Math.abs(score('praised by chance') - unknown) < 0.01);
  t.end();
});

t.test('msec: an interaction without weight tells nothing, and takes nothing away', (t) => {
  const model = new MsecModel();
  told(model, 'a', 'p', 1);
  told(model, 'b', 'p', 1);
  told(model, 'b', 'q', 1);
  const before = model.score('a', 'q', S, 2000);
  model.observe({ id: '', trustor: 'b', trustee: 'p', service: S, satisfaction: 0, weight: 0, timeMs: 1000 });
  model.observe({ id: '', trustor: 'c', trustee: 'p', service: S, satisfaction: 0, weight: 0, timeMs: 1000 });
  t.equal(model.score('a', 'q', S, 2000), before);
  t.end();
});

t.test(
  'msec: a thousand names of one enrolment are asked as often as one, and praise of each other is not heard',
  (t) => {
    const model = new MsecModel({ ...MSEC_DEFAULTS, enrolmentOf: (name) => name.replace(/\d+$/, '') });
    const sybils = Array.from({ length: 1000 }, (_, i) => `sybil${i}`);
    for (const [i, sybil] of sybils.entries()) told(model, sybil, sybils[(i + 1) % 1000]!, 1);
    t.equal(model.score('a', 'sybil0', S, 2000), model.score('a', 'honest', S, 2000));
    const random = seededRandom(3);
    const choices = Array.from({ length: 400 }, () => model.choose('a', S, [...sybils, 'honest'], 2000, random));
    const honest = choices.filter((choice) => choice === 'honest').length;
    t.ok(honest > 150 && honest < 250, `${honest} of 400`);
    t.end();
  },
);

t.test('msec: a new name of an enrolment begins where the others of it are', (t) => {
  const model = new MsecModel({ ...MSEC_DEFAULTS, enrolmentOf: (name) => name.split('~')[0]! });
  told(model, 'a', 'cheat', 0);
  told(model, 'a', 'cheat~1', 0);
  told(model, 'a', 'fair', 1);
  const score = (trustee: string) => model.score('a', trustee, S, 2000);
  t.ok(score('cheat~2') < score('newcomer') - 0.1);
  t.ok(score('fair~1') > score('newcomer') + 0.1);
  t.end();
});
