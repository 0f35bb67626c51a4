/** Profiles of all worker threads and of the main one, from the same moment to the same moment. */
import { BroadcastChannel } from 'node:worker_threads';
import { type Clock, MsecError } from '../../engine/index.ts';
import { type CpuProfile, type ProfileMessage, startProfile, type ThreadProfile } from './thread-profile.ts';

export interface ThreadProfiles {
  readonly main: CpuProfile;
  readonly workers: ReadonlyMap<string, CpuProfile>;
}

/** A profile of a minute takes a moment to be put together. */
const ANSWER_MS_MAX = 30_000;

/** `workers`: how many threads answer; they have been started with the same profile settings. */
export async function profileThreads(
  { channel, intervalUs }: ThreadProfile,
  workers: number,
  clock: Clock,
  run: () => Promise<void>,
): Promise<ThreadProfiles> {
  const port = new BroadcastChannel(channel);
  const profiles = new Map<string, CpuProfile>();
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  port.onmessage = (event: unknown) => {
    const said = (event as { readonly data: ProfileMessage }).data;
    if (typeof said === 'string') return;
    profiles.set(said.thread, said.profile);
    if (profiles.size === workers) resolve();
  };
  try {
    const running = await startProfile(intervalUs);
    port.postMessage('start' satisfies ProfileMessage);
    let main: CpuProfile;
    try {
      await run();
    } finally {
      port.postMessage('stop' satisfies ProfileMessage);
      main = await running.stop();
    }
    const late = clock.after(ANSWER_MS_MAX, () =>
      reject(new MsecError('ACTOR_FAILED', `${workers - profiles.size} of ${workers} workers gave no profile`)),
    );
    await all;
    late.cancel();
    return { main, workers: profiles };
  } finally {
    port.close();
  }
}
