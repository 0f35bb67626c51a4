/** How results are printed: one line a file, every failure with its place and difference, and the closing line. */
import { relative } from 'node:path';
import { type Failure, isRecord, type TestOutcome } from './outcome.ts';

export interface UnitOutcome {
  /** The test file's path from the root, or the name of a check. */
  readonly name: string;
  readonly tests: readonly TestOutcome[];
  readonly durationMs: number;
  /** What the program said besides TAP; printed where something failed. */
  readonly output: string;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function countTests(tests: Iterable<TestOutcome>): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of tests) counts[test.result] += 1;
  return counts;
}

/** `N passed, N failed`, with `, N skipped` where some were. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`;

/** A unit's line, and below it whatever failed. `root` shortens the places. */
export function unitText(unit: UnitOutcome, root: string): string {
  const counts = countTests(unit.tests);
  const mark = counts.failed > 0 ? 'FAIL' : counts.passed > 0 ? 'ok  ' : 'skip';
  const lines = [`${mark} ${unit.name}  (${countLine(counts)}, ${seconds(unit.durationMs)})`];
  for (const test of unit.tests) {
    if (test.result !== 'failed') continue;
    lines.push(`  ✗ ${test.name === '' ? 'the file itself' : test.name}`);
    for (const failure of test.failures) lines.push(indented(failureText(failure, root), 4));
  }
  if (counts.failed > 0 && unit.output.trim() !== '') {
    lines.push('  what it printed:', indented(unit.output.trimEnd(), 4));
  }
  return lines.join('\n');
}

export function failureText(failure: Failure, root: string): string {
  const { at, diff, found, wanted, source, stack, message, ...rest } = failure.diagnosis;
  const lines = [failure.message];
  if (typeof message === 'string' && message !== failure.message) lines.push(message);
  const place = placeText(at, root);
  if (place !== '') lines.push(`at ${place}`);
  if (typeof diff === 'string') lines.push(diff.trimEnd());
  else if (found !== undefined || wanted !== undefined) lines.push(`found: ${show(found)}`, `wanted: ${show(wanted)}`);
  for (const [key, value] of Object.entries(rest)) {
    if (key !== 'compare' && key !== 'tapCaught') lines.push(`${key}: ${show(value)}`);
  }
  if (typeof source === 'string') lines.push(source.trimEnd());
  if (typeof stack === 'string') lines.push(stack.trimEnd());
  return lines.join('\n');
}

function placeText(at: unknown, root: string): string {
  if (!isRecord(at) || typeof at.fileName !== 'string') return '';
  const file = at.fileName.replace(/^file:\/\//, '');
  const name = file.startsWith(root) ? relative(root, file) : file;
  return [name, at.lineNumber, at.columnNumber].filter((part) => part !== undefined).join(':');
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, undefined, 2) ?? String(value));
}

function indented(text: string, width: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(width));
}

/** The lines of a failure that are said again at the end, where a long log may have lost its middle. */
const SAID_AGAIN_MAX = 12;

/** The end of a run: what was skipped and why, the slowest, and what failed once more, by name and how. */
export function summaryText(units: readonly UnitOutcome[], root: string): string {
  const lines: string[] = [];
  const skipped = units.flatMap((unit) =>
    unit.tests.flatMap((test) => (test.result === 'skipped' ? [{ unit, test }] : [])),
  );
  if (skipped.length > 0) {
    lines.push('', `SKIPPED (${skipped.length}), because a part is missing on this machine:`);
    for (const { unit, test } of skipped) lines.push(`  ${[unit.name, test.name].join(' > ')}\n      ${test.reason}`);
  }
  const slowest = units.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, 5);
  lines.push('', 'slowest:', ...slowest.map((unit) => `  ${seconds(unit.durationMs).padStart(8)}  ${unit.name}`));
  const failed = units.flatMap((unit) =>
    unit.tests.flatMap((test) => (test.result === 'failed' ? [[unit, test] as const] : [])),
  );
  if (failed.length > 0) {
    lines.push('', `FAILED (${failed.length}):`);
    for (const [unit, test] of failed) {
      lines.push(`  ${[unit.name, test.name].filter((name) => name !== '').join(' > ')}`);
      for (const failure of test.failures) {
        const said = failureText(failure, root).split('\n').slice(0, SAID_AGAIN_MAX).join('\n');
        lines.push(indented(said, 6));
      }
    }
  }
  return lines.join('\n');
}
