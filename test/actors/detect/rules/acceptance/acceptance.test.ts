/** Rules changed a little, to both engines: what one takes the other takes, or says that it does not support it. `npm run ids-acceptance` asks for more. */
import t from 'tap';
import { needs } from '../../../../support/needs.ts';
import { classOf } from './classes.ts';
import { compareRules, mutatedRules } from './compare.ts';

t.setTimeout(590_000);

const RULES = 3000;
/** Rules that one engine alone takes: with each rule that is added elsewhere others are made. */
const KNOWN_DISAGREEMENTS = 6;
const SHARE_LEAST = 0.3;

t.test('mutated rules are taken where Suricata takes them', async (t) => {
  if (!needs(t, 'suricata')) return;
  const { disagreements, taken, refused } = await compareRules(mutatedRules(1, RULES));
  const left = disagreements.filter((one) => classOf(one) === null);
  const told = left.map(({ rule, takenBy, says }) => `taken by ${takenBy} alone, ${says}: ${rule}`);
  t.ok(told.length <= KNOWN_DISAGREEMENTS, `${told.length} disagreements:\n${told.join('\n')}`);
  t.ok(taken >= SHARE_LEAST * RULES, `${taken} were taken`);
  t.ok(refused >= SHARE_LEAST * RULES, `${refused} were refused`);
});
