/** verify: device.frames → device.verified. Options, state and what it refuses: verify.ts. */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { DeviceTopics } from '../../schemas/topics/index.ts';
import { type VerifyOptions, VerifyTask, verifyState } from './verify.ts';

export type { FailureBudgetOptions } from './failure-budget.ts';
export { CLOCK_AHEAD_MS_MAX, type VerifyOptions } from './verify.ts';

export function verifyActor(topics: DeviceTopics, options: VerifyOptions): AnyActor {
  return defineActor({
    name: 'verify',
    inputs: { frames: topics.frames },
    outputs: { verified: topics.verified },
    state: verifyState,
    open: (context) => new VerifyTask(context, options),
  });
}
