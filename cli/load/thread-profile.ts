/**
 * The sampling profiler that Node has built in, for one thread: started by the thread itself, because an inspector sees
 * its own thread alone. A worker is asked for its profile over a channel and answers with its name.
 */
import { type Profiler, Session } from 'node:inspector/promises';
import { BroadcastChannel, threadName } from 'node:worker_threads';

export type CpuProfile = Profiler.Profile;

export interface ThreadProfile {
  /** Name of the channel over which profiles are asked for and handed over. */
  readonly channel: string;
  readonly intervalUs: number;
}

export interface ProfileAnswer {
  readonly thread: string;
  readonly profile: CpuProfile;
}

/** What the channel carries: the parent's word to begin or end, and each thread's profile. */
export type ProfileMessage = 'start' | 'stop' | ProfileAnswer;

export interface RunningProfile {
  stop(): Promise<CpuProfile>;
}

export async function startProfile(intervalUs: number): Promise<RunningProfile> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
  await session.post('Profiler.start');
  return {
    async stop() {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return profile;
    },
  };
}

/** In a worker thread: profiles from the parent's `start` to its `stop`. Resolves at once. */
export async function profileThisThread({ channel, intervalUs }: ThreadProfile): Promise<void> {
  const port = new BroadcastChannel(channel);
  let running: Promise<RunningProfile> | null = null;
  const stop = async (started: Promise<RunningProfile>) => {
    const profile = await (await started).stop();
    port.postMessage({ thread: threadName ?? '', profile } satisfies ProfileAnswer);
  };
  port.onmessage = (event: unknown) => {
    const said = (event as { readonly data: ProfileMessage }).data;
    if (said === 'start') running ??= startProfile(intervalUs);
    else if (said === 'stop' && running !== null) {
      void stop(running);
      running = null;
    }
  };
  // It must not keep the thread from ending.
  port.unref();
}
