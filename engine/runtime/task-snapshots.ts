/**
 * The local copies of the state of a thread's tasks, in a directory of this process. A log of other machines (Kafka)
 * takes its time to be read again; the disk at hand does not.
 */
import type { Clock } from '../base/index.ts';
import type { Store } from '../log/index.ts';
import { LocalSnapshots, StageSnapshot, type StageState } from '../state/index.ts';
import { stateTopic } from '../topology/index.ts';

/** What all workers are told; plain data. */
export interface LocalState {
  /** The directory, which this process has claimed. */
  readonly path: string;
  /** What names each changelog topic for ever: its cluster and its id there. A topic that was made anew has another. */
  readonly changelogs: Readonly<Record<string, string>>;
}

export class TaskSnapshots {
  readonly #copies: LocalSnapshots;
  readonly #plan: string;
  readonly #changelogs: LocalState['changelogs'];
  readonly #clock: Clock;

  constructor(disk: Store, planName: string, changelogs: LocalState['changelogs'], clock: Clock) {
    this.#copies = new LocalSnapshots(disk);
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
