/**
 * The one test command: linter, types, generated files, then every file *.test.ts below test/ as its own process, in
 * shuffled order. The last line is `N passed, N failed` (and `, N skipped`), from what the files really reported. The seed
 * decides on the order and on what properties draw.
 *   npm test -- [--seed=N] [--jobs=N] [path prefix …]     a prefix runs only the test files that start with it
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killAll } from './runner/file-process.ts';
import { countLine, countTests, summaryText, type UnitOutcome, unitText } from './runner/report.ts';
import { shuffled } from './runner/shuffled.ts';
import { checkUnits, testFileUnit, type Unit } from './runner/units.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const JOBS_MAX = 8;

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, jobs: { type: 'string' } },
  allowPositionals: true,
});
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const jobs = Number(values.jobs ?? Math.min(JOBS_MAX, availableParallelism()));
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(jobs) || jobs < 1) {
  console.error('--seed and --jobs take whole numbers, --jobs at least 1');
  process.exit(64);
}

// What Node compiled for one file, it reads for the next, and so do the workers and commands that a file starts: a command of
// 1.6 s of processor time takes 0.6 s. Only for this run, so that nothing grows.
const compiled = mkdtempSync(join(tmpdir(), 'msec-compiled-'));
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
process.env.NODE_COMPILE_CACHE = compiled;
process.exitCode = await main();

async function main(): Promise<number> {
  const prefixes = positionals.map((prefix) => normalize(prefix).replace(/^\.\//, ''));
  const files = globSync('test/**/*.test.ts', { cwd: root }).toSorted();
  const chosen = files.filter((file) => prefixes.length === 0 || prefixes.some((prefix) => file.startsWith(prefix)));
  if (chosen.length === 0) {
    console.log(`no test file starts with ${prefixes.join(' or ') || 'test/'}\n0 passed, 1 failed`);
    return 1;
  }
  const checks = prefixes.length === 0 ? checkUnits(root) : [];
  console.log(`${chosen.length} test files and ${checks.length} checks, ${jobs} at a time, --seed=${seed}`);
  const tests = shuffled(chosen, seed).map((file) => testFileUnit(root, file, seed));
  // Files that ask for more time start first, so that the run does not end with one of them alone.
  const ordered = tests.toSorted((a, b) => b.timeMsMax - a.timeMsMax);
  const outcomes = await runAll([...checks, ...ordered]);
  console.log(summaryText(outcomes, join(root, '/')));
  const counts = countTests(outcomes.flatMap((outcome) => outcome.tests));
  if (process.env.CI === 'true' && counts.skipped > 0) {
    console.log(`\nCI=true: the ${counts.skipped} skipped count as failed`);
    counts.failed += counts.skipped;
    counts.skipped = 0;
  }
  console.log(`\n${countLine(counts)}`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

async function runAll(units: readonly Unit[]): Promise<UnitOutcome[]> {
  const outcomes: UnitOutcome[] = [];
  const queue = units.values();
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      isInterrupted = true;
      killAll();
    });
  }
  const lane = async (): Promise<void> => {
    for (const unit of queue) {
      if (isInterrupted) return;
      const outcome = await unit.run();
      outcomes.push(outcome);
      console.log(unitText(outcome, join(root, '/')));
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  if (isInterrupted) {
    console.log(`interrupted; ${units.length - outcomes.length} of ${units.length} did not run`);
    process.exit(130);
  }
  return outcomes;
}
