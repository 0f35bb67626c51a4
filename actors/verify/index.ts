/** verify: device.frames → device.verified, or device.quarantine. Options, state and what it refuses: verify.ts. */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { DeviceTopics, TrustTopics } from '../../schemas/topics/index.ts';
import { type VerifyOptions, VerifyTask, verifyState } from './verify.ts';

export type { FailureBudgetOptions } from './failure-budget.ts';
export { CLOCK_AHEAD_MS_MAX, type VerifyOptions } from './verify.ts';

/** With `quarantine` only the frames of devices that attestation trusts go on; without it all do. */
export function verifyActor(
  topics: DeviceTopics & Partial<Pick<TrustTopics, 'quarantine'>>,
  options: VerifyOptions,
): AnyActor {
  const { quarantine } = topics;
  return defineActor({
    name: 'verify',
    inputs: { frames: topics.frames },
    outputs: { verified: topics.verified, ...(quarantine === undefined ? {} : { quarantine }) },
    state: verifyState,
    open: (context) => new VerifyTask(context, options),
  });
}
