/**
 * Devices that wait to be enrolled. All that wait when their turn comes go in one transaction, so that a burst of thousands
 * costs some dozens; each is refused by itself. At most one transaction is on its way.
 */
import { MsecError } from '../../engine/index.ts';
import type { Enrolment, NewDevice } from './device-changes.ts';

const ENROLLED_AT_ONCE = 500;

interface Waiting {
  readonly device: NewDevice;
  readonly resolve: (enrolment: Enrolment) => void;
  readonly reject: (reason: unknown) => void;
}

/** Commits what `make` gives, which is called once more for each further try; CLOSED before the first of them. */
type Commit = (make: () => Enrolment[]) => Promise<Enrolment[]>;

export class EnrolmentQueue {
  readonly #commit: Commit;
  /** Refuses with an error; `ids` go in the same transaction. */
  readonly #enrol: (device: NewDevice, ids: ReadonlySet<string>) => Enrolment;
  readonly #waiting: Waiting[] = [];
  #isAtWork = false;

  constructor(commit: Commit, enrol: (device: NewDevice, ids: ReadonlySet<string>) => Enrolment) {
    this.#commit = commit;
    this.#enrol = enrol;
  }

  add(device: NewDevice): Promise<Enrolment> {
    const { promise, resolve, reject } = Promise.withResolvers<Enrolment>();
    this.#waiting.push({ device, resolve, reject });
    if (!this.#isAtWork) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    while (this.#waiting.length > 0) await this.#enrolSome();
    this.#isAtWork = false;
  }

  async #enrolSome(): Promise<void> {
    let taken: Waiting[] = [];
    const enrolments = new Map<Waiting, Enrolment>();
    const refusals = new Map<Waiting, MsecError>();
    try {
      await this.#commit(() => {
        // Those of a try that failed come first.
        taken = [...taken, ...this.#waiting.splice(0, ENROLLED_AT_ONCE - taken.length)];
        enrolments.clear();
        refusals.clear();
        const ids = new Set<string>();
        for (const waiting of taken) {
          try {
            enrolments.set(waiting, this.#enrol(waiting.device, ids));
            ids.add(waiting.device.deviceId);
          } catch (error) {
            if (!(error instanceof MsecError)) throw error;
            refusals.set(waiting, error);
          }
        }
        return [...enrolments.values()];
      });
    } catch (error) {
      // Closed before anybody's turn came: there will be no other.
      if (taken.length === 0) taken = this.#waiting.splice(0);
      for (const { reject } of taken) reject(error);
      return;
    }
    for (const [{ resolve }, enrolment] of enrolments) resolve(enrolment);
    for (const [{ reject }, refusal] of refusals) reject(refusal);
  }
}
