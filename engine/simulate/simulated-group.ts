/**
 * A group of processes that share partitions, as a coordinator elsewhere sees it: members say now and then that they live
 * and what they have, and are told what they may have. A partition goes to its next member when the one before has given
 * it up, or its session is over: then two may hold it for theirs, and only the log knows better.
 */
import { type Random, randomBelow } from '../base/index.ts';
import type { PartitionShare, ShareHolder } from '../log/index.ts';
import type { Life, Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

export interface GroupSetup {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly trace: Trace;
  /** The coordinator's. */
  readonly world: Life;
  readonly partitions: number;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly messageMsMax: number;
  /** Default: whatever chance gives each. */
  readonly isEven?: boolean;
}

interface Member {
  /** What it may have, and what it has not given up yet. */
  readonly held: Set<number>;
  target: ReadonlySet<number>;
  heardAt: number;
}

/** Null: the coordinator does not know the member (any more). */
type Answer = readonly number[] | null;

export class SimulatedGroup {
  readonly setup: GroupSetup;
  readonly #members = new Map<number, Member>();
  #memberNext = 1;

  constructor(setup: GroupSetup) {
    this.setup = setup;
  }

  openShare(life: Life): PartitionShare {
    return new SimulatedShare(this, life);
  }

  /** Who has what is drawn anew. */
  shuffle(): void {
    this.setup.trace.add('shuffle', () => '');
    this.#retarget();
  }

  join(): number {
    const id = this.#memberNext++;
    this.#members.set(id, { held: new Set(), target: new Set(), heardAt: this.setup.timeline.elapsedMs });
    this.#retarget();
    this.#watch(id);
    return id;
  }

  leave(id: number): void {
    if (this.#members.delete(id)) this.#retarget();
  }

  /** `has` is what the member works on now; null while it is about to give something up. */
  heartbeat(id: number, has: readonly number[] | null): Answer {
    const member = this.#members.get(id);
    if (member === undefined) return null;
    member.heardAt = this.setup.timeline.elapsedMs;
    if (has !== null) {
      for (const partition of member.held)
        if (!member.target.has(partition) && !has.includes(partition)) member.held.delete(partition);
    }
    for (const partition of member.target)
      if (![...this.#members.values()].some((other) => other !== member && other.held.has(partition)))
        member.held.add(partition);
    return [...member.held].filter((partition) => member.target.has(partition));
  }

  #watch(id: number): void {
    const { timeline, world, sessionMs, trace } = this.setup;
    timeline.after(sessionMs / 4, world, () => {
      const member = this.#members.get(id);
      if (member === undefined) return;
      if (timeline.elapsedMs - member.heardAt > sessionMs) {
        trace.add('session-over', () => `member ${id}`);
        this.leave(id);
      } else this.#watch(id);
    });
  }

  #retarget(): void {
    const { partitions, random, isEven = false } = this.setup;
    const members = [...this.#members.values()];
    if (members.length === 0) return;
    const targets = members.map(() => new Set<number>());
    for (let partition = 0; partition < partitions; partition++)
      targets[isEven ? partition % members.length : randomBelow(random, members.length)]!.add(partition);
    for (const [i, member] of members.entries()) member.target = targets[i]!;
  }
}

class SimulatedShare implements PartitionShare {
  readonly #group: SimulatedGroup;
  readonly #life: Life;
  readonly #joined = Promise.withResolvers<void>();
  #holder: ShareHolder | null = null;
  #member: number | null = null;
  /** What the holder was told last, and what it works on. */
  #told: readonly number[] = [];
  #has: readonly number[] | null = [];
  #heardAt = 0;
  #isClosed = false;

  constructor(group: SimulatedGroup, life: Life) {
    this.#group = group;
    this.#life = life;
  }

  async start(holder: ShareHolder): Promise<void> {
    this.#holder = holder;
    this.#join();
    await this.#joined.promise;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const member = this.#member;
    if (member !== null) await this.#ask(() => this.#group.leave(member));
  }

  #join(): void {
    void this.#ask(() => this.#group.join()).then((member) => {
      this.#member = member;
      this.#heardAt = this.#group.setup.timeline.elapsedMs;
      void this.#beat(member);
    });
  }

  async #beat(member: number): Promise<void> {
    const { timeline, heartbeatMs, sessionMs } = this.#group.setup;
    while (!this.#isClosed) {
      const askedAt = timeline.elapsedMs;
      const has = this.#has;
      const answer = await this.#ask(() => this.#group.heartbeat(member, has));
      // What was said a session ago is not true any more: this process may have stood still.
      if (answer === null || timeline.elapsedMs - this.#heardAt > sessionMs) break;
      this.#heardAt = askedAt;
      this.#take(answer);
      this.#joined.resolve();
      await timeline.pause(heartbeatMs, this.#life);
    }
    if (this.#isClosed) return;
    this.#member = null;
    this.#told = [];
    this.#has = [];
    this.#holder?.lost('the session is over');
    this.#join();
  }

  /** A change at a time; what is new meanwhile comes with a later answer. */
  #take(answer: readonly number[]): void {
    if (this.#has === null || `${answer}` === `${this.#told}`) return;
    const member = this.#member;
    this.#told = answer;
    this.#has = null;
    void this.#life.gate(this.#holder!.change(answer)).then(() => {
      if (this.#member === member) this.#has = answer;
    });
  }

  /** There and back, each way taking its time; the dead ask nothing and hear nothing. */
  #ask<T>(question: () => T): Promise<T> {
    const { timeline, random, world, messageMsMax } = this.#group.setup;
    const drawMs = () => (random.u32() / 2 ** 32) * messageMsMax;
    return new Promise((resolve) => {
      timeline.after(drawMs(), world, () => {
        const answer = question();
        timeline.after(drawMs(), this.#life, () => resolve(answer));
      });
    });
  }
}
