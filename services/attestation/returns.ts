/**
 * Acts on the policy's word for devices that have proved themselves again: it follows device.quarantine, of this process's
 * partitions, and at a mark of verify decides on what was held of the device before it. What it remembers can be read from
 * the log again; the group's offset only says from where on it must be, so that a death between any two steps changes
 * nothing: what was decided is known from device.decisions. Below that offset nothing is held any more, which is what keys of
 * sealed frames wait for.
 */
import type { Clock, Log, LogReader, Timer } from '../../engine/index.ts';
import { DEVICE_QUARANTINE } from '../../schemas/topics/index.ts';
import { HELD, type HeldFrames, type HeldRequest, type HeldSpan } from './held-frames.ts';
import { eachRecord } from './key-records.ts';

export interface ReturnsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly held: HeldFrames;
  readonly partitions: number;
  /** Whether this process works on the partition: the others leave it to that one. */
  readonly isHere: (partition: number) => boolean;
  /** Null where an operator decides: then it only follows how far that has come. */
  readonly terms: Omit<HeldRequest, 'device'> | null;
  /** Told once until it goes well again. */
  readonly onFailure: (error: unknown) => void;
}

export const RETURNS_GROUP = 'city.returns';
const LOOK_MS = 250;
const RETRY_MS_MAX = 10_000;
/** How often the offset may move: nothing depends on it but how much is read again. */
const KEEP_MS = 10_000;
/** Read at a time; marks that are not acted on yet are kept in memory. */
const MARKS_MAX = 1_000;

/** What is known of a partition while it is this process's. */
interface Followed {
  offset: number;
  /** The group's. */
  kept: number;
  /** The first and the last held frame of each device that no mark has followed yet. */
  readonly held: Map<string, { readonly first: number; readonly last: number }>;
  /** What was held of devices that are back, until it is decided on. */
  readonly returned: Map<string, HeldSpan>;
}

export class Returns {
  readonly #options: ReturnsOptions;
  readonly #reader: LogReader;
  readonly #followed = new Map<number, Followed>();
  #timer: Timer | null = null;
  #round: Promise<void> = Promise.resolve();
  #keptAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isClosed = false;

  constructor(options: ReturnsOptions) {
    this.#options = options;
    this.#reader = options.log.openReader();
  }

  start(): void {
    const { clock, onFailure } = this.#options;
    const waitMs = Math.min(RETRY_MS_MAX, LOOK_MS * 2 ** Math.min(this.#failures, 10));
    this.#timer = clock.after(waitMs, () => {
      this.#round = this.step().then(
        () => {
          this.#failures = 0;
        },
        (error: unknown) => {
          this.#failures += 1;
          if (this.#failures === 1 && !this.#isClosed) onFailure(error);
        },
      );
      void this.#round.then(() => {
        if (!this.#isClosed) this.start();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
    await this.#reader.close();
  }

  /** Takes in what has come and decides on all devices that are back; gives how many frames. */
  async step(): Promise<number> {
    let frames = 0;
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      if (this.#isClosed) break;
      if (!this.#options.isHere(partition)) {
        this.#followed.delete(partition);
        continue;
      }
      const followed = this.#followed.get(partition) ?? (await this.#begin(partition));
      while (!this.#isClosed && (await this.#read(partition, followed))) frames += await this.#act(partition, followed);
      frames += await this.#act(partition, followed);
    }
    await this.#keep();
    return frames;
  }

  async #begin(partition: number): Promise<Followed> {
    const committed = await this.#reader.committed(RETURNS_GROUP, DEVICE_QUARANTINE);
    const offset = committed[partition] ?? 0;
    const followed = { offset, kept: offset, held: new Map(), returned: new Map() };
    this.#followed.set(partition, followed);
    return followed;
  }

  /** True where there is more. */
  async #read(partition: number, followed: Followed): Promise<boolean> {
    const { held, returned } = followed;
    const place = { topic: DEVICE_QUARANTINE, partition, from: followed.offset, clock: this.#options.clock };
    let isFull = false;
    followed.offset = await eachRecord(this.#reader, place, ({ key, value, offset }) => {
      if (value[0] === HELD) {
        held.set(key, { first: held.get(key)?.first ?? offset, last: offset });
        return true;
      }
      const since = held.get(key);
      if (since === undefined || this.#options.terms === null) return true;
      held.delete(key);
      returned.set(key, { from: returned.get(key)?.from ?? since.first, end: offset + 1 });
      isFull = returned.size >= MARKS_MAX;
      return !isFull;
    });
    return isFull;
  }

  async #act(partition: number, { returned }: Followed): Promise<number> {
    const { held, terms } = this.#options;
    if (returned.size === 0 || terms === null) return 0;
    const frames = await held.decideAll(partition, returned, terms);
    returned.clear();
    return frames;
  }

  /** Moves the group's offsets to where the first held frame is that is not decided on. */
  async #keep(): Promise<void> {
    const { clock, log, held } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - this.#keptAtMs < KEEP_MS) return;
    this.#keptAtMs = nowMs;
    const offsets: { group: string; topic: string; partition: number; offset: number }[] = [];
    for (const [partition, followed] of this.#followed) {
      const decidedTo = await held.decided(partition);
      let first = followed.offset;
      for (const [device, of] of followed.held) {
        // An operator was faster.
        if (of.last < decidedTo(device)) followed.held.delete(device);
        else first = Math.min(first, Math.max(of.first, decidedTo(device)));
      }
      if (first <= followed.kept) continue;
      offsets.push({ group: RETURNS_GROUP, topic: DEVICE_QUARANTINE, partition, offset: first });
      followed.kept = first;
    }
    if (offsets.length > 0) await log.commit({ offsets });
  }
}
