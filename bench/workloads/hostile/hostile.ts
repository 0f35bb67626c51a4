/** 100,000 of each kind of envelope that must not pass, in each mode: test/faults. */
import { seededRandom } from '../../../engine/index.ts';
import { runHostile } from '../../../test/faults/kit/hostile-seals.ts';
import { figure, type Workload } from '../../workload.ts';

const COUNT = 100_000;
const COUNT_QUICK = 5_000;

export const hostile: Workload = {
  name: 'hostile',
  says: '100,000 envelopes each, replayed, revoked, in the wrong mode, truncated, bit-flipped, of a cloned device, in each mode: none passes',
  run({ isQuick, progress }) {
    const seed = Date.now() % 1_000_000;
    const { classes, deaf } = runHostile(isQuick ? COUNT_QUICK : COUNT, seededRandom(seed), progress);
    const sent = classes.reduce((sum, one) => sum + one.sent, 0);
    return Promise.resolve([
      figure({
        name: 'hostile',
        unit: `accepted of ${sent} envelopes`,
        ours: [classes.reduce((sum, one) => sum + one.accepted, 0) + deaf.length],
        floor: 0,
        aim: 0,
        judged: 'ours',
        isLessBetter: true,
        notes: [
          `seed ${seed}; ${classes.map((one) => `${one.name}: ${one.accepted} of ${one.sent}`).join('; ')}`,
          'after each class a good envelope passed',
          ...deaf.map((name) => `after ${name} a good envelope did not pass`),
        ],
      }),
    ]);
  },
};
