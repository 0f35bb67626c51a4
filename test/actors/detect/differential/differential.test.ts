/** Generated cases beside Suricata: the same rules alert as often in the same flows. `npm run ids-differential` runs more. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { compareCases, emptyTally } from './compare.ts';

const CASES = 300;
/** Differences that are known; the number may only fall. */
const KNOWN_DIFFERENCES = 3;

t.test('generated rules alert in generated traffic as they do in Suricata', async (t) => {
  if (!needs(t, 'suricata')) return;
  const tally = emptyTally();
  const seeds = Array.from({ length: CASES }, (_, i) => i + 1);
  await compareCases(seeds.slice(0, CASES / 2), { midstream: false }, tally);
  await compareCases(seeds.slice(CASES / 2), { midstream: true }, tally);
  const told = tally.differences.map(({ seed, rule, ours, theirs }) => `seed ${seed}: ${ours} not ${theirs}: ${rule}`);
  t.ok(told.length <= KNOWN_DIFFERENCES, `${told.length} differences:\n${told.join('\n')}`);
  t.ok(tally.alerting > tally.rules * 0.2, `${tally.alerting} of ${tally.rules} rules alerted`);
  t.ok(tally.silent > tally.rules * 0.2, `${tally.silent} were silent`);
});
