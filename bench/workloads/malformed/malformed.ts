/** A million malformed frames, by class of mutation, through bridge and topic, good ones between them: test/faults. */
import { join } from 'node:path';
import { runMalformed } from '../../../test/faults/kit/malformed-run.ts';
import { figure, type Workload } from '../../workload.ts';

const FRAMES = 1_000_000;
const FRAMES_QUICK = 50_000;

export const malformed: Workload = {
  name: 'malformed',
  says: 'a million malformed frames: no crash, each in a dead-letter topic with reason and bytes, every good one arrives',
  async run({ isQuick, folder, progress }) {
    const frames = isQuick ? FRAMES_QUICK : FRAMES;
    const seed = Date.now() % 1_000_000;
    const verdict = await runMalformed({ folder: join(folder, 'run'), frames, seed, progress });
    const list = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    return [
      figure({
        name: 'malformed',
        unit: `wrong of ${Object.values(verdict.sent).reduce((sum, count) => sum + count, 0)} frames`,
        ours: [verdict.differences.length + verdict.workersEnded],
        floor: 0,
        aim: 0,
        judged: 'ours',
        isLessBetter: true,
        notes: [
          `seed ${seed}; ${verdict.letters} dead letters, ${verdict.readings} readings, ${verdict.workersEnded} threads ended`,
          `sent by class: ${list(verdict.sent)}`,
          `refused by the bridge: ${list(verdict.refused)}`,
          `reasons: ${list(verdict.reasons)}`,
          ...verdict.differences,
        ],
      }),
    ];
  },
};
