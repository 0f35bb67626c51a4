/**
 * One bridge's way into the intake that all bridges share: limits hold for a device whatever protocols it uses, while
 * what came in is counted for each bridge.
 */
import type { ErrorCode } from '../../engine/index.ts';
import type { Intake, Lane } from './intake.ts';
import type { Outcome } from './outcome.ts';

/** What a bridge uses of the intake. */
export type Entrance = Pick<Intake, 'authenticate' | 'hasRoom' | 'limits' | 'whenRoom'>;

export interface DoorCounts {
  readonly acceptedFrames: number;
  readonly refusedFrames: Readonly<Partial<Record<ErrorCode, number>>>;
}

export class Door implements Entrance {
  readonly #intake: Entrance;
  readonly #onRefused: (code: ErrorCode) => void;
  readonly #refused = new Map<ErrorCode, number>();
  #acceptedFrames = 0;

  /** `onRefused` is called for each refused frame. */
  constructor(intake: Entrance, onRefused: (code: ErrorCode) => void = () => undefined) {
    this.#intake = intake;
    this.#onRefused = onRefused;
  }

  get limits(): Entrance['limits'] {
    return this.#intake.limits;
  }

  get hasRoom(): boolean {
    return this.#intake.hasRoom;
  }

  whenRoom(run: () => void): void {
    this.#intake.whenRoom(run);
  }

  authenticate(...who: Parameters<Entrance['authenticate']>): Lane | undefined {
    const lane = this.#intake.authenticate(...who);
    if (lane === undefined) return undefined;
    return {
      deviceId: lane.deviceId,
      hasToken: lane.hasToken,
      accept: (body) => lane.accept(body).then((outcome) => this.#count(outcome, 1)),
      attest: (body) => lane.attest(body).then((outcome) => this.#count(outcome, 0)),
    };
  }

  counts(): DoorCounts {
    return { acceptedFrames: this.#acceptedFrames, refusedFrames: Object.fromEntries(this.#refused) };
  }

  #count(outcome: Outcome, frames: 0 | 1): Outcome {
    if (outcome.isAccepted) this.#acceptedFrames += frames;
    else {
      this.#refused.set(outcome.code, (this.#refused.get(outcome.code) ?? 0) + 1);
      this.#onRefused(outcome.code);
    }
    return outcome;
  }
}
