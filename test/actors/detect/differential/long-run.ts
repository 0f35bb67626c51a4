/**
 * `npm run ids-differential -- --cases N [--seed S] [--midstream]`: generated cases beside Suricata, until so many were
 * compared; prints coverage, and each difference with the seed that makes its case again.
 */
import { parseArgs } from 'node:util';
import { CASES_A_RUN, compareCases, emptyTally } from './compare.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    midstream: { type: 'boolean', default: false },
    shown: { type: 'string', default: '40' },
  },
});
const total = Number(values.cases);
const first = Number(values.seed);
const tally = emptyTally();
for (let done = 0; done < total; done += CASES_A_RUN) {
  const seeds = Array.from({ length: Math.min(CASES_A_RUN, total - done) }, (_, i) => first + done + i);
  await compareCases(seeds, { midstream: values.midstream }, tally);
}
const listed = (map: ReadonlyMap<string, number>): string =>
  [...map]
    .sort((a, b) => b[1] - a[1])
    .map(([key, count]) => `${key} ${count}`)
    .join(', ');
const { cases, rules, alerting, silent, differences, missed, excess } = tally;
const missedCount = [...missed.values()].reduce((sum, one) => sum + one, 0);
for (const { seed, rule, flow, ours, theirs } of differences.slice(0, Number(values.shown)))
  process.stdout.write(`seed ${seed}: ours ${ours}, Suricata ${theirs}: ${flow}\n    ${rule}\n`);
for (const rule of excess.slice(0, Number(values.shown)))
  process.stdout.write(`taken, and refused by Suricata: ${rule}\n`);
process.stdout.write(
  `protocols: ${listed(tally.byProtocol)}\nkeywords: ${listed(tally.byKeyword)}\nmissed: ${listed(missed)}\n`,
);
process.stdout.write(
  `${cases} cases, ${rules} rules: ${alerting} alerting, ${silent} silent, ${missedCount} not supported, ${excess.length} taken too much, ${differences.length} differences\n`,
);
process.exitCode = differences.length === 0 ? 0 : 1;
