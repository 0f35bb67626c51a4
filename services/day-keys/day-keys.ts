/**
 * Makes and destroys the day's keys: the writing half, in the main thread alone, of one process or of several that share
 * the folder. One seed for each UTC day of receive
 * time; once it is destroyed no pseudonym of the day can be made again and no sealed record of the day opened, by
 * anyone (docs/specs/privacy.md).
 */

import type { KeyObject } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Clock, MsecError, type Random, systemRandom } from '../../engine/index.ts';
import type { OpeningKeys, SealingKey } from '../../schemas/envelope/index.ts';
import { DAY_MS, DayKeyFiles, dayEndMs, HARD_DEADLINE_MS, isKeyId, SEED_BYTES, utcDay } from './day-key-files.ts';

/** Records that were sealed just before midnight are durable by then. */
export const SEALING_GRACE_MS = 60_000;
/** Markers of destroyed keys that are kept, so that a clock set back does not make a key of the same name again. */
const MARKERS_MAX = 400;
/** A key takes milliseconds to make; the clocks of a shared disk may differ by much more. */
const MAKING_MS_MAX = 600_000;

export interface DayKeysOptions {
  /** Made with mode 0700 if it is missing. Must lie on a disk, not within the log. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random?: Random;
}

export interface RetireRule {
  /** Whether every required reader has read all records that were sealed with this key. */
  readonly committedPast: (keyId: string) => boolean;
  readonly nowMs: number;
  /** Counted from the end of the day; then the key goes whatever was not read. Default 48 h. */
  readonly hardDeadlineMs?: number;
}

export class DayKeys implements OpeningKeys {
  readonly #folder: string;
  readonly #random: Random;
  readonly #files: DayKeyFiles;
  readonly #listeners = new Set<(keyId: string) => void>();
  #day = '';
  #keyId = '';

  constructor(options: DayKeysOptions) {
    this.#folder = options.folder;
    this.#random = options.random ?? systemRandom;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#files = new DayKeyFiles(this.#folder, options.clock);
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith('.new')) this.#wipeLeftOver(name, options.clock.now());
      else if (name.endsWith('.key')) this.#refuseOpenToOthers(name);
    }
  }

  /** The key for records received at `nowMs`, made when the day has none yet. For every sealed record. */
  sealingKey(nowMs: number): SealingKey {
    const day = utcDay(nowMs);
    if (day !== this.#day) {
      this.#keyId = this.#keyIdOf(day);
      this.#day = day;
    }
    let key = this.#files.openingKey(this.#keyId);
    if (key === null) {
      // Another process of the folder may have destroyed it: a name is never used again.
      this.#keyId = this.#keyIdOf(day);
      key = this.#files.openingKey(this.#keyId) ?? this.#make(this.#keyId);
    }
    return { keyId: this.#keyId, key };
  }

  openingKey(keyId: string): KeyObject | null {
    return this.#files.openingKey(keyId);
  }

  pseudonymKey(keyId: string): KeyObject | null {
    return this.#files.pseudonymKey(keyId);
  }

  /** Key ids that can still open something, the oldest first. */
  list(): string[] {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.key'));
    return names.map((name) => name.slice(0, -4)).sort();
  }

  /** Called with the id of each destroyed key, to be told to other threads; the result ends that. */
  onDestroyed(handle: (keyId: string) => void): () => void {
    this.#listeners.add(handle);
    return () => this.#listeners.delete(handle);
  }

  /**
   * Overwrites, unlinks and makes both durable. A flash disk may keep an old copy of the sector, which file systems
   * cannot prevent: see docs/specs/privacy.md. Nothing happens where there is no such key.
   */
  destroy(keyId: string): void {
    if (!isKeyId(keyId)) throw new MsecError('CONFIG_INVALID', `${JSON.stringify(keyId)} is not a key id`);
    // The marker comes first: a crash in between may leave both, and the next start or call finishes.
    writeFileSync(this.#files.markerOf(keyId), '', { mode: 0o600 });
    // What a crash left while the key was made: a second name would keep the seed.
    const leftOver = readdirSync(this.#folder).filter((name) => name.startsWith(`${keyId}.key.`));
    for (const name of leftOver) this.#wipe(join(this.#folder, name));
    this.#wipe(this.#files.pathOf(keyId));
    this.#files.forget(keyId);
    if (this.#keyId === keyId) this.#day = '';
    this.#dropOldMarkers();
    this.#syncFolder();
    for (const handle of this.#listeners) handle(keyId);
  }

  /** Destroys what may and what must go by now; gives the ids. One that cannot be destroyed does not keep the others. */
  retire(rule: RetireRule): string[] {
    const { committedPast, nowMs, hardDeadlineMs = HARD_DEADLINE_MS } = rule;
    const due = this.list().filter((keyId) => {
      const ageMs = nowMs - dayEndMs(keyId);
      if (existsSync(this.#files.markerOf(keyId)) || ageMs >= hardDeadlineMs) return true;
      return isOver(keyId, nowMs) && committedPast(keyId);
    });
    let failure: unknown;
    for (const keyId of due) {
      try {
        this.destroy(keyId);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return due;
  }

  /** The day itself, or with the next number where a key of that name was destroyed (the clock was set back). */
  #keyIdOf(day: string): string {
    let keyId = day;
    for (let next = 2; existsSync(this.#files.markerOf(keyId)); next++) keyId = `${day}.${next}`;
    return keyId;
  }

  /** Linked into place whole: of two that make it at once, both use the first one's. */
  #make(keyId: string): KeyObject {
    const path = this.#files.pathOf(keyId);
    const fresh = `${path}.${Buffer.from(this.#random.bytes(8)).toString('hex')}.new`;
    const seed = this.#random.bytes(SEED_BYTES);
    const file = openSync(fresh, 'wx', 0o600);
    try {
      writeSync(file, seed);
      fsyncSync(file);
    } finally {
      closeSync(file);
      seed.fill(0);
    }
    try {
      linkSync(fresh, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#wipe(fresh);
    }
    unlink(fresh);
    this.#syncFolder();
    this.#files.forget(keyId);
    const key = this.#files.openingKey(keyId);
    if (key === null) throw new MsecError('KEY_DESTROYED', `the key ${keyId} is gone`, { field: 'keyId' });
    return key;
  }

  /** Only for files with one link: the bytes behind are overwritten. */
  #wipe(path: string): void {
    let file: number;
    try {
      file = openSync(path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      // A second link means that this seed became a key (a crash between link and unlink): only this name goes.
      if (fstatSync(file).nlink === 1) {
        writeSync(file, new Uint8Array(SEED_BYTES), 0, SEED_BYTES, 0);
        fsyncSync(file);
      }
    } finally {
      closeSync(file);
    }
    unlink(path);
  }

  /** Another process may be making a key at this very moment; its name has one link until the key has its own. */
  #wipeLeftOver(name: string, nowMs: number): void {
    const path = join(this.#folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || (found.nlink === 1 && Math.abs(nowMs - found.mtimeMs) < MAKING_MS_MAX)) return;
    this.#wipe(path);
  }

  #dropOldMarkers(): void {
    const markers = readdirSync(this.#folder).filter((name) => name.endsWith('.destroyed'));
    for (const name of markers.sort().slice(0, -MARKERS_MAX)) unlink(join(this.#folder, name));
  }

  #refuseOpenToOthers(name: string): void {
    const file = openSync(join(this.#folder, name), 'r');
    try {
      if ((fstatSync(file).mode & 0o077) === 0) return;
    } finally {
      closeSync(file);
    }
    throw new MsecError('CONFIG_INVALID', `${join(this.#folder, name)} can be read by others: chmod 600`);
  }

  #syncFolder(): void {
    const folder = openSync(this.#folder, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** Of two processes that remove one file, one is late. */
function unlink(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Whether nothing is sealed with the key now: its day has passed, or has not begun, as when a clock had run far ahead
 * and was set right. Else such a key would live for years.
 */
export function isOver(keyId: string, nowMs: number): boolean {
  const endMs = dayEndMs(keyId);
  return nowMs >= endMs + SEALING_GRACE_MS || nowMs < endMs - DAY_MS - SEALING_GRACE_MS;
}
