import fc from 'fast-check';
import t from 'tap';
import type { Measured, MeasuredOn } from '../../../cli/capacity/measured.ts';
import { readMeasured } from '../../../cli/capacity/measured.ts';
import { type Assumptions, capacityPlan, fewest, frameCost } from '../../../cli/capacity/plan.ts';

const ON: MeasuredOn = { machine: 'm', cores: 2, node: 'v24', commit: 'c', loadAverage: 0, at: '2026-01-01T00:00:00Z' };
const MEASURED: Measured = {
  format: 1,
  job: {
    on: ON,
    workers: 1,
    none: [{ devices: 1_000, cpuNs: 2_000, workersNs: 1_600, mainNs: 300 }],
    each: [{ devices: 1_000, cpuNs: 80_000, workersNs: 76_000, mainNs: 500 }],
    batch: [{ devices: 1_000, cpuNs: 3_200, workersNs: 2_800, mainNs: 300 }],
    partitionCores: 0.01,
    bytes: {
      frame: { none: 50, each: 200, batch: 60 },
      reading: 100,
      aggregate: 240,
      changes: 60,
      state: 400,
      process: 300e6,
    },
  },
  keys: {
    on: ON,
    workers: 1,
    cpuNs: [
      { keys: 1_000, value: 400 },
      { keys: 10_000_000, value: 2_400 },
    ],
    memory: [{ keys: 1_000_000, value: 150 }],
  },
};

const DAY = 86_400_000;
const ASSUMED: Assumptions = {
  replication: 3,
  utilisation: 0.5,
  cores: 8,
  brokerWrite: 100e6,
  brokerDisk: 4e12,
  brokerNetwork: 1.25e9,
  keepFramesMs: DAY,
  keepReadingsMs: 7 * DAY,
  keepAggregatesMs: 90 * DAY,
};

t.test('a plan is the arithmetic that a person does by hand', async (t) => {
  const demand = { devices: 1_000_000, everyMs: 10_000, signed: 'none' } as const;
  const plan = capacityPlan(MEASURED, demand, ASSUMED);
  t.equal(plan.framesPerSecond, 100_000);
  // One worker has a million keys: three of the four decades in which W8's cost grows sixfold.
  t.ok(Math.abs(plan.cpuNsPerFrame - (2_000 + 400 * 6 ** 0.75 - 400)) < 1e-6, `${plan.cpuNsPerFrame}`);
  // 100,000 of them, and the two partitions of a worker.
  t.ok(Math.abs(plan.cores - (plan.cpuNsPerFrame / 1e4 + 0.02)) < 1e-9);
  t.same([plan.workers, plan.machines, plan.partitions], [1, 1, 4]);
  t.equal(plan.memoryPerMachine, 300e6 + 1_000_000 * 400);
  const written = 100_000 * 50 + 100_000 * 100 + (1_000_000 / 60) * 240 + 100_000 * 60;
  t.ok(Math.abs(plan.networkIn - 3 * written) < 1);
  t.ok(Math.abs(plan.networkOut - (2 * written + 5e6)) < 1);
  t.equal(plan.diskByTopic['device.frames'], 100_000 * 50 * 86_400 * 3);
  t.equal(plan.diskByTopic['device.readings'], 100_000 * 100 * 7 * 86_400 * 3);
  t.ok(Math.abs(plan.diskByTopic['device.aggregates']! - (1_000_000 / 60) * 240 * 90 * 86_400 * 3) < 1);
  t.equal(plan.diskByTopic.changelogs, 1_000_000 * 400 * 4 * 3);
  // 446 TB… of disks: 1.296 + 18.144 + 93.3 + 0.0048 TB, half of each disk used.
  t.same([plan.brokers, plan.brokersBecause], [Math.ceil(plan.disk / 2e12), 'disk']);
});

t.test('signatures are what they cost', async (t) => {
  const demand = { devices: 1_000_000, everyMs: 10_000, signed: 'each' } as const;
  const plan = capacityPlan(MEASURED, demand, ASSUMED);
  // About 80 µs a frame, 8 cores of work, twice that for half of their time; 32 partitions more.
  t.ok(plan.cores >= 8.3 && plan.cores < 8.5, `${plan.cores}`);
  t.equal(plan.machines, 3);
  t.ok(plan.workers >= 16 && plan.workers <= 18);
});

t.test('more devices, more often, never need less', async () => {
  const exponent = fc.double({ min: 0, max: 9.5, noNaN: true });
  const every = fc.integer({ min: 10, max: 600_000 });
  fc.assert(
    fc.property(
      exponent,
      exponent,
      every,
      every,
      fc.constantFrom('none', 'each', 'batch'),
      (a, b, slow, fast, signed) => {
        const of = (power: number, everyMs: number) =>
          capacityPlan(MEASURED, { devices: Math.ceil(10 ** power), everyMs, signed: signed as 'none' }, ASSUMED);
        const [less, more] = [of(Math.min(a, b), slow), of(Math.max(a, b), slow)];
        const [seldom, often] = [of(a, Math.max(slow, fast)), of(a, Math.min(slow, fast))];
        for (const [one, other] of [
          [less, more],
          [seldom, often],
        ] as const) {
          for (const name of ['machines', 'brokers', 'disk', 'networkIn', 'networkOut', 'memory'] as const)
            if (other[name] < one[name]) throw new Error(`${name}: ${one[name]}, then ${other[name]}`);
          if (other.partitions < one.partitions) throw new Error(`partitions: ${one.partitions}, ${other.partitions}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

t.test(
  'every machine has what the plan says: the work fits into the cores, the keys into what was measured',
  async () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9.5, noNaN: true }), fc.integer({ min: 1, max: 128 }), (power, cores) => {
        const devices = Math.ceil(10 ** power);
        const plan = capacityPlan(MEASURED, { devices, everyMs: 10_000, signed: 'each' }, { ...ASSUMED, cores });
        return (
          plan.cores <= plan.machines * cores * ASSUMED.utilisation + 1e-9 &&
          plan.partitions >= plan.workers &&
          plan.keysPerWorker <= 10_000_000 &&
          plan.brokers >= ASSUMED.replication
        );
      }),
    );
  },
);

t.test('without W8 no worker is given more keys than a million', async (t) => {
  const { keysMax } = frameCost({ ...MEASURED, keys: null }, 'none');
  t.equal(keysMax, 1e6);
  const demand = { devices: 20_000_000, everyMs: 3_600_000, signed: 'none' } as const;
  const plan = capacityPlan({ ...MEASURED, keys: null }, demand, ASSUMED);
  t.ok(plan.workers >= 20);
  t.ok(plan.isKeysBound);
});

t.test('the fewest that are enough', async () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), (needed) => fewest((count) => count >= needed) === needed));
});

t.test('what is shipped is whole', async (t) => {
  const { format, job, keys } = readMeasured();
  t.equal(format, 1);
  for (const { cpuNs, workersNs, mainNs } of [...job.none, ...job.each, ...job.batch]) {
    t.ok(workersNs > 0 && mainNs > 0 && cpuNs >= workersNs * 0.9, `${cpuNs} ${workersNs} ${mainNs}`);
  }
  t.ok(job.each[0]!.cpuNs > job.none[0]!.cpuNs);
  t.ok(job.each[0]!.cpuNs > 4 * job.batch[0]!.cpuNs);
  for (const bytes of [...Object.values(job.bytes.frame), job.bytes.reading, job.bytes.aggregate, job.bytes.state])
    t.ok(bytes > 10 && bytes < 10_000, `${bytes}`);
  if (keys !== null) t.ok(keys.cpuNs.length > 2 && keys.memory.length > 0);
});
