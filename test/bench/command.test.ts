// The command line of the benchmarks over planted workloads: lists, groups, JSON, going on, comparing, exit codes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { benchCommand } from '../../bench/command.ts';
import { Parts } from '../../bench/parts.ts';
import type { Report } from '../../bench/report.ts';
import type { Result } from '../../bench/result.ts';
import type { AnyWorkload } from '../../bench/workload.ts';
import { repositoryRoot } from '../support/needs.ts';
import { plantedFigure, plantedWorkload, plantedWorld, savedResult } from './planted.ts';

const pending: AnyWorkload = { name: 'W4', says: 'planted W4', pending: 'there is nothing to sign with' };
const failing: AnyWorkload = {
  name: 'W3',
  says: 'planted W3',
  run: () => Promise.reject(new Error('no broker')),
};

t.test('without names the workloads are listed, the numbered ones first and in order', async (t) => {
  const world = plantedWorld(t.testdir({}), [
    plantedWorkload('startup', () => []),
    plantedWorkload('W10', () => []),
    pending,
    plantedWorkload('W2', () => []),
  ]);
  t.equal(await benchCommand([], world), 0);
  t.same(
    world.printed.map((line) => line.split(' ')[0]),
    ['W2', 'W4', 'W10', 'startup', 'all', 'gates'],
  );
  t.match(world.printed[1], 'there is nothing to sign with');
});

t.test('the list says how long each took, and what is only expected', async (t) => {
  const folder = t.testdir({});
  let now = 0;
  const slow: AnyWorkload = {
    name: 'W1',
    says: 'planted W1',
    run() {
      now += 90_400;
      return Promise.resolve([plantedFigure()]);
    },
  };
  const world = { ...plantedWorld(folder, [slow, plantedWorkload('W2', () => [])]), now: () => now };
  await benchCommand(['W1'], world);
  const { length } = world.printed;
  await benchCommand([], world);
  const [first, second, all] = world.printed.slice(length);
  t.match(first, /^W1 +90 s +~30 s quick {2}planted W1$/);
  t.match(second, /^W2 +~300 s +~30 s quick {2}planted W2$/);
  t.match(all, /^all +~390 s +~60 s quick /);
});

t.test('all runs W1 to W9, gates the others, each once', async (t) => {
  const ran: string[] = [];
  const names = ['startup', 'W2', 'W1'];
  const world = plantedWorld(
    t.testdir({}),
    names.map((name) => plantedWorkload(name, () => [plantedFigure({ name })], ran)),
  );
  t.equal(await benchCommand(['all'], world), 0);
  t.same(ran.splice(0), ['W1', 'W2']);
  await benchCommand(['gates', 'W1', 'all', '--quick'], world);
  t.same(ran, ['startup', 'W1', 'W2']);
});

t.test('a wrong call changes nothing and says what is wrong', async (t) => {
  const world = plantedWorld(t.testdir({}), [plantedWorkload('W1', () => [])]);
  for (const [args, says] of [
    [['W7'], 'no workload is called W7'],
    [['W1', '--minutes', 'x'], '--minutes takes a number'],
    [['--resume'], 'there is no run to go on with'],
    [['W1', '--fast'], '--fast'],
  ] as const) {
    t.equal(await benchCommand(args, world), 64);
    t.match(world.written.splice(0).join(''), says);
  }
  t.same(world.printed, []);
});

t.test('with --json the output is one object a workload, as the schema says, whatever became of it', async (t) => {
  const schema = JSON.parse(readFileSync(join(repositoryRoot, 'bench', 'report.schema.json'), 'utf8')) as object;
  const isReport = new Ajv2020({ allowUnionTypes: true }).compile(schema);
  const told = plantedFigure({ name: 'W1: only told', floor: null, aim: null, judged: 'ours', peers: {} });
  const curve = {
    name: 'W2: curve',
    x: 'keys',
    isLogarithmic: true,
    unit: 'ns',
    series: { ours: [{ x: 1000, y: { min: 1, median: 2, max: 3, runs: 3 } }] },
  };
  const curved: AnyWorkload = {
    name: 'W2',
    says: 'planted W2',
    run: () => Promise.resolve({ figures: [plantedFigure({ floor: 11 })], curves: [curve] }),
  };
  const world = plantedWorld(t.testdir({}), [
    plantedWorkload('W1', () => [plantedFigure(), told]),
    curved,
    failing,
    pending,
  ]);
  t.equal(await benchCommand(['all', '--json'], world), 1);
  const reports = world.printed.map((line) => JSON.parse(line) as Report);
  for (const report of reports) t.ok(isReport(report), JSON.stringify(isReport.errors));
  const brief = reports.map(({ name, state, pass, unit, ratios }) => [name, state, pass, unit, ratios.Streams?.median]);
  t.same(brief, [
    ['W1', 'measured', true, 'frames/s', 10],
    ['W2', 'measured', false, 'frames/s', 10],
    ['W3', 'failed', false, null, undefined],
    ['W4', 'pending', null, null, undefined],
  ]);
  t.equal(reports[0]!.figures.length, 2);
  t.same(reports[1]!.curves, [curve]);
  t.equal(reports[2]!.reason, 'no broker');
});

t.test('a workload that fails ends with code 1, and the others are measured', async (t) => {
  const ran: string[] = [];
  const world = plantedWorld(t.testdir({}), [failing, plantedWorkload('W5', () => [plantedFigure()], ran)]);
  t.equal(await benchCommand(['all'], world), 1);
  t.same(ran, ['W5']);
  t.match(world.printed[0], /^FAILED +W3: no broker/);
});

t.test('a part that fails is told of beside what the others gave, and measured again by --resume', async (t) => {
  const folder = t.testdir({});
  let isBroken = true;
  const inParts: AnyWorkload = {
    name: 'W8',
    says: 'planted W8',
    async run({ progress }) {
      const parts = new Parts(progress);
      const keys = await parts.measure('keys', () => Promise.resolve(plantedFigure({ name: 'W8: keys' })));
      const threads = await parts.measure('threads', () =>
        isBroken ? Promise.reject(new Error('no openssl')) : Promise.resolve(plantedFigure({ name: 'W8: threads' })),
      );
      return parts.measured([threads, keys]);
    },
  };
  const world = plantedWorld(folder, [inParts]);
  t.equal(await benchCommand(['W8'], world), 1);
  t.match(world.printed[0], /^reached +W8: keys/);
  t.equal(world.printed[1], 'FAILED   W8: threads: no openssl');
  t.same(world.printed.length, 2);
  t.match(world.written.join(''), /W8: threads failed: no openssl\nError: no openssl\n +at /, 'with the place');
  const saved = savedResult(folder, 'results/W8.json') as Result;
  t.same([saved.figures.map(({ name }) => name), saved.failures], [['W8: keys'], ['threads: no openssl']]);
  const page = readFileSync(join(folder, 'RESULTS.md'), 'utf8');
  t.match(page, '\n\n**Failed:** threads: no openssl\n\n| what |');

  world.printed.length = 0;
  await benchCommand(['W8', '--json'], world);
  const { state, reason, pass, figures } = JSON.parse(world.printed[0]!) as Report;
  t.same([state, reason, pass, figures.length], ['failed', 'threads: no openssl', false, 1]);

  isBroken = false;
  world.printed.length = 0;
  t.equal(await benchCommand(['--resume'], world), 0);
  t.same(
    world.printed.map((line) => line.replace(/:.*: .*/, '')),
    ['reached  W8', 'reached  W8'],
  );
  t.notOk('failures' in (savedResult(folder, 'results/W8.json') as Result));
});

t.test('where every part fails there is no result', async (t) => {
  const folder = t.testdir({});
  const world = plantedWorld(folder, [
    {
      name: 'W8',
      says: 'planted W8',
      async run({ progress }) {
        const parts = new Parts(progress);
        for (const name of ['threads', 'keys'])
          await parts.measure(name, () => Promise.reject(new Error(`${name} lack`)));
        return parts.measured([null, null]);
      },
    },
  ]);
  t.equal(await benchCommand(['W8'], world), 1);
  t.same(world.printed, ['FAILED   W8: threads: threads lack; keys: keys lack']);
  t.notOk(existsSync(join(folder, 'results', 'W8.json')));
});

t.test('what is pending is no failure, and the page says why it has no figure', async (t) => {
  const folder = t.testdir({});
  const world = plantedWorld(folder, [plantedWorkload('W1', () => [plantedFigure()]), pending]);
  t.equal(await benchCommand(['all'], world), 0);
  t.match(world.printed[1], /^pending +W4: there is nothing to sign with/);
  const page = readFileSync(join(folder, 'RESULTS.md'), 'utf8');
  t.match(page, /## W4\n\nplanted W4\n\n\*\*Not measured:\*\* there is nothing to sign with/);
  t.match(page, '![W1: planted W1](results/W1.svg)');
});

t.test('a run says before it measures that files hold the memory, and the page says how much', async (t) => {
  const folder = t.testdir({});
  const planted = plantedWorld(folder, [plantedWorkload('W1', () => [plantedFigure()])]);
  await benchCommand(['W1'], planted);
  t.same(planted.written.splice(0), ['W1: running\n']);
  const world = { ...planted, environment: () => ({ ...planted.environment(), freeGigabytes: 1 }) };
  await benchCommand(['W1'], world);
  t.match(planted.written, [/^W1: only 1 of 8 GiB of memory are free/, 'W1: running\n']);
  t.match(
    readFileSync(join(folder, 'RESULTS.md'), 'utf8'),
    '1 GiB of memory free and 1 GiB of page cache, load average',
  );
});

t.test('a quick run leaves the results of the full form alone', async (t) => {
  const folder = t.testdir({});
  let floor = 8;
  const world = plantedWorld(folder, [plantedWorkload('W1', () => [plantedFigure({ floor })])]);
  await benchCommand(['W1'], world);
  floor = 9;
  await benchCommand(['W1', '--quick'], world);
  const floors = ['results/W1.json', 'results/quick/W1.json'].map(
    (path) => (savedResult(folder, path) as Result).figures[0]!.floor,
  );
  t.same(floors, [8, 9]);
});

t.test('--resume goes on behind what the interrupted run had measured', async (t) => {
  const ran: string[] = [];
  const folder = t.testdir({});
  let isBroken = true;
  const second: AnyWorkload = {
    name: 'W2',
    says: 'planted W2',
    run() {
      ran.push('W2');
      return isBroken ? Promise.reject(new Error('interrupted')) : Promise.resolve([plantedFigure()]);
    },
  };
  const world = plantedWorld(folder, [plantedWorkload('W1', () => [plantedFigure()], ran), second]);
  t.equal(await benchCommand(['all'], world), 1);
  t.same(ran.splice(0), ['W1', 'W2']);

  isBroken = false;
  world.printed.length = 0;
  t.equal(await benchCommand(['--resume'], world), 0);
  t.same(ran.splice(0), ['W2']);
  t.same(
    world.printed.map((line) => line.includes('[kept]')),
    [true, false],
  );
  t.equal(await benchCommand(['all', '--resume'], world), 0);
  t.same(ran.splice(0), [], 'everything is there');

  await benchCommand(['all', '--resume', '--quick'], world);
  t.same(ran.splice(0), ['W1', 'W2'], 'not that form');
  world.state.sources = 'two';
  world.written.length = 0;
  await benchCommand(['all', '--resume', '--quick'], world);
  t.same(ran.splice(0), ['W1', 'W2'], 'not those sources');
  t.match(world.written[0], 'everything is measured anew');
  await benchCommand(['all', '--quick'], world);
  t.same(ran.splice(0), ['W1', 'W2'], 'not asked for');
});

t.test('--resume without names goes on in the form that was interrupted', async (t) => {
  const forms: boolean[] = [];
  let isBroken = true;
  const workload = (name: string): AnyWorkload => ({
    name,
    says: `planted ${name}`,
    run({ isQuick }) {
      forms.push(isQuick);
      return name === 'W2' && isBroken ? Promise.reject(new Error('interrupted')) : Promise.resolve([plantedFigure()]);
    },
  });
  const world = plantedWorld(t.testdir({}), [workload('W1'), workload('W2')]);
  t.equal(await benchCommand(['all', '--quick'], world), 1);
  t.same(forms.splice(0), [true, true]);
  isBroken = false;
  t.equal(await benchCommand(['--resume'], world), 0);
  t.same(forms.splice(0), [true], 'what is kept is not measured again, and the rest is quick, too');
});

t.test('--check compares with the committed result of the same form and fails where it is worse', async (t) => {
  const folder = t.testdir({});
  let ours = [100, 100, 100];
  const world = plantedWorld(folder, [plantedWorkload('W1', () => [plantedFigure({ ours })])]);
  t.equal(await benchCommand(['W1', '--check'], world), 0, 'there is nothing to compare with');
  world.committed.set('results/W1.json', readFileSync(join(folder, 'results/W1.json'), 'utf8'));

  ours = [94, 95, 101];
  t.equal(await benchCommand(['W1', '--check'], world), 0, 'noise');
  ours = [84, 85, 86];
  world.printed.length = 0;
  t.equal(await benchCommand(['W1', '--check'], world), 1);
  t.match(
    world.printed[1],
    /^WORSE +W1: planted: 8\.5 \(8\.4 to 8\.6\) × Streams, and at \w+ 10 \(10 to 10\): 15 % less$/,
  );
  t.equal(await benchCommand(['W1', '--quick', '--check'], world), 0, 'the other form has nothing to compare with');

  world.printed.length = 0;
  t.equal(await benchCommand(['--check'], world), 1, 'what lies here, without measuring');
  t.equal(world.printed.at(-1), '1 results compared with those of HEAD: 1 worse');
});
