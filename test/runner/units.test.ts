import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { failureText, summaryText, unitText } from './report.ts';
import { shuffled } from './shuffled.ts';
import { declaredTimeMs, testFileUnit } from './units.ts';

const tap = "import t from 'tap';\n";

t.test('a file runs on this Node, and its tests are counted', async (t) => {
  const root = t.testdir({
    'a.test.ts': `${tap}t.test('runs', (t) => { t.equal(process.execPath, '${process.execPath}'); t.end(); });`,
  });
  const outcome = await testFileUnit(root, 'a.test.ts', 1).run();
  t.same(outcome.tests, [{ name: 'runs', result: 'passed' }]);
});

t.test('a child process finds the same Node first on its PATH', async (t) => {
  const root = t.testdir({
    'a.test.ts': `${tap}import { execFileSync } from 'node:child_process';
      t.equal(execFileSync('node', ['-p', 'process.version'], { encoding: 'utf8' }).trim(), process.version);`,
  });
  t.match((await testFileUnit(root, 'a.test.ts', 1).run()).tests, [{ result: 'passed' }]);
});

t.test('what properties draw follows from the seed of the run', async (t) => {
  const fastCheck = import.meta.resolve('fast-check');
  const root = t.testdir({
    'a.test.ts': `${tap}import fc from '${fastCheck}';
      t.test(fc.sample(fc.integer(), 3).join(), (t) => { t.pass(); t.end(); });`,
  });
  const drawn = async (seed: number): Promise<string | undefined> =>
    (await testFileUnit(root, 'a.test.ts', seed).run()).tests[0]?.name;
  const first = await drawn(1);
  t.match(first, /^-?\d+,-?\d+,-?\d+$/);
  t.equal(await drawn(1), first);
  t.not(await drawn(2), first);
});

t.test('a failing assertion is printed with its place and its difference', async (t) => {
  const root = t.testdir({ 'a.test.ts': `${tap}\nt.test('adds', async (t) => { t.equal(1 + 1, 3, 'the sum'); });` });
  const outcome = await testFileUnit(root, 'a.test.ts', 1).run();
  const text = unitText(outcome, root);
  t.match(text, /FAIL a\.test\.ts {2}\(0 passed, 1 failed/);
  t.match(text, /✗ adds/);
  t.match(text, /the sum/);
  t.match(text, /a\.test\.ts:3:/);
  t.match(text, /-3\s+\+2/);
  const atTheEnd = summaryText([outcome], root);
  t.match(atTheEnd, /FAILED \(1\):\n {2}a\.test\.ts > adds\n {6}the sum\n {6}at a\.test\.ts:3:/);
  t.match(atTheEnd, /-3\s+\+2/);
});

const broken: Record<string, { readonly text: string; readonly says: RegExp }> = {
  'a file that cannot be parsed': { text: 'const = 1;', says: /exit code 1/ },
  'a file that throws while it loads': { text: `${tap}throw new Error('no such luck');`, says: /no such luck/ },
  'a file that rejects after its tests ended': {
    text: `${tap}t.pass('fine'); process.on('exit', () => { process.exitCode = 3; });`,
    says: /exit code 3/,
  },
  'a file that ends by a signal': {
    text: `${tap}t.pass('fine'); process.kill(process.pid, 'SIGKILL');`,
    says: /SIGKILL/,
  },
  'a file without a test': { text: `${tap}export const used = typeof t;`, says: /ran no test/ },
  'a file that never touches tap': { text: 'export const nothing = 1;', says: /ran no test/ },
  'a file that exits in the middle of a test': {
    text: `${tap}t.test('half', async (t) => { t.pass('one'); process.exit(0); });`,
    says: /./,
  },
};

for (const [title, { text, says }] of Object.entries(broken)) {
  t.test(`${title} counts as failed`, async (t) => {
    const root = t.testdir({ 'a.test.ts': text });
    const outcome = await testFileUnit(root, 'a.test.ts', 1).run();
    t.ok(
      outcome.tests.some((test) => test.result === 'failed'),
      'is failed',
    );
    t.match(unitText(outcome, root), says);
  });
}

t.test('a file that does not end is killed at its limit, with everything it started', async (t) => {
  // A busy machine may take longer than the shortest limit to get as far as the child.
  for (let limit = 1, pid = Number.NaN; Number.isNaN(pid); limit *= 2) {
    const root = t.testdir({
      'a.test.ts': `// Time limit: ${limit} s.
        import { spawn } from 'node:child_process';
        const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
        process.stdout.write('pid ' + child.pid + '\\n');
        process.on('SIGTERM', () => {});
        setInterval(() => {}, 1000);`,
    });
    const outcome = await testFileUnit(root, 'a.test.ts', 1).run();
    t.match(unitText(outcome, root), new RegExp(`killed: it did not end within ${limit} s`));
    pid = Number(/pid (\d+)/.exec(outcome.output)?.[1]);
    if (!Number.isNaN(pid)) t.notOk(isAlive(pid), 'the child is gone');
  }
});

t.test('a process that a file leaves behind is named, killed and counted as a failure', async (t) => {
  const root = t.testdir({
    'a.test.ts': `${tap}import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['1001'], { stdio: 'ignore' });
      child.unref();
      t.pass('fine');`,
  });
  const outcome = await testFileUnit(root, 'a.test.ts', 1, 500).run();
  t.match(unitText(outcome, root), /left a process running \(killed now\): sleep 1001/);
});

t.test('a limit is read from the head of a file', async (t) => {
  t.equal(declaredTimeMs('// Time limit: 300 s.\nimport x'), 300_000);
  t.equal(declaredTimeMs('/**\n * Kills workers.\n * Time limit: 90 s.\n */'), 90_000);
  t.equal(declaredTimeMs("const a = 'Time limit: 3 s';"), undefined);
});

t.test('a failure without a diagnosis is its message', async (t) => {
  t.equal(failureText({ message: 'exit code 3', diagnosis: {} }, '/'), 'exit code 3');
});

t.test('a seed gives one order, another seed another, and nothing is lost', async (t) => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  t.same(shuffled(items, 7), shuffled(items, 7));
  t.notSame(shuffled(items, 7), shuffled(items, 8));
  t.notSame(shuffled(items, 7), items);
  t.same(
    shuffled(items, 7).toSorted((a, b) => a - b),
    items,
  );
});

t.test('the command ends with the counts and an exit code', async (t) => {
  const run = join(import.meta.dirname, '..', 'run.ts');
  const child = spawn(process.execPath, [run, '--seed=1', 'no/such/prefix'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  t.equal(exitCode, 1);
  t.match(output.trimEnd().split('\n').at(-1), /^0 passed, 1 failed$/);
});

/** A zombie is dead, though nobody has asked for its exit code yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
