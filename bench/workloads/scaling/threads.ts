/**
 * One thread, two, and on a larger machine more, over signed frames, which is work for the processor alone; beside each
 * what `openssl speed` verifies with as many processes around the same run: what those do not gain, no engine can.
 *
 * One thread leaves a processor free, two do not: whatever else runs takes nothing from the one and half from the two, and
 * a machine that is shared for a moment shows two threads at the rate of one. So what others took is measured with each
 * run, and a run that was disturbed is made again.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { consumeRun, type Rate } from '../../load/consume-run.ts';
import { checkOutput, type FilledLog, filledLog, PARTITIONS, withCopy } from '../../load/filled-log.ts';
import { opensslVerify } from '../../load/openssl.ts';
import { type Curve, type Figure, figure, type RunOptions, spread } from '../../workload.ts';
import { calmest } from './calmest.ts';

const DEVICES = 1_000;
/** The first of them warm up: what runs is compiled by then, for which V8 takes a second, and every key is imported. */
const FRAMES = { warmUp: 60_000, measured: 120_000 };
const FRAMES_QUICK = { warmUp: 15_000, measured: 30_000 };
const ROUNDS = 5;
const OPENSSL = 'openssl speed -multi';
const OPENSSL_SECONDS = 1;
/** Of the machine, taken by others: the workload's own processes and the kernel come to 1 to 2 %. */
const OTHERS_SHARE_MAX = 0.04;
/** Over all rounds. */
const REPEATS_MAX = 3;

export async function threadScaling({ isQuick, folder, progress }: RunOptions): Promise<readonly [Figure, Curve]> {
  const { warmUp, measured } = isQuick ? FRAMES_QUICK : FRAMES;
  progress(`signing ${warmUp + measured} frames of ${DEVICES} devices`);
  const fleet = { devices: DEVICES, seed: 2, framesPerSecond: 2_000, exponent: 0, evenOver: PARTITIONS };
  const filled = await filledLog(join(folder, 'filled-signed'), fleet, warmUp + measured, true, measured);
  const threads = [1, 2, 4, 8].filter((count) => count <= Math.max(2, Math.min(availableParallelism(), PARTITIONS)));
  const runs = new Map(threads.map((count) => [count, [] as Rate[]]));
  const verified = new Map(threads.map((count) => [count, [] as number[]]));
  const rounds = isQuick ? 1 : ROUNDS;
  const repeats = { left: isQuick ? 0 : REPEATS_MAX, made: 0 };
  let compared = 0;
  for (let round = 1; round <= rounds; round++) {
    // In turn the one or the other first, so that a machine that slows down is in both.
    for (const workers of round % 2 === 1 ? threads : threads.toReversed()) {
      const before = await opensslVerify(workers, OPENSSL_SECONDS);
      const run = await calmest(repeats, OTHERS_SHARE_MAX, async () => {
        const [rate, windows] = await signedRun(filled, join(folder, 'keys'), workers);
        compared = windows;
        const { framesPerSecond, othersShare } = rate;
        progress(
          `${workers} threads, run ${round}/${rounds}: ${Math.round(framesPerSecond)} signed frames/s; others took ${percent(othersShare)}`,
        );
        return rate;
      });
      runs.get(workers)!.push(run);
      verified.get(workers)!.push((before + (await opensslVerify(workers, OPENSSL_SECONDS))) / 2);
    }
  }
  const rates = new Map([...runs].map(([count, own]) => [count, own.map(({ framesPerSecond }) => framesPerSecond)]));
  const gains = (values: ReadonlyMap<number, readonly number[]>) =>
    values.get(2)!.map((two, i) => two / values.get(1)![i]!);
  const others = spread([...runs.values()].flat().map(({ othersShare }) => othersShare));
  return [
    figure({
      name: 'W8: from 1 to 2 threads',
      unit: 'times as many signed frames/s',
      ours: gains(rates),
      peers: { [OPENSSL]: gains(verified) },
      floor: 0.9,
      aim: 0.95,
      judged: OPENSSL,
      notes: [
        `signed frames (ECDSA P-256), embedded log, device.readings written: ${medians(rates)} frames/s; openssl speed ecdsap256 verify -multi 1 and 2: ${medians(verified)} a second, mean of before and after each run`,
        `${measured} frames of ${DEVICES} devices that send alike, ${DEVICES / PARTITIONS} in each of ${PARTITIONS} partitions, appended at once when ${warmUp} others were committed, until all of them are; ${compared} windows equal to the plain computation in each of ${threads.length * rounds} runs; with 2 threads the main thread, which commits, has no processor of its own`,
        `other processes took ${percent(others.median)} of the machine, ${percent(others.max)} at most: with one thread they find a processor free, with two they take from the threads; a run with more than ${percent(OTHERS_SHARE_MAX)} was made again, ${repeats.made} of them, and the calmer one counts`,
      ],
    }),
    {
      name: 'W8: rate by threads',
      x: 'threads',
      isLogarithmic: false,
      unit: 'signed frames/s',
      series: {
        ours: threads.map((x) => ({ x, y: spread(rates.get(x)!) })),
        'openssl verifies': threads.map((x) => ({ x, y: spread(verified.get(x)!) })),
      },
    },
  ];
}

/** Its rate, and how many windows were compared. */
function signedRun(filled: FilledLog, keysFolder: string, workers: number): Promise<readonly [Rate, number]> {
  return withCopy(filled, async (folder) => {
    const topology = { application: 'bench', keysFolder, overrides: { partitions: PARTITIONS } };
    const rate = await consumeRun({ folder, workers, ends: filled.ends, topology, isHeld: true }, 0);
    return [rate, await checkOutput(folder, filled, true)] as const;
  });
}

/** Of one thread and of two. */
function medians(values: ReadonlyMap<number, readonly number[]>): string {
  return [1, 2].map((count) => Math.round(spread(values.get(count)!).median)).join(' and ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
