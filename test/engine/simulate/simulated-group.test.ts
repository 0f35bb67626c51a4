/** The simulated group tells its members what a real one would. */
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import type { PartitionShare, ShareHolder } from '../../../engine/log/index.ts';
import { Life, SimulatedGroup, Timeline, Trace } from '../../../engine/simulate/index.ts';
import { type ShareGroup, type ShareMember, shareSuite } from '../../../engine/testkit/share-suite.ts';

const SESSION_MS = 300;

class Member implements ShareMember, ShareHolder {
  told: readonly number[] | null = null;
  leaving: readonly number[] = [];
  changes = 0;
  losses = 0;
  readonly #life = new Life();
  readonly #timeline: Timeline;
  readonly share: PartitionShare;
  #released = Promise.resolve();
  #release = () => {};

  constructor(group: SimulatedGroup, timeline: Timeline) {
    this.#timeline = timeline;
    this.share = group.openShare(this.#life);
  }

  async change(partitions: readonly number[]): Promise<void> {
    this.leaving = (this.told ?? []).filter((partition) => !partitions.includes(partition));
    this.told = partitions;
    this.changes++;
    if (this.leaving.length > 0) await this.#released;
    this.leaving = [];
  }

  lost(): void {
    this.told = [];
    this.losses++;
  }

  hold(): void {
    ({ promise: this.#released, resolve: this.#release } = Promise.withResolvers<void>());
  }

  release(): void {
    this.#release();
  }

  close(): Promise<void> {
    return run(this.#timeline, this.share.close());
  }

  async kill(): Promise<void> {
    this.#life.end();
  }

  freeze(): void {
    this.#life.freeze(this.#timeline, 4 * SESSION_MS);
  }

  /** By itself, when its time has come. */
  thaw(): void {}
}

async function run<T>(timeline: Timeline, step: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  step.then(done, done);
  await timeline.run(() => isDone, timeline.elapsedMs + 60_000);
  return step;
}

async function openGroup(seed: number): Promise<ShareGroup> {
  const timeline = new Timeline(seededRandom(seed));
  const world = new Life();
  const group = new SimulatedGroup({
    ...{ timeline, world, random: seededRandom(seed + 1), trace: new Trace(timeline, false) },
    ...{ partitions: 6, sessionMs: SESSION_MS, heartbeatMs: 50, messageMsMax: 20, isEven: true },
  });
  return {
    partitions: 6,
    async join() {
      const member = new Member(group, timeline);
      await run(timeline, member.share.start(member));
      return member;
    },
    until: (condition) => timeline.run(condition, timeline.elapsedMs + 60_000),
    async stays(condition, what) {
      let hasPassed = false;
      timeline.after(SESSION_MS, world, () => {
        hasPassed = true;
      });
      await timeline.run(() => hasPassed || !condition(), timeline.elapsedMs + 60_000);
      if (!condition()) throw new Error(what);
    },
    async cleanup() {
      world.end();
    },
  };
}

let seed = 1;
shareSuite(t, 'the simulated group', () => openGroup(seed++), ['sharing', 'leaving', 'dying', 'zombies']);
