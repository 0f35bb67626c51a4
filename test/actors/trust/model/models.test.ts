import t from 'tap';
import { CookbookModel, MsecModel, type TrustModel } from '../../../../actors/trust/index.ts';
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
