/**
 * `npm run ids-differential -- --cases N [--seed S] [--midstream]`: generated cases beside Suricata, until so many were
 * compared or `--minutes` are over; every second run of them is picked up in its middle (`--midstream`: all). Prints
 * coverage, each difference with the seed that makes its case again, and what is left out: each case that Suricata
 * itself does not survive, and each rule of which it says something else when it is asked once more. `--kind KIND`:
 * cases of that kind alone (`kind.ts`). `--minimise SEED` makes that case small and, with `--keep FOLDER`, writes its
 * capture and rules.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES_A_RUN, captureOf, compareSeeds, emptyTally, type Tally } from './compare.ts';
import { SuricataEndedError } from './engines.ts';
import { kindOf } from './kind.ts';
import { minimise } from './minimise.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1000000' },
    midstream: { type: 'boolean', default: false },
    kind: { type: 'string' },
    shown: { type: 'string', default: '40' },
    minimise: { type: 'string' },
    keep: { type: 'string' },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

if (values.minimise !== undefined) await showSmall(Number(values.minimise));
else await compareMany();

async function compareMany(): Promise<void> {
  const [total, first, until] = [
    Number(values.cases),
    Number(values.seed),
    Date.now() + Number(values.minutes) * 60_000,
  ];
  const tally = emptyTally();
  const all = seedsFrom(first);
  let [told, left] = [0, 0];
  for (let done = 0; done < total && Date.now() < until; done += CASES_A_RUN) {
    const seeds = Array.from({ length: Math.min(CASES_A_RUN, total - done) }, () => all.next().value);
    const midstream = values.midstream || (done / CASES_A_RUN) % 2 === 1;
    for (const { seed, why } of await compareWhatRuns(seeds, midstream, tally)) {
      left += 1;
      say(`seed ${seed}${midstream ? ' --midstream' : ''}: not compared, Suricata ended: ${why}`);
    }
    for (const { one, rule, flow, ours, theirs } of tally.differences.slice(told, Number(values.shown)))
      say(`seed ${one.seed}${midstream ? ' --midstream' : ''}: ours ${ours}, Suricata ${theirs}: ${flow}\n    ${rule}`);
    told = tally.differences.length;
  }
  const { coverage, differences, unsteady, excess } = tally;
  for (const rule of excess.slice(0, Number(values.shown))) say(`taken, and refused by Suricata: ${rule}`);
  for (const line of coverage.lines()) say(line);
  const cases = new Set(differences.map(({ one }) => one.seed)).size;
  for (const { one, rule } of unsteady.slice(0, Number(values.shown)))
    say(`seed ${one.seed}: Suricata contradicts itself: ${rule}`);
  say(
    `${differences.length} differences in ${cases} cases, ${unsteady.length} where Suricata contradicts itself, ${excess.length} rules taken too many, ${left} cases not compared`,
  );
  process.exitCode = differences.length + excess.length === 0 ? 0 : 1;
}

/** Those of the kind that is asked for. */
function* seedsFrom(first: number): Generator<number, never> {
  for (let seed = first; ; seed += 1) if (values.kind === undefined || kindOf(seed) === values.kind) yield seed;
}

/** Halves what Suricata does not survive until the case that it dies of stands alone. */
async function compareWhatRuns(
  seeds: readonly number[],
  midstream: boolean,
  tally: Tally,
): Promise<{ readonly seed: number; readonly why: string }[]> {
  try {
    await compareSeeds(seeds, midstream, tally);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SuricataEndedError)) throw thrown;
    if (seeds.length === 1) return [{ seed: seeds[0]!, why: thrown.message }];
    const middle = seeds.length >> 1;
    const first = await compareWhatRuns(seeds.slice(0, middle), midstream, tally);
    return [...first, ...(await compareWhatRuns(seeds.slice(middle), midstream, tally))];
  }
}

async function showSmall(seed: number): Promise<void> {
  const small = await minimise(seed, values.midstream);
  if (small === null) {
    say(`seed ${seed}: alike by itself`);
    return;
  }
  const { one, differences } = small;
  for (const line of one.thresholds) say(line);
  for (const rule of one.rules) say(rule);
  for (const [i, frame] of one.frames.entries())
    say(`${String(one.timesUs[i]).padStart(9)} ${Buffer.from(frame.subarray(12)).toString('hex')}`);
  for (const { rule, flow, ours, theirs } of differences) say(`ours ${ours}, Suricata ${theirs}: ${flow}\n    ${rule}`);
  if (values.keep === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${seed}.pcap`), captureOf([one]));
  writeFileSync(join(values.keep, `${seed}.rules`), `${one.rules.join('\n')}\n`, 'latin1');
  if (one.thresholds.length > 0)
    writeFileSync(join(values.keep, `${seed}.threshold`), `${one.thresholds.join('\n')}\n`);
}
