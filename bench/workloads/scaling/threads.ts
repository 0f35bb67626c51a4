/**
 * One thread, two, and on a larger machine more, over signed frames, which is work for the processor alone; beside each
 * what `openssl speed` verifies with as many processes in the same round: what those do not gain, no engine can.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { consumeRun } from '../../load/consume-run.ts';
import { checkOutput, filledLog, PARTITIONS, withCopy } from '../../load/filled-log.ts';
import { opensslVerify } from '../../load/openssl.ts';
import { type Curve, type Figure, figure, type RunOptions, spread } from '../../workload.ts';

const DEVICES = 1_000;
const FRAMES = 120_000;
const FRAMES_QUICK = 40_000;
const ROUNDS = 5;
const WARM_UP_SHARE = 0.2;
const OPENSSL = 'openssl speed -multi';
const OPENSSL_SECONDS = { full: 2, quick: 1 };

export async function threadScaling({ isQuick, folder, progress }: RunOptions): Promise<readonly [Figure, Curve]> {
  const frames = isQuick ? FRAMES_QUICK : FRAMES;
  progress(`signing ${frames} frames of ${DEVICES} devices`);
  const fleet = { devices: DEVICES, seed: 2, framesPerSecond: 2_000, exponent: 0 };
  const filled = await filledLog(join(folder, 'filled-signed'), fleet, frames, true);
  const threads = [1, 2, 4, 8].filter((count) => count <= Math.max(2, Math.min(availableParallelism(), PARTITIONS)));
  const rates = new Map(threads.map((count) => [count, [] as number[]]));
  const verified = new Map(threads.map((count) => [count, [] as number[]]));
  const rounds = isQuick ? 1 : ROUNDS;
  let compared = 0;
  for (let round = 1; round <= rounds; round++) {
    // In turn the one or the other first, so that a machine that slows down is in both.
    for (const workers of round % 2 === 1 ? threads : threads.toReversed()) {
      verified.get(workers)!.push(await opensslVerify(workers, isQuick ? OPENSSL_SECONDS.quick : OPENSSL_SECONDS.full));
      const rate = await withCopy(filled, async (copy) => {
        const overrides = { partitions: PARTITIONS };
        const topology = { application: 'bench', keysFolder: join(folder, 'keys'), overrides };
        const measured = await consumeRun(
          { folder: copy, workers, ends: filled.ends, topology },
          frames * WARM_UP_SHARE,
        );
        compared = await checkOutput(copy, filled, true);
        return measured;
      });
      rates.get(workers)!.push(rate.framesPerSecond);
      progress(`${workers} threads, run ${round}/${rounds}: ${Math.round(rate.framesPerSecond)} signed frames/s`);
    }
  }
  const gains = (values: typeof rates) => values.get(2)!.map((two, i) => two / values.get(1)![i]!);
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
        `signed frames (ECDSA P-256), embedded log, device.readings written: ${medians(rates)} frames/s; openssl speed ecdsap256 verify -multi 1 and 2: ${medians(verified)} a second, taken before each run`,
        `${frames} frames of ${DEVICES} devices that send alike, ${PARTITIONS} partitions; ${compared} windows equal to the plain computation in each of ${threads.length * rounds} runs; with 2 threads the main thread, which commits, has no processor of its own`,
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

/** Of one thread and of two. */
function medians(values: ReadonlyMap<number, readonly number[]>): string {
  return [1, 2].map((count) => Math.round(spread(values.get(count)!).median)).join(' and ');
}
