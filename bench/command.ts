/** The benchmarks' command line; what it touches of the world is handed in, so that tests can plant workloads. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Environment, warnings } from './environment.ts';
import { Journal } from './journal.ts';
import { failureText } from './parts.ts';
import { Progress, type Terminal } from './progress.ts';
import { regressions } from './regression.ts';
import { isGood, type Report, reportOf, reportWithout, textLines } from './report.ts';
import type { Result } from './result.ts';
import { ResultFiles, resultPath } from './results.ts';
import type { AnyWorkload, Figure, Measured, Workload } from './workload.ts';

export interface World {
  readonly workloads: readonly AnyWorkload[];
  /** The folder that holds results/. */
  readonly root: string;
  readonly journalPath: string;
  /** To the standard output. */
  readonly print: (line: string) => void;
  /** The standard error. */
  readonly terminal: Terminal;
  readonly now: () => number;
  readonly environment: () => Environment;
  readonly stateOfSources: () => string;
  /** Of a file below `root` as it was committed. */
  readonly committedText: (revision: string, path: string) => string | null;
}

const WRONG_CALL = 64;
const NUMBERED = /^W\d+$/;
const GROUPS = {
  all: 'W1 to W9, in order',
  gates: 'the others, which the earlier promises are kept by',
} as const;
/** Of a workload that has no result yet. */
const EXPECTED_SECONDS = { full: 300, quick: 30 };

const SECONDS_WIDTH = 7;

/** Gives the exit code. */
export async function benchCommand(args: readonly string[], world: World): Promise<number> {
  const call = callOf(args);
  if (typeof call === 'string') return refuse(world, call);
  const { values, positionals } = call;
  const { workloads, root } = world;
  const files = new ResultFiles(root);
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  if (minutes !== null && !(minutes > 0)) return refuse(world, '--minutes takes a number');
  if (values.redraw) {
    files.redraw(workloads);
    return 0;
  }
  const journal = new Journal(world.journalPath);
  // Without names, what was interrupted goes on: the same workloads in the same form.
  const last =
    positionals.length === 0 && values.resume ? journal.last() : { names: positionals, isQuick: values.quick };
  if (last === null) return refuse(world, 'there is no run to go on with');
  const given = last.names;
  const isQuick = values.quick || last.isQuick;
  if (given.length === 0) return values.check ? checkKept(world, files, values.against) : list(world, files);
  const chosen = chosenOf(workloads, given);
  if (typeof chosen === 'string') return refuse(world, chosen);
  const run = { sources: world.stateOfSources(), isQuick, names: chosen.map(({ name }) => name) };
  const kept = journal.begin(run, values.resume);
  if (kept === null) world.terminal.write('the sources or the form have changed since: everything is measured anew\n');
  mkdirSync(values.folder, { recursive: true });
  const progress = new Progress(world.terminal, chosen.map(expected(files, isQuick)), world.now);
  const startedAt = world.now();
  let isAllGood = true;
  for (const workload of chosen) {
    const before = values.check ? committedResult(world, workload.name, isQuick, values.against) : null;
    const options = { isQuick, minutes, folder: values.folder };
    const { report, result } = await reportFor(workload, kept?.get(workload.name), before, options, world, progress);
    if (result !== null) {
      // One that lacks a part is measured again by --resume.
      if (result.failures === undefined) journal.add(result);
      files.save(result, workloads);
    }
    progress.endStep();
    progress.around(() => tell(world, report, values.json));
    isAllGood &&= isGood(report);
  }
  progress.end();
  const tookMinutes = ((world.now() - startedAt) / 60_000).toFixed(1);
  if (chosen.length > 1) world.terminal.write(`${chosen.length} workloads in ${tookMinutes} minutes\n`);
  return isAllGood ? 0 : 1;
}

function callOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        against: { type: 'string', default: 'HEAD' },
        redraw: { type: 'boolean', default: false },
        minutes: { type: 'string' },
        folder: { type: 'string', default: tmpdir() },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
}

function refuse({ terminal }: World, says: string): number {
  terminal.write(`${says}\n`);
  return WRONG_CALL;
}

/** With the seconds that each took the last time; where it has no result, what is expected of it. */
function list({ workloads, print }: World, files: ResultFiles): number {
  const seconds = (some: readonly AnyWorkload[], isQuick: boolean) => {
    const sum = some.map(expected(files, isQuick)).reduce((total, { expectedSeconds }) => total + expectedSeconds, 0);
    const isKnown = some.every((one) => 'pending' in one || files.read(one.name, isQuick) !== null);
    return `${isKnown ? '' : '~'}${Math.round(sum)} s`;
  };
  const rows = [...numbered(workloads), ...others(workloads)].map((one) => {
    const says = 'pending' in one ? `${one.says} (pending: ${one.pending})` : one.says;
    return [one.name, [one], says] as const;
  });
  const groups = [
    ['all', numbered(workloads), GROUPS.all],
    ['gates', others(workloads), GROUPS.gates],
  ] as const;
  const width = Math.max(...[...rows, ...groups].map(([name]) => name.length));
  for (const [name, some, says] of [...rows, ...groups]) {
    const [full, quick] = [seconds(some, false), seconds(some, true)];
    print(`${name.padEnd(width)}  ${full.padStart(SECONDS_WIDTH)}  ${quick.padStart(SECONDS_WIDTH)} quick  ${says}`);
  }
  return 0;
}

const numbered = (workloads: readonly AnyWorkload[]) =>
  workloads
    .filter(({ name }) => NUMBERED.test(name))
    .toSorted((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)));
const others = (workloads: readonly AnyWorkload[]) => workloads.filter(({ name }) => !NUMBERED.test(name));

/** In the order they are named; or what is wrong. */
function chosenOf(workloads: readonly AnyWorkload[], names: readonly string[]): readonly AnyWorkload[] | string {
  const chosen = new Set<AnyWorkload>();
  for (const name of names) {
    const one = workloads.find((workload) => workload.name === name);
    const found =
      name === 'all' ? numbered(workloads) : name === 'gates' ? others(workloads) : one === undefined ? [] : [one];
    if (found.length === 0) return `no workload is called ${name}`;
    for (const workload of found) chosen.add(workload);
  }
  return [...chosen];
}

const expected = (files: ResultFiles, isQuick: boolean) => (workload: AnyWorkload) => {
  const last = files.read(workload.name, isQuick)?.tookSeconds;
  const unknown = isQuick ? EXPECTED_SECONDS.quick : EXPECTED_SECONDS.full;
  return { name: workload.name, expectedSeconds: 'pending' in workload ? 0 : (last ?? unknown) };
};

async function reportFor(
  workload: AnyWorkload,
  kept: Result | undefined,
  before: Result | null,
  options: Options,
  world: World,
  progress: Progress,
): Promise<{ readonly report: Report; readonly result: Result | null }> {
  if ('pending' in workload) {
    return { report: reportWithout(workload, options.isQuick, 'pending', workload.pending), result: null };
  }
  const compared = (result: Result) => (before === null ? null : regressions(result, before));
  if (kept !== undefined) return { report: reportOf(kept, compared(kept), true), result: null };
  try {
    const result = await measure(workload, options, world, progress);
    return { report: reportOf(result, compared(result), false), result };
  } catch (error) {
    // The others are measured all the same.
    const reason = error instanceof Error ? error.message : String(error);
    progress.around(() => world.terminal.write(stackText(error)));
    return { report: reportWithout(workload, options.isQuick, 'failed', reason), result: null };
  }
}

interface Options {
  readonly isQuick: boolean;
  readonly minutes: number | null;
  readonly folder: string;
}

async function measure(
  workload: Workload,
  { isQuick, minutes, folder: parent }: Options,
  world: World,
  progress: Progress,
): Promise<Result> {
  const { name, says } = workload;
  const folder = mkdtempSync(join(parent, `msec-bench-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also where the run is interrupted.
  process.once('exit', remove);
  const startedAt = world.now();
  const environment = world.environment();
  progress.around(() => {
    for (const sentence of warnings(environment)) world.terminal.write(`${name}: ${sentence}\n`);
  });
  try {
    const measured = await workload.run({ isQuick, minutes, folder, progress: (text) => progress.say(text) });
    const { figures, curves, failures = [] } = 'figures' in measured ? measured : withoutCurves(measured);
    const tookSeconds = (world.now() - startedAt) / 1000;
    const result = { workload: name, says, isQuick, tookSeconds, environment, figures, curves };
    if (failures.length === 0) return result;
    progress.around(() => {
      for (const { error } of failures) world.terminal.write(stackText(error));
    });
    return { ...result, failures: failures.map(failureText) };
  } finally {
    process.off('exit', remove);
    remove();
  }
}

const withoutCurves = (figures: readonly Figure[]): Measured => ({ figures, curves: [] });

function stackText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(stackText).join('');
  return `${error instanceof Error ? error.stack : String(error)}\n`;
}

function tell({ print }: World, report: Report, asJson: boolean): void {
  for (const line of asJson ? [JSON.stringify(report)] : textLines(report)) print(line);
}

function committedResult(world: World, name: string, isQuick: boolean, revision: string): Result | null {
  const text = world.committedText(revision, resultPath(name, isQuick));
  return text === null ? null : (JSON.parse(text) as Result);
}

/** Nothing is measured: the results that lie here against the committed ones. */
function checkKept(world: World, files: ResultFiles, revision: string): number {
  let compared = 0;
  const found: string[] = [];
  for (const { name } of world.workloads) {
    for (const isQuick of [false, true]) {
      const now = files.read(name, isQuick);
      const before = committedResult(world, name, isQuick, revision);
      if (now === null || before === null) continue;
      compared++;
      found.push(...regressions(now, before));
    }
  }
  for (const sentence of found) world.print(`WORSE    ${sentence}`);
  world.print(
    `${compared} results compared with those of ${revision}: ${found.length === 0 ? 'none is worse' : `${found.length} worse`}`,
  );
  return found.length === 0 ? 0 : 1;
}
