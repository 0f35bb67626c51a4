/**
 * The list-append workload: several owners append to the lists of keys that lie in several partitions, commit offsets
 * with some of it, abort some of it, and are replaced at random while the instance before goes on as a zombie. What
 * happens is recorded as a history for the checker.
 */
import { pause, type Random, randomBelow, systemClock } from '../../../engine/index.ts';
import type { Append, OffsetRead, Read, Takeover, Transaction } from './checker/history.ts';
import type { ListClient, ListWriter, WriteJob } from './clients/list-client.ts';

export interface WorkloadOptions {
  readonly client: ListClient;
  readonly random: Random;
  readonly topic: string;
  readonly partitions: number;
}

interface Written {
  readonly isUsable: boolean;
  /** Without being asked to. */
  readonly hasFailed: boolean;
}

const ACTIVE_KEYS = 8;
const APPENDS_PER_KEY = 24;
/** So many in a row, and the application makes a new client, though this one says that it could go on. */
const FAILURES_MAX = 3;
const REOPEN_PAUSE_MS = 100;
/** Some clients have promises that are never settled; the workload goes on without them. */
const SILENCE_MS_MAX = 90_000;

/** Each owner has a group of its own, and commits offsets of this partition. */
export const OFFSET_PARTITION = 0;

export const groupOf = (owner: string): string => `group-${owner}`;

export class Workload {
  readonly transactions: Transaction[] = [];
  readonly takeovers: Takeover[] = [];
  readonly reads: Read[] = [];
  readonly offsetReads: OffsetRead[] = [];
  /** Every key that was ever written, with its partition. */
  readonly keys = new Map<string, number>();
  /** How many calls of the client were never answered. */
  silences = 0;
  readonly #options: WorkloadOptions;
  readonly #active: { readonly key: string; left: number }[] = [];
  readonly #instances = new Map<string, number>();
  #moment = 0;
  #value = 0;
  #offset = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** The next moment of the history. */
  tick(): number {
    return this.#moment++;
  }

  /** One owner's life until the signal; ends when its last zombie has ended. */
  async own(owner: string, signal: AbortSignal): Promise<void> {
    const { random } = this.#options;
    const zombies: Promise<void>[] = [];
    while (!signal.aborted) {
      const writer = await this.open(owner, signal);
      if (writer === undefined) break;
      const instance = this.#instances.get(owner)!;
      let isUsable = true;
      let failures = 0;
      while (isUsable && failures < FAILURES_MAX && !signal.aborted) {
        const together = 1 + randomBelow(random, this.#options.client.inFlightMax);
        const written = await Promise.all(Array.from({ length: together }, () => this.#write(writer, owner, instance)));
        isUsable = written.every((each) => each.isUsable);
        failures = written.some(({ hasFailed }) => hasFailed) ? failures + 1 : 0;
        if (randomBelow(random, 40) === 0) break;
      }
      // Replaced while it is still able to write, or let go for good.
      const more = isUsable || randomBelow(random, 2) === 0 ? 1 + randomBelow(random, 6) : 0;
      zombies.push(this.#outlive(writer, owner, instance, more, signal));
    }
    await Promise.all(zombies);
  }

  /** Takes the owner over; undefined where that did not succeed before the signal. */
  async open(owner: string, signal: AbortSignal): Promise<ListWriter | undefined> {
    do {
      const instance = (this.#instances.get(owner) ?? 0) + 1;
      this.#instances.set(owner, instance);
      const begun = this.tick();
      const place = { group: groupOf(owner), topic: this.#options.topic, partition: OFFSET_PARTITION };
      try {
        const writer = await within(this.#options.client.open(owner, place));
        if (writer === undefined) {
          this.silences++;
          continue;
        }
        this.takeovers.push({ owner, instance, begun, ended: this.tick() });
        return writer;
      } catch {
        await pause(systemClock, REOPEN_PAUSE_MS, signal);
      }
    } while (!signal.aborted);
    return undefined;
  }

  async #outlive(
    writer: ListWriter,
    owner: string,
    instance: number,
    transactions: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (let i = 0; i < transactions && !signal.aborted; i++) {
      if (!(await this.#write(writer, owner, instance)).isUsable) break;
    }
    await within(writer.close());
  }

  async #write(writer: ListWriter, owner: string, instance: number): Promise<Written> {
    const { random, topic } = this.#options;
    const appends = this.#draw();
    const offset = randomBelow(random, 3) === 0 ? ++this.#offset : null;
    const begun = this.tick();
    const job: WriteJob = {
      topic,
      appends: appends.map((append) => ({ ...append, partition: this.keys.get(append.key)! })),
      sends: 1 + randomBelow(random, 3),
      offset: offset === null ? null : { group: groupOf(owner), partition: OFFSET_PARTITION, offset },
      isAborted: randomBelow(random, 10) === 0,
    };
    const result = await within(writer.write(job));
    if (result === undefined) this.silences++;
    const { outcome, isUsable } = result ?? { outcome: 'info', isUsable: false };
    const id = this.transactions.length + 1;
    this.transactions.push({ id, owner, instance, appends, offset, begun, ended: this.tick(), outcome });
    return { isUsable, hasFailed: outcome !== 'ok' && !job.isAborted };
  }

  /** One or two values for each of some keys. Keys are replaced, so that lists stay short. */
  #draw(): Append[] {
    const { random, partitions } = this.#options;
    while (this.#active.length < ACTIVE_KEYS) {
      const key = `k${this.keys.size}`;
      this.keys.set(key, this.keys.size % partitions);
      this.#active.push({ key, left: APPENDS_PER_KEY });
    }
    const appends: Append[] = [];
    const chosen = this.#active.filter(() => randomBelow(random, 3) === 0).slice(0, 4);
    for (const entry of chosen.length > 0 ? chosen : this.#active.slice(0, 1)) {
      for (let count = 1 + randomBelow(random, 2); count > 0; count--) {
        appends.push({ key: entry.key, value: ++this.#value });
        entry.left--;
      }
      if (entry.left <= 0) this.#active.splice(this.#active.indexOf(entry), 1);
    }
    return appends;
  }
}

/** Undefined where it was not settled in time. */
async function within<T>(promise: Promise<T>): Promise<T | undefined> {
  const settled = new AbortController();
  const late = pause(systemClock, SILENCE_MS_MAX, settled.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
