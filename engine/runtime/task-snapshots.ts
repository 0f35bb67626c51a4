/**
 * The local copies of the state of a thread's tasks, on a disk of this process. A log of other machines (Kafka) takes
 * its time to be read again; the disk at hand does not.
 */
import type { Clock } from '../base/index.ts';
import { type SnapshotCopies, StageSnapshot, type StageState } from '../state/index.ts';
import { stateTopic } from '../topology/index.ts';

/** What names each changelog topic for ever: its cluster and its id there. A topic that was made anew has another. */
export type ChangelogNames = Readonly<Record<string, string>>;

/** What the threads port is given, so that tasks have local copies. */
export interface LocalState {
  readonly copies: SnapshotCopies;
  readonly changelogs: ChangelogNames;
}

export class TaskSnapshots {
  readonly #copies: SnapshotCopies;
  readonly #plan: string;
  readonly #changelogs: ChangelogNames;
  readonly #clock: Clock;

  constructor(copies: SnapshotCopies, planName: string, changelogs: ChangelogNames, clock: Clock) {
    this.#copies = copies;
    this.#plan = planName;
    this.#changelogs = changelogs;
    this.#clock = clock;
  }

  /** Null where the changelog is not named, so that no copy could be trusted. */
  open(
    task: string,
    stage: string,
    partition: number,
    state: StageState,
    failed: (thrown: unknown) => void,
  ): StageSnapshot | null {
    const changelog = this.#changelogs[stateTopic(this.#plan, stage)];
    if (changelog === undefined) return null;
    const of = { owner: task, stage, changelog: `${changelog}/${partition}` };
    return new StageSnapshot(this.#copies, of, state, this.#clock, failed);
  }
}
