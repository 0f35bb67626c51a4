import t from 'tap';
import { type Interaction, mistakeOf } from '../../../../actors/trust/index.ts';

const good: Interaction = {
  id: '1',
  trustor: 'a',
  trustee: 'b',
  service: 'heat',
  satisfaction: 1,
  weight: 1,
  timeMs: 1000,
};
const rules = { services: new Set(['heat']), aheadMs: 100 };

t.test('what cannot count is told by its reason', (t) => {
  const cases: readonly [Partial<Interaction>, string | null][] = [
    [{}, null],
    [{ satisfaction: 0, weight: 0, timeMs: 1100 }, null],
    [{ satisfaction: 1.0001 }, 'satisfaction'],
    [{ satisfaction: -1e-9 }, 'satisfaction'],
    [{ satisfaction: Number.NaN }, 'satisfaction'],
    [{ weight: -1 }, 'weight'],
    [{ weight: Number.POSITIVE_INFINITY }, 'weight'],
    [{ weight: Number.NaN }, 'weight'],
    [{ trustee: 'a' }, 'self'],
    [{ service: 'light' }, 'service'],
    [{ timeMs: 1101 }, 'future'],
    [{ timeMs: Number.NaN }, 'future'],
    [{ trustor: '' }, 'name'],
    [{ id: 'x'.repeat(129) }, 'name'],
  ];
  for (const [change, reason] of cases)
    t.equal(mistakeOf({ ...good, ...change }, rules, 1000), reason, JSON.stringify(change));
  t.equal(mistakeOf({ ...good, service: 'light' }, { ...rules, services: null }, 1000), null);
  t.end();
});
