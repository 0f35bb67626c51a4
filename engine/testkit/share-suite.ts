/**
 * The conformance suite of the partition share: what members of one group are told, and that no partition is two
 * members' as long as all of them are well. A driver registers itself with the parts that it implements.
 */
import type { SuiteTest } from './log-suite-kit.ts';

/** One process's member, seen from outside. */
export interface ShareMember {
  /** What it was told last; null before anything. */
  readonly told: readonly number[] | null;
  /** What its tasks may still run on, beside that. */
  readonly leaving: readonly number[];
  readonly changes: number;
  readonly losses: number;
  /** From now on its tasks take until `release` to end. */
  hold(): void;
  release(): void;
  /** Leaves in order. */
  close(): Promise<void>;
  /** Is gone without a word. */
  kill(): Promise<void>;
  /** Stands still, and goes on. */
  freeze(): void;
  thaw(): void;
}

export interface ShareGroup {
  readonly partitions: number;
  /** Resolves once it has joined. A name makes it static. */
  join(instanceId?: string): Promise<ShareMember>;
  /** Resolves when the condition holds; it is looked at whenever a member is told something. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Looks at the condition as `until` does, for a good part of a session; rejects as soon as it does not hold. */
  stays(condition: () => boolean, what: string): Promise<void>;
  /** The coordinator dies and comes back. */
  restartCoordinator?(): Promise<void>;
  cleanup(): Promise<void>;
}

export type SharePart = 'sharing' | 'leaving' | 'dying' | 'zombies' | 'static' | 'coordinator';
export const ALL_SHARE_PARTS = ['sharing', 'leaving', 'dying', 'zombies', 'static', 'coordinator'] as const;

/** A group for a case of that part. */
type OpenGroup = (part: SharePart) => Promise<ShareGroup>;
type Case = (t: SuiteTest, group: ShareGroup) => Promise<void>;

export function shareSuite(t: SuiteTest, name: string, open: OpenGroup, parts: readonly SharePart[]): void {
  void t.test(`the share suite holds for ${name}`, async (t) => {
    const missing = ALL_SHARE_PARTS.filter((part) => !parts.includes(part));
    if (missing.length > 0) t.comment(`${name} does not implement: ${missing.join(', ')}`);
    for (const part of parts)
      for (const [what, run] of Object.entries(CASES[part]))
        void t.test(what, async (t) => {
          const group = await open(part);
          try {
            await run(t, group);
          } finally {
            await group.cleanup();
          }
        });
  });
}

const toldOf = (members: readonly ShareMember[]): number[] =>
  members.flatMap(({ told }) => told ?? []).sort((a, b) => a - b);

/** Every partition is one member's, and no member has two more than another. */
function isShared({ partitions }: ShareGroup, members: readonly ShareMember[]): boolean {
  const sizes = members.map(({ told }) => told?.length ?? 0);
  const all = toldOf(members);
  const isWhole = all.length === partitions && all.every((partition, i) => partition === i);
  const isEven = Math.max(...sizes) - Math.min(...sizes) <= 1;
  return isWhole && isEven && members.every(({ leaving }) => leaving.length === 0);
}

function heldByTwo(members: readonly ShareMember[]): readonly number[] {
  const held = members.map(({ told, leaving }) => new Set([...(told ?? []), ...leaving]));
  return [...(held[0] ?? [])].filter((partition) => held.filter((of) => of.has(partition)).length > 1);
}

async function settled(group: ShareGroup, members: readonly ShareMember[], what: string): Promise<void> {
  let twice: readonly number[] = [];
  await group.until(() => {
    twice = [...twice, ...heldByTwo(members)];
    return twice.length > 0 || isShared(group, members);
  }, what);
  if (twice.length > 0) throw new Error(`partitions ${twice} were two members' while ${what}`);
}

const CASES: Readonly<Record<SharePart, Readonly<Record<string, Case>>>> = {
  sharing: {
    'a member alone has everything': async (t, group) => {
      const one = await group.join();
      await settled(group, [one], 'one joins');
      t.equal(one.losses, 0);
    },
    'a second takes half, and nothing is two members’ at any moment': async (t, group) => {
      const one = await group.join();
      await settled(group, [one], 'one joins');
      const before = one.told ?? [];
      const two = await group.join();
      await settled(group, [one, two], 'two joins');
      t.ok(
        (one.told ?? []).every((partition) => before.includes(partition)),
        'what the first keeps it has had before',
      );
      const three = await group.join();
      await settled(group, [one, two, three], 'three joins');
      t.equal(one.losses + two.losses + three.losses, 0);
    },
    'a partition is given to another only when its tasks have ended': async (t, group) => {
      const one = await group.join();
      await settled(group, [one], 'one joins');
      one.hold();
      const two = await group.join();
      await group.until(() => one.leaving.length > 0, 'one is to give something up');
      await group.stays(() => (two.told?.length ?? 0) === 0, 'what is not given up yet goes to nobody');
      t.equal(one.losses, 0, 'who takes his time is a member for all that');
      one.release();
      await settled(group, [one, two], 'one has given up');
    },
  },
  leaving: {
    'who leaves is not waited for': async (t, group) => {
      const one = await group.join();
      const two = await group.join();
      await settled(group, [one, two], 'two join');
      await one.close();
      await settled(group, [two], 'one has left');
      t.equal(two.losses, 0);
    },
  },
  dying: {
    'who dies is replaced when the session is over': async (t, group) => {
      const one = await group.join();
      const two = await group.join();
      await settled(group, [one, two], 'two join');
      await one.kill();
      await settled(group, [two], 'one is dead');
      const three = await group.join();
      await settled(group, [two, three], 'another comes');
      t.equal(two.losses, 0);
    },
  },
  zombies: {
    'who stood still for too long learns that everything is lost, and joins again': async (t, group) => {
      const one = await group.join();
      const two = await group.join();
      await settled(group, [one, two], 'two join');
      one.freeze();
      await group.until(() => two.told?.length === group.partitions, 'the session of one is over');
      t.equal(two.losses, 0);
      t.ok((one.told?.length ?? 0) > 0, 'it does not know yet');
      one.thaw();
      await group.until(() => one.losses > 0, 'one learns of it');
      await settled(group, [one, two], 'one is back');
      t.equal(two.losses, 0);
    },
  },
  static: {
    'who comes back by his name within the session finds what he had, and nobody else notices': async (t, group) => {
      const one = await group.join('one');
      const two = await group.join('two');
      await settled(group, [one, two], 'two join');
      const { told } = one;
      const { changes } = two;
      await one.close();
      const again = await group.join('one');
      await settled(group, [again, two], 'one is back');
      t.same(again.told, told);
      t.equal(two.changes, changes);
    },
  },
  coordinator: {
    'a coordinator that dies and comes back finds its members': async (t, group) => {
      const one = await group.join();
      const two = await group.join();
      await settled(group, [one, two], 'two join');
      await group.restartCoordinator?.();
      await settled(group, [one, two], 'it is back');
      await one.close();
      await settled(group, [two], 'one has left');
      t.pass();
    },
  },
};
