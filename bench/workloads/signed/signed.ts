/**
 * As windows, each frame signed by its own device (ECDSA P-256), device.readings written. Beside it, before and after
 * every run, what `openssl speed` verifies on as many processes: the ceiling that no engine can pass.
 */
import { join } from 'node:path';
import { consumeRun, type Rate } from '../../load/consume-run.ts';
import { checkOutput, filledLog, PARTITIONS, withCopy } from '../../load/filled-log.ts';
import { opensslVerify } from '../../load/openssl.ts';
import { figure, type Workload } from '../../workload.ts';

const DEVICES = 1_000;
const FRAMES = 400_000;
const FRAMES_QUICK = 150_000;
const WARM_UP_SHARE = 0.2;
const WORKERS = 2;
const OPENSSL_SECONDS = 3;

export const signed: Workload = {
  name: 'signed',
  says: 'the same with a signature on each frame, against `openssl speed -multi 2 ecdsap256` verify',
  async run({ isQuick, folder, progress }) {
    const frames = isQuick ? FRAMES_QUICK : FRAMES;
    const rounds = isQuick ? 3 : 5;
    progress(`signing ${frames} frames of ${DEVICES} devices`);
    const options = { devices: DEVICES, seed: 2, framesPerSecond: 2_000, exponent: 0 };
    const filled = await filledLog(join(folder, 'filled-signed'), options, frames, true);
    const rates: Rate[] = [];
    const verified: number[] = [];
    let compared = 0;
    let before = await opensslVerify(WORKERS, OPENSSL_SECONDS);
    for (let round = 1; round <= rounds; round++) {
      const rate = await withCopy(filled, async (copy) => {
        const topology = {
          application: 'bench',
          keysFolder: join(folder, 'keys'),
          overrides: { partitions: PARTITIONS },
        };
        const task = { folder: copy, workers: WORKERS, ends: filled.ends, topology };
        const measured = await consumeRun(task, frames * WARM_UP_SHARE);
        compared = await checkOutput(copy, filled, true);
        return measured;
      });
      const after = await opensslVerify(WORKERS, OPENSSL_SECONDS);
      rates.push(rate);
      verified.push((before + after) / 2);
      before = after;
      const ratio = (rate.framesPerSecond / verified.at(-1)!).toFixed(3);
      progress(`run ${round}/${rounds}: ${Math.round(rate.framesPerSecond)} frames/s, ${ratio} of openssl`);
    }
    return [
      figure({
        name: `signed: each frame, ${DEVICES} devices`,
        unit: 'frames/s',
        ours: rates.map(({ framesPerSecond }) => framesPerSecond),
        peers: { openssl: verified },
        floor: 0.8,
        aim: 0.95,
        judged: 'openssl',
        notes: [
          `${compared} windows equal to the plain computation in each of ${rounds} runs, no dead letter`,
          `${WORKERS} workers, all devices send alike, so that both have as much to do; openssl speed -multi ${WORKERS}, mean of before and after each run`,
        ],
      }),
    ];
  },
};
