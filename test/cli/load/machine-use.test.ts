import t from 'tap';
import { limitOf, type MachineUse, machineTimes, machineUse } from '../../../cli/load/machine-use.ts';

const IDLE: MachineUse = { workers: [0.2, 0.2], main: 0.2, process: 0.6, machine: 0.3, cores: 8 };

t.test('what was busy is the limit', async (t) => {
  const limit = (use: Partial<MachineUse>, isOnKafka = false) => limitOf({ ...IDLE, ...use }, isOnKafka).limit;
  t.equal(limit({ workers: [0.97, 0.95] }), 'workers');
  t.equal(limit({ workers: [0.99, 0.3] }), 'one worker');
  t.equal(limit({ main: 0.95 }), 'main thread');
  t.equal(limit({ machine: 0.98 }), 'cores');
  t.equal(limit({}), 'disk');
  t.equal(limit({}, true), 'broker');
});

t.test('it says how busy', async (t) => {
  t.match(limitOf({ ...IDLE, workers: [1, 0.9] }, false).says, '2 workers are 95 % busy');
  t.match(limitOf({ ...IDLE, workers: [1] }, false).says, '1 worker is 100 % busy');
});

t.test('the time of the load maker is no use of the engine', async (t) => {
  const threads = (main: number, worker: number) =>
    new Map([
      ['main', main],
      ['msec-worker-0', worker],
      ['V8Worker', 500],
    ]);
  const from = { atMs: 0, processMs: 0, threads: threads(0, 0), machineMs: 0, cores: 2 };
  const to = { atMs: 1_000, processMs: 1_200, threads: threads(600, 500), machineMs: 1_500, cores: 2 };
  const use = machineUse(from, to, 200);
  t.same({ ...use, main: 0.4 }, { workers: [0.5], main: 0.4, process: 1, machine: 0.75, cores: 2 });
  t.ok(Math.abs((use.main ?? 0) - 0.4) < 1e-9);
});

t.test('a machine is never more than busy, though its ticks come in late', async (t) => {
  const at = (atMs: number, machineMs: number) => ({ atMs, processMs: 0, threads: new Map(), machineMs, cores: 2 });
  t.equal(machineUse(at(0, 0), at(100, 230), 0).machine, 1);
});

t.test('a system that tells nothing of threads still tells of the process', async (t) => {
  const { processMs, cores } = machineTimes(0);
  t.ok(processMs > 0);
  t.ok(cores > 0);
});
