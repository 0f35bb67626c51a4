/** The last words of a task's stages before a commit: what they tell once for all that was handled since the one before. */
import type { StageRunner } from './stage-runner.ts';

/** Null where all is said; else what one of them has thrown, which ends the task. `settle`: what was said is done. */
export function prepareCommit(stages: readonly StageRunner[], settle: () => void): { readonly thrown: unknown } | null {
  try {
    for (const { task, moment } of stages) {
      if (task.onCommit === undefined) continue;
      // No record is at hand.
      moment.keyId = -1;
      task.onCommit();
      settle();
    }
    return null;
  } catch (thrown) {
    return { thrown };
  }
}
