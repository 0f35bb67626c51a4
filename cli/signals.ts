/**
 * When to stop, and when to give up waiting. The first signal asks for a drain; npm passes a Ctrl-C on that the terminal
 * has sent already, so the same one soon after it is no other one; a third that is meant, or 25 s, forces the end.
 */
import type { Clock, Timer } from '../engine/index.ts';

/** Less than docker-compose.yml gives. */
export const FORCE_MS = 25_000;
/** On a busy machine npm takes its time. */
const DOUBLE_MS = 1_000;
/** The drain's time is counted in steps, so that it passes slower where the machine gives this process hardly any. */
const STEP_MS = 50;
const SIGNALS_TO_FORCE = 3;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The process, as far as signals go. */
export interface SignalSource {
  on(signal: NodeJS.Signals, handle: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, handle: (signal: NodeJS.Signals) => void): unknown;
}

export interface Stop {
  /** Resolves with what the first signal is called. */
  readonly requested: Promise<string>;
  /** It is done and the process is about to end, which a signal that npm passes on late does not change. */
  done(): void;
  release(): void;
}

/** `force` is called at most once, with the reason. */
export function watchSignals(source: SignalSource, clock: Clock, force: (because: string) => void): Stop {
  const { promise, resolve } = Promise.withResolvers<string>();
  let count = 0;
  let counted: { readonly signal: NodeJS.Signals; readonly at: number } | null = null;
  let deadline: Timer | undefined;
  const countDown = (leftMs: number): Timer =>
    clock.after(STEP_MS, () => {
      if (leftMs > STEP_MS) deadline = countDown(leftMs - STEP_MS);
      else end(`draining took more than ${FORCE_MS / 1_000} s`);
    });
  const done = () => deadline?.cancel();
  const release = () => {
    done();
    for (const signal of SIGNALS) source.off(signal, handle);
  };
  const end = (because: string) => {
    release();
    force(because);
  };
  const handle = (signal: NodeJS.Signals) => {
    const at = clock.monotonic();
    const isDouble = counted !== null && counted.signal === signal && at - counted.at < DOUBLE_MS;
    // Only one double for each: a third one in the same moment is meant.
    counted = isDouble ? null : { signal, at };
    if (isDouble) return;
    count++;
    deadline ??= countDown(FORCE_MS);
    if (count >= SIGNALS_TO_FORCE) end('a third signal came');
    else resolve(signal === 'SIGINT' ? 'Ctrl-C' : signal);
  };
  for (const signal of SIGNALS) source.on(signal, handle);
  return { requested: promise, done, release };
}
