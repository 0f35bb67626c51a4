/**
 * What one test file's TAP says, as a flat list of tests. A test is a block of assertions: a subtest without subtests,
 * or the assertions that stand beside subtests, taken together; so the counts are of cases, not of assertions.
 */
import { Parser, type Result, type TapError } from 'tap-parser';

export interface Failure {
  /** The assertion's message. */
  readonly message: string;
  /** tap's YAML block: at, diff, found, wanted, source, stack … */
  readonly diagnosis: Readonly<Record<string, unknown>>;
}

export type TestOutcome =
  | { readonly name: string; readonly result: 'passed' }
  | { readonly name: string; readonly result: 'failed'; readonly failures: readonly Failure[] }
  | { readonly name: string; readonly result: 'skipped'; readonly reason: string };

/** One subtest, or the file itself, while its lines come in. */
interface Block {
  readonly path: readonly string[];
  readonly assertions: Result[];
  readonly blocks: Block[];
  /** The line that closes the block in its parent; the file itself has none. */
  closing: Result | undefined;
  violations: readonly TapError[];
  skipReason: string | undefined;
}

export interface TapReader {
  write(text: string): void;
  /** Ends the stream: the tests in the order of the file, and the lines that were no TAP. */
  end(): { readonly tests: readonly TestOutcome[]; readonly otherLines: string };
}

const OTHER_LINES_LENGTH_MAX = 16_384;

export function createTapReader(): TapReader {
  const parser = new Parser();
  const root = createBlock([]);
  let otherLines = '';
  follow(parser, root, root);
  parser.on('extra', (line: string) => {
    otherLines = (otherLines + line).slice(-OTHER_LINES_LENGTH_MAX);
  });
  return {
    write: (text) => void parser.write(text),
    end() {
      parser.end();
      return { tests: testsOf(root), otherLines };
    },
  };
}

function createBlock(path: readonly string[]): Block {
  return { path, assertions: [], blocks: [], closing: undefined, violations: [], skipReason: undefined };
}

function follow(parser: Parser, block: Block, root: Block): void {
  parser.on('child', (child: Parser) => {
    const inner = createBlock([...block.path, child.name]);
    block.blocks.push(inner);
    follow(child, inner, root);
  });
  parser.on('assert', (result: Result) => {
    const last = block.blocks.at(-1);
    if (result.closingTestPoint && last !== undefined && last.closing === undefined) last.closing = result;
    else block.assertions.push(result);
  });
  parser.on('complete', (results: Parser['results']) => {
    if (results === null) return;
    block.violations = results.failures.filter((failure) => typeof failure.tapError === 'string');
    if (typeof results.bailout === 'string') block.violations = [{ tapError: `bailed out: ${results.bailout}` }];
    // tap-parser speaks of a file without any test as of a plan of none; that is no skip.
    const isEmpty = results.plan.skipReason === 'no tests found';
    if (block === root && results.plan.skipAll && !isEmpty) block.skipReason = reasonText(results.plan.skipReason);
  });
}

function testsOf(block: Block): TestOutcome[] {
  const name = block.path.join(' > ');
  const reason = block.skipReason ?? directive(block.closing);
  if (reason !== undefined) return [{ name, result: 'skipped', reason }];
  const tests: TestOutcome[] = [];
  const assertions: Result[] = [];
  for (const assertion of block.assertions) {
    const skipped = directive(assertion);
    if (skipped === undefined) assertions.push(assertion);
    else tests.push({ name: [...block.path, assertion.name].join(' > '), result: 'skipped', reason: skipped });
  }
  const failures = [...assertions.filter((assertion) => !assertion.ok).map(failureOf), ...violationsOf(block)];
  for (const inner of block.blocks) tests.push(...testsOf(inner));
  const isFailedElsewhere = tests.some((test) => test.result === 'failed');
  // A block can fail as a whole (its time is up) with nothing failed inside.
  if (block.closing?.ok === false && failures.length === 0 && !isFailedElsewhere)
    failures.push(failureOf(block.closing));
  const isLeaf = block.blocks.length === 0 && block.closing !== undefined && tests.length === 0;
  if (failures.length > 0) tests.push({ name, result: 'failed', failures });
  else if (assertions.length > 0 || isLeaf) tests.push({ name, result: 'passed' });
  return tests;
}

function directive(result: Result | undefined): string | undefined {
  if (result === undefined) return undefined;
  if (result.skip !== false) return reasonText(result.skip);
  if (result.todo !== false) return `todo: ${reasonText(result.todo)}`;
  return undefined;
}

function reasonText(reason: string | boolean): string {
  return typeof reason === 'string' && reason !== '' ? reason : 'no reason given';
}

function failureOf(result: Result): Failure {
  const diagnosis: unknown = result.diag;
  return { message: result.name, diagnosis: isRecord(diagnosis) ? diagnosis : {} };
}

/** Breaches of TAP itself, such as fewer tests than planned; those that only repeat a failed assertion are left out. */
function violationsOf(block: Block): Failure[] {
  const isSubtestUnfinished = block.closing === undefined && block.path.length > 0;
  const failures = block.violations.map((violation) => ({ message: String(violation.tapError), diagnosis: {} }));
  if (isSubtestUnfinished && failures.length === 0) failures.push({ message: 'the test never ended', diagnosis: {} });
  return failures;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
