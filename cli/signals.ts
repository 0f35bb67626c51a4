/**
 * When to stop, and when to give up waiting. The first signal asks for a drain; npm passes a Ctrl-C on that the terminal
 * has sent already, so a second one right after it is the same one; a third that is meant, or 25 s, forces the end.
 */
import type { Clock, Timer } from '../engine/index.ts';

/** Less than docker-compose.yml gives. */
export const FORCE_MS = 25_000;
const DOUBLE_MS = 100;
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
  release(): void;
}

/** `force` is called at most once, with the reason. */
export function watchSignals(source: SignalSource, clock: Clock, force: (because: string) => void): Stop {
  const { promise, resolve } = Promise.withResolvers<string>();
  let count = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  let deadline: Timer | undefined;
  const release = () => {
    deadline?.cancel();
    for (const signal of SIGNALS) source.off(signal, handle);
  };
  const end = (because: string) => {
    release();
    force(because);
  };
  const handle = (signal: NodeJS.Signals) => {
    const now = clock.monotonic();
    const isDouble = now - countedAt < DOUBLE_MS;
    // Only one double for each: a third one in the same moment is meant.
    countedAt = isDouble ? Number.NEGATIVE_INFINITY : now;
    if (isDouble) return;
    count++;
    deadline ??= clock.after(FORCE_MS, () => end(`draining took more than ${FORCE_MS / 1_000} s`));
    if (count >= SIGNALS_TO_FORCE) end('a third signal came');
    else resolve(signal === 'SIGINT' ? 'Ctrl-C' : signal);
  };
  for (const signal of SIGNALS) source.on(signal, handle);
  return { requested: promise, release };
}
