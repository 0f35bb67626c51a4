/**
 * Frames already in the log → committed windows, exactly once, two workers, signatures off: windows alone, and with
 * device.readings written. Real EnMon payloads in unsigned envelopes; the output is compared before any time counts.
 */
import { join } from 'node:path';
import { consumeRun, type Rate } from '../../load/consume-run.ts';
import { checkOutput, filledLog, PARTITIONS, walkRate, withCopy } from '../../load/filled-log.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';

const FRAMES = 9_000_000;
const FRAMES_QUICK = 2_500_000;
const WARM_UP = 1_000_000;
const WARM_UP_QUICK = 500_000;
const WORKERS = 2;
const FRAMES_PER_SECOND = 20_000;

const KINDS = [
  { label: 'windows alone', omit: ['device.readings'], floor: 1_000_000, aim: 5_000_000 },
  { label: 'with device.readings written', omit: [], floor: 300_000, aim: 1_000_000 },
] as const;

export const windows: Workload = {
  name: 'windows',
  says: 'frames in the log → committed windows, exactly once, 2 workers, signatures off',
  async run({ isQuick, folder, progress }) {
    const figures: Figure[] = [];
    const frames = isQuick ? FRAMES_QUICK : FRAMES;
    const rounds = isQuick ? 3 : 5;
    for (const devices of [1_000, 10_000]) {
      progress(`${devices} devices: filling ${frames} frames`);
      const options = { devices, seed: 1, framesPerSecond: FRAMES_PER_SECOND };
      const filled = await filledLog(join(folder, `filled-${devices}`), options, frames, false);
      const walked: number[] = [];
      const rates: Rate[][] = KINDS.map(() => []);
      let compared = 0;
      for (let round = 1; round <= rounds; round++) {
        walked.push(await walkRate(filled.folder));
        for (const [i, { label, omit }] of KINDS.entries()) {
          const rate = await withCopy(filled, async (copy) => {
            const task = {
              folder: copy,
              workers: WORKERS,
              ends: filled.ends,
              topology: {
                application: 'bench',
                keysFolder: join(folder, 'keys'),
                overrides: { partitions: PARTITIONS, signatures: 'off' as const, omit },
              },
            };
            const measured = await consumeRun(task, isQuick ? WARM_UP_QUICK : WARM_UP);
            compared = await checkOutput(copy, filled, omit.length === 0);
            return measured;
          });
          rates[i]!.push(rate);
          progress(
            `${devices} devices, ${label}, run ${round}/${rounds}: ${Math.round(rate.framesPerSecond)} frames/s`,
          );
        }
      }
      for (const [i, { label, floor, aim }] of KINDS.entries()) {
        const cpu = rates[i]!.map(({ cpuNsPerFrame }) => cpuNsPerFrame).toSorted((a, b) => a - b);
        figures.push(
          figure({
            name: `windows: ${label}, ${devices} devices`,
            unit: 'frames/s',
            ours: rates[i]!.map(({ framesPerSecond }) => framesPerSecond),
            peers: { 'bare cursor, 1 thread': walked },
            floor,
            aim,
            judged: 'ours',
            notes: [
              `${compared} windows equal to the plain computation in each of ${rounds} runs, no dead letter`,
              `${Math.round(cpu[cpu.length >> 1]!)} ns of processor time a frame (all threads), median`,
              `${frames} frames, ${PARTITIONS} partitions, Zipf, ${FRAMES_PER_SECOND} frames a second of event time`,
            ],
          }),
        );
      }
    }
    return figures;
  },
};
