import t from 'tap';
import { createTapReader, type TestOutcome } from './outcome.ts';

function read(tap: string): readonly TestOutcome[] {
  const reader = createTapReader();
  reader.write(tap);
  return reader.end().tests;
}

const names = (tests: readonly TestOutcome[]): string[] => tests.map((test) => `${test.result}: ${test.name}`);

t.test('a subtest without subtests is one test, however many assertions it has', async (t) => {
  const tests = read(`TAP version 14
# Subtest: adds numbers
    ok 1 - a
    ok 2 - b
    1..2
ok 1 - adds numbers # time=1ms

1..1
`);
  t.same(names(tests), ['passed: adds numbers']);
});

t.test('assertions beside subtests are one test together, also at the top of the file', async (t) => {
  const tests = read(`TAP version 14
# Subtest: outer
    ok 1 - beside
    # Subtest: inner
        ok 1 - a
        1..1
    ok 2 - inner
    ok 3 - beside too
    1..3
ok 1 - outer
ok 2 - top
1..2
`);
  t.same(names(tests), ['passed: outer > inner', 'passed: outer', 'passed: ']);
});

t.test('a failed assertion keeps its diagnosis and fails its test alone', async (t) => {
  const tests = read(`TAP version 14
# Subtest: outer
    # Subtest: bad
        not ok 1 - should be equal
          ---
          found: 1
          wanted: 2
          ...
        1..1
    not ok 1 - bad
    # Subtest: good
        ok 1 - a
        1..1
    ok 2 - good
    1..2
not ok 1 - outer
1..1
`);
  t.same(names(tests), ['failed: outer > bad', 'passed: outer > good']);
  t.match(tests[0], { failures: [{ message: 'should be equal', diagnosis: { found: 1, wanted: 2 } }] });
});

t.test('skips are counted with their reasons: an assertion, a subtest, a plan of none, a whole file', async (t) => {
  const tests = read(`TAP version 14
# Subtest: no parts
    1..0 # java is missing
ok 1 - no parts # SKIP java is missing
ok 2 - not here # SKIP later
# Subtest: mixed
    ok 1 - done
    ok 2 - open # SKIP no clock
    1..2
ok 3 - mixed
ok 4 - one day # ${'todo'.toUpperCase()} unfinished
1..4
`);
  t.same(names(tests), [
    'skipped: not here',
    'skipped: one day',
    'skipped: no parts',
    'skipped: mixed > open',
    'passed: mixed',
  ]);
  t.match(tests[2], { reason: 'java is missing' });
  t.match(tests[1], { reason: 'todo: unfinished' });
  t.same(read('TAP version 14\n1..0 # no broker\n'), [{ name: '', result: 'skipped', reason: 'no broker' }]);
});

t.test('a subtest that fails as a whole is a failure though no assertion in it failed', async (t) => {
  const tests = read(`TAP version 14
# Subtest: hangs
    ok 1 - started
    1..1
not ok 1 - hangs
  ---
  reason: timeout!
  ...
1..1
`);
  t.match(tests, [{ result: 'failed', name: 'hangs', failures: [{ diagnosis: { reason: 'timeout!' } }] }]);
});

t.test('fewer tests than planned, no plan, and an output cut off are failures', async (t) => {
  const isFailed = (tap: string): boolean => read(tap).some((test) => test.result === 'failed');
  t.ok(isFailed('TAP version 14\nok 1 - a\n1..2\n'), 'fewer than planned');
  t.ok(isFailed('TAP version 14\nok 1 - a\n'), 'no plan');
  t.ok(isFailed('TAP version 14\n# Subtest: cut\n    ok 1 - a\n'), 'cut off in a subtest');
  t.ok(isFailed('TAP version 14\nok 1 - a\nBail out! the disk is gone\n'), 'bailed out');
  t.notOk(isFailed('TAP version 14\nok 1 - a\n1..1\n'), 'a whole one');
});

t.test('lines that are no TAP are kept for the report', async (t) => {
  const reader = createTapReader();
  reader.write('TAP version 14\nhello there\nok 1 - a\n1..1\n');
  t.match(reader.end().otherLines, 'hello there');
});
