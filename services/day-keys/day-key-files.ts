/**
 * The day's keys as files, one seed of 32 bytes each, outside of the log, whose copy-on-write pages would keep them.
 * This is the reading half, for any thread: it holds derived keys in memory for a second at a time and drops them as
 * soon as it sees, or is told, that the file is gone.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, MsecError, type Timer } from '../../engine/index.ts';
import type { OpeningKeys } from '../../schemas/envelope/index.ts';

export const SEED_BYTES = 32;
export const DAY_MS = 86_400_000;
export const HARD_DEADLINE_MS = 48 * 3_600_000;
/** A key is used at most this long after its file was last seen. */
const TRUSTED_MS = 1000;
/** Days at once in memory: today, yesterday, and what a replay may still reach. */
const CACHED_MAX = 8;
/** A UTC day, and a number from the second key of one day on. Nothing else ever becomes part of a path. */
const KEY_ID = /^\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?$/;

export interface DerivedKeys {
  /** AES-256, of sealed records. */
  readonly sealing: KeyObject;
  /** HMAC-SHA-256, of pseudonyms. */
  readonly pseudonym: KeyObject;
}

/** HKDF-SHA-256 (RFC 5869), so that neither key tells anything about the other. The seed is wiped. */
export function deriveKeys(seed: Uint8Array, keyId: string): DerivedKeys {
  const derive = (purpose: string): KeyObject => {
    const bytes = new Uint8Array(hkdfSync('sha256', seed, '', `msec/${purpose}/v1/${keyId}`, 32));
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  };
  const keys = { sealing: derive('seal'), pseudonym: derive('pseudonym') };
  seed.fill(0);
  return keys;
}

/** 2026-11-23, of Unix milliseconds. */
export function utcDay(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10);
}

/** Unix milliseconds of the end of the day that a key belongs to. */
export function dayEndMs(keyId: string): number {
  return Date.parse(`${keyId.slice(0, 10)}T00:00:00Z`) + DAY_MS;
}

interface Held {
  readonly keys: DerivedKeys | null;
  seenMs: number;
}

export class DayKeyFiles implements OpeningKeys {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #isShared: boolean;
  #look: Timer | undefined;

  /**
   * `isShared`: another process may have made a key that this one cannot see yet, or not at all. Then a key that is
   * neither there nor known to be destroyed is DEPENDENCY_DOWN, which pauses the reader, until it is past its deadline.
   */
  constructor(folder: string, clock: Clock, isShared = false) {
    this.#folder = folder;
    this.#clock = clock;
    this.#isShared = isShared;
  }

  openingKey(keyId: string): KeyObject | null {
    return this.#keys(keyId)?.sealing ?? null;
  }

  pseudonymKey(keyId: string): KeyObject | null {
    return this.#keys(keyId)?.pseudonym ?? null;
  }

  /** At a message that the key was destroyed; without one the next look at the file finds out. */
  forget(keyId: string): void {
    this.#held.delete(keyId);
  }

  /** Ids of the keys in this thread's memory. */
  held(): string[] {
    return [...this.#held].flatMap(([keyId, { keys }]) => (keys === null ? [] : [keyId]));
  }

  pathOf(keyId: string): string {
    return join(this.#folder, `${keyId}.key`);
  }

  /** The file that says that there was such a key. */
  markerOf(keyId: string): string {
    return join(this.#folder, `${keyId}.destroyed`);
  }

  #keys(keyId: string): DerivedKeys | null {
    const nowMs = this.#clock.monotonic();
    const held = this.#held.get(keyId);
    if (held !== undefined && nowMs - held.seenMs < TRUSTED_MS) return held.keys;
    if (held !== undefined && held.keys !== null && existsSync(this.pathOf(keyId))) {
      held.seenMs = nowMs;
      return held.keys;
    }
    const keys = this.#read(keyId);
    this.#held.delete(keyId);
    this.#held.set(keyId, { keys, seenMs: nowMs });
    if (this.#held.size > CACHED_MAX) this.#held.delete(this.#held.keys().next().value as string);
    this.#lookLater();
    return keys;
  }

  /** A key of a day that is over is asked for no more: nothing but a look of our own would let go of it. */
  #lookLater(): void {
    if (this.#look !== undefined || this.#held.size === 0) return;
    this.#look = this.#clock.after(TRUSTED_MS, () => {
      this.#look = undefined;
      for (const [keyId, { keys }] of this.#held) {
        if (keys === null || !existsSync(this.pathOf(keyId))) this.#held.delete(keyId);
      }
      this.#lookLater();
    });
    this.#look.unref?.();
  }

  /** Null also while the file is being overwritten for its destruction: all bytes zero, or not all there. */
  #read(keyId: string): DerivedKeys | null {
    if (!KEY_ID.test(keyId)) return null;
    let seed: Buffer;
    try {
      seed = readFileSync(this.pathOf(keyId));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.#refuseUnseen(keyId);
        return null;
      }
      // Anything else may pass: it must pause the reader, as a dead letter would be for good.
      throw new MsecError('DEPENDENCY_DOWN', `the key file of ${keyId} cannot be read`, { cause: error });
    }
    if (seed.length !== SEED_BYTES || seed.every((byte) => byte === 0)) return null;
    return deriveKeys(seed, keyId);
  }

  #refuseUnseen(keyId: string): void {
    const ageMs = this.#clock.now() - dayEndMs(keyId);
    // Nothing has sealed with the key of a day that far ahead, whatever a record says.
    const mayLive = ageMs < HARD_DEADLINE_MS && ageMs > -2 * DAY_MS;
    if (!this.#isShared || !mayLive || existsSync(this.markerOf(keyId))) return;
    throw new MsecError(
      'DEPENDENCY_DOWN',
      `the key ${keyId} is not in ${this.#folder}, and was not destroyed there: do all processes use one keys.folder?`,
    );
  }
}

export function isKeyId(keyId: string): boolean {
  return KEY_ID.test(keyId);
}
