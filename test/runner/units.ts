/**
 * What can be run: each test file as a process of its own on this same Node, and the checks (linter, types, generated
 * files), each of which counts as one test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProcessOutcome, runProcess } from './file-process.ts';
import { createTapReader, type TestOutcome } from './outcome.ts';
import type { UnitOutcome } from './report.ts';

export interface Unit {
  readonly name: string;
  readonly timeMsMax: number;
  run(): Promise<UnitOutcome>;
}

/** A busy machine takes ten times what a file takes alone on a quiet one: the limit is for what hangs. */
const TIME_MS_MAX = 600_000;
const PROPERTY_SEED = fileURLToPath(new URL('property-seed.ts', import.meta.url));
/** Each writes files that are committed, and with --check compares them. */
const GENERATORS = ['schemas/generate.ts', 'tools/generate-errors.ts'];

/** Workers and child processes find this very Node first, whatever the machine's own is. */
function environment(timeMsMax: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    NO_COLOR: '1',
    // tap's own limit comes first: it says which test hangs and on which handles.
    TAP_TIMEOUT: String(Math.ceil((timeMsMax - 5_000) / 1000)),
  };
}

/** A test file may raise its limit in its first lines: `// Time limit: 300 s.` */
export function declaredTimeMs(text: string): number | undefined {
  const match = /^(?:\/\/|\s\*|\/\*\*) Time limit: (\d+) s\b/m.exec(text.slice(0, 1_000));
  return match === null ? undefined : Number(match[1]) * 1000;
}

export function testFileUnit(root: string, file: string, seed: number, graceMs?: number): Unit {
  const timeMsMax = declaredTimeMs(readFileSync(join(root, file), 'utf8')) ?? TIME_MS_MAX;
  return {
    name: file,
    timeMsMax,
    async run() {
      const reader = createTapReader();
      const outcome = await runProcess({
        command: process.execPath,
        arguments: ['--import', PROPERTY_SEED, join(root, file)],
        folder: root,
        environment: { ...environment(timeMsMax), MSEC_TEST_SEED: String(seed) },
        timeMsMax,
        ...(graceMs === undefined ? {} : { graceMs }),
        onOutput: (text) => reader.write(text),
      });
      const { tests, otherLines } = reader.end();
      const output = [otherLines, outcome.errorText].filter((part) => part.trim() !== '').join('\n');
      return {
        name: file,
        tests: [...tests, ...fileFailures(tests, outcome, timeMsMax)],
        durationMs: outcome.durationMs,
        output,
      };
    },
  };
}

/** What is wrong with the file as a whole, beyond what its own tests say. */
export function fileFailures(
  tests: readonly TestOutcome[],
  outcome: Pick<ProcessOutcome, 'exitCode' | 'signal' | 'isTimedOut' | 'leftBehind'>,
  timeMsMax: number,
): TestOutcome[] {
  const messages: string[] = [];
  const isFailureKnown = tests.some((test) => test.result === 'failed');
  if (outcome.isTimedOut) messages.push(`killed: it did not end within ${timeMsMax / 1000} s`);
  else if (outcome.signal !== null) messages.push(`ended by ${outcome.signal}`);
  else if (outcome.exitCode !== 0 && !isFailureKnown) messages.push(`exit code ${outcome.exitCode}`);
  else if (tests.length === 0) messages.push('it ran no test');
  for (const command of outcome.leftBehind) messages.push(`left a process running (killed now): ${command}`);
  if (messages.length === 0) return [];
  return [{ name: '', result: 'failed', failures: messages.map((message) => ({ message, diagnosis: {} })) }];
}

function checkUnit(root: string, name: string, args: readonly string[]): Unit {
  return {
    name,
    timeMsMax: TIME_MS_MAX,
    async run() {
      let output = '';
      const outcome = await runProcess({
        command: process.execPath,
        arguments: args,
        folder: root,
        environment: environment(TIME_MS_MAX),
        timeMsMax: TIME_MS_MAX,
        onOutput: (text) => {
          output += text;
        },
      });
      const isPassed = outcome.exitCode === 0;
      const failures = [{ message: `exit code ${outcome.exitCode ?? outcome.signal}`, diagnosis: {} }];
      return {
        name,
        tests: [isPassed ? { name: '', result: 'passed' } : { name: '', result: 'failed', failures }],
        durationMs: outcome.durationMs,
        output: output + outcome.errorText,
      };
    },
  };
}

export function checkUnits(root: string): Unit[] {
  const typescript = join('node_modules', 'typescript', 'bin', 'tsc');
  const units = [
    checkUnit(root, 'lint and format', [
      join('node_modules', '@biomejs', 'biome', 'bin', 'biome'),
      'check',
      '--error-on-warnings',
      '--max-diagnostics=50',
      '.',
    ]),
    checkUnit(root, 'types', [typescript, '--noEmit']),
  ];
  const page = join('console', 'page', 'tsconfig.json');
  if (existsSync(join(root, page)))
    units.push(checkUnit(root, 'types of the page', [typescript, '--noEmit', '-p', page]));
  for (const generator of GENERATORS) {
    if (!existsSync(join(root, generator))) continue;
    units.push(checkUnit(root, `generated files: ${generator}`, [generator, '--check']));
  }
  return units;
}
