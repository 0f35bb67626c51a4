/**
 * `npm run ids-hostile -- --captures N [--seed S]`: so many spoilt captures through sensors; what was thrown and which
 * packets took long, each with the seed that makes it again.
 */
import { parseArgs } from 'node:util';
import { bases, CAPTURES_A_SENSOR, emptyHostileTally, LONGEST_MS, runHostile } from './run-hostile.ts';

const { values } = parseArgs({
  options: {
    captures: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    shown: { type: 'string', default: '20' },
  },
});
const total = Number(values.captures);
const shown = Number(values.shown);
const given = bases();
const tally = emptyHostileTally();
for (let seed = Number(values.seed); tally.captures < total; seed++)
  runHostile(seed, Math.min(CAPTURES_A_SENSOR, total - tally.captures), given, tally);
const { captures, packets, records, alerts, longestMs, thrown, slow } = tally;
for (const line of [...thrown.slice(0, shown), ...slow.slice(0, shown)]) process.stdout.write(`${line}\n`);
const residentMb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(
  `${captures} captures, ${packets} packets, ${records} records, ${alerts} alerts: ${thrown.length} crashes, ${slow.length} packets over ${LONGEST_MS} ms, the longest ${longestMs.toFixed(1)} ms, at most ${residentMb.toFixed(0)} MB resident\n`,
);
process.exitCode = thrown.length + slow.length === 0 ? 0 : 1;
