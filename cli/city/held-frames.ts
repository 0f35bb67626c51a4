/** Decisions on held frames, as a process makes them: told as events, and with a look at the day keys. */
import { type Clock, type Emit, type Log, MsecError } from '../../engine/index.ts';
import type { OpeningKeys } from '../../schemas/envelope/index.ts';
import { HeldFrames } from '../../services/attestation/index.ts';

export function heldFramesOf(log: Log, clock: Clock, keys: OpeningKeys, emit: Emit | null): HeldFrames {
  return new HeldFrames({
    log,
    clock,
    canOpen: (keyId) => {
      try {
        return keys.openingKey(keyId) !== null;
      } catch (error) {
        // Another process's key may come yet.
        if (error instanceof MsecError && error.retriable) return true;
        throw error;
      }
    },
    onDecided: ({ device, decision, by, frames, unreadable = 0 }) =>
      emit?.('heldFramesDecided', { device, decision, by, frames, unreadable }),
  });
}
