/**
 * A device of the fleet with faults on demand around it: a clock that is wrong, a link that is lost, somebody who repeats,
 * cuts off or replays what it sends, or who has its key. Each is made as it comes about in the field, with whole envelopes,
 * so that what the engine makes of it is the engine's own work.
 */
import type { Random } from '../../engine/index.ts';
import { FLEET_FAULTS, type FleetFault } from './fault-names.ts';
import type { FramePublisher } from './frame-ring.ts';
import type { FleetFrame, SimulatedDevice } from './simulated-device.ts';

/** Faults of frames: the share is of frames. The others happen to a device: the share is of devices. */
const OF_FRAMES: ReadonlySet<FleetFault> = new Set(['duplicate', 'late', 'replay', 'truncation']);

export interface FaultShare {
  readonly fault: FleetFault;
  /** 0 to 1. */
  readonly share: number;
}

/** Half of the clocks run ahead, beyond what is taken; half lag, and their frames are late. */
const DRIFT_MS = 300_000;
/** A late frame comes so long after it was signed. */
const LATE_MS_MIN = 12_000;
const LATE_MS_SPAN = 18_000;
const LOST_EVERY_MS = 15_000;
const LOST_MS = 4_000;
/** What waits here at most, of a device; beyond it the oldest go at once. */
const WAITING_MAX = 256;

export interface FaultyDeviceParts {
  readonly device: SimulatedDevice;
  readonly publisher: FramePublisher;
  /** The same device at a start before this one, of a boot epoch that nothing else uses: what somebody records then. */
  readonly recorded: () => SimulatedDevice;
  /** Another device's connection: whoever has stolen a key has that, and not the token. */
  readonly thief: FramePublisher;
  /** With the same key, token and count, and other surroundings. */
  readonly clone: () => SimulatedDevice;
  /** With the same key, and a count beyond the device's. */
  readonly stolen: () => SimulatedDevice;
}

interface Waiting {
  readonly frame: FleetFrame;
  readonly dueMs: number;
}

export class FaultyDevice {
  readonly #parts: FaultyDeviceParts;
  readonly #random: Random;
  readonly #shares: ReadonlyMap<FleetFault, number>;
  readonly #driftMs: number;
  readonly #recorder: SimulatedDevice | null;
  #recorded: FleetFrame | undefined;
  readonly #clone: SimulatedDevice | null;
  readonly #stolen: SimulatedDevice | null;
  readonly #losesLink: boolean;
  #lostUntilMs = 0;
  #nextLossMs: number;
  #waiting: Waiting[] = [];

  constructor(parts: FaultyDeviceParts, faults: readonly FaultShare[], random: Random, nowMs: number) {
    this.#parts = parts;
    this.#random = random;
    this.#shares = new Map(faults.map(({ fault, share }) => [fault, share]));
    this.#driftMs = this.#has('clock-drift') ? (random.u32() % 2 === 0 ? DRIFT_MS : -DRIFT_MS) : 0;
    this.#recorder = this.#shares.has('replay') ? parts.recorded() : null;
    this.#clone = this.#has('cloned') ? parts.clone() : null;
    this.#stolen = this.#has('stolen-key') ? parts.stolen() : null;
    this.#losesLink = this.#has('lost-link');
    this.#nextLossMs = nowMs + (random.u32() % LOST_EVERY_MS);
  }

  /** Makes the device's next frame and hands over what is to be sent now; gives how many were made. */
  send(nowMs: number, faultShare: number): number {
    this.#changeLink(nowMs);
    this.#sendDue(nowMs);
    this.#record(nowMs);
    const { device, publisher, thief } = this.#parts;
    const frame = device.next(nowMs + this.#driftMs, faultShare);
    let made = 1;
    if (frame !== undefined) this.#sendOne(frame, nowMs);
    const cloned = this.#clone?.next(nowMs, 0);
    if (cloned !== undefined) publisher.publish(cloned);
    const stolen = this.#stolen?.next(nowMs, 0);
    if (stolen !== undefined) thief.publish(stolen);
    const replayed = this.#has('replay') ? this.#recorded : undefined;
    if (replayed !== undefined) publisher.publish(replayed);
    for (const more of [cloned, stolen, replayed]) if (more !== undefined) made++;
    return made;
  }

  /** What waits, at the end. */
  rest(): void {
    for (const { frame } of this.#waiting.splice(0)) this.#parts.publisher.publish(frame);
    const rest = this.#parts.device.rest();
    if (rest !== undefined) this.#parts.publisher.publish(rest);
  }

  /** Sent once by the device itself, before it started anew. */
  #record(nowMs: number): void {
    const recorder = this.#recorder;
    if (recorder === null || this.#recorded !== undefined) return;
    this.#recorded = recorder.next(nowMs, 0) ?? recorder.rest();
    if (this.#recorded !== undefined) this.#parts.publisher.publish(this.#recorded);
  }

  #sendOne(frame: FleetFrame, nowMs: number): void {
    const { publisher } = this.#parts;
    if (nowMs < this.#lostUntilMs) this.#wait(frame, this.#lostUntilMs);
    else if (this.#has('late')) this.#wait(frame, nowMs + LATE_MS_MIN + (this.#random.u32() % LATE_MS_SPAN));
    else if (this.#has('truncation')) {
      const { body } = frame;
      publisher.publish({ ...frame, body: body.subarray(0, 1 + (this.#random.u32() % (body.length - 1))) });
    } else {
      publisher.publish(frame);
      if (this.#has('duplicate')) publisher.publish(frame);
    }
  }

  #wait(frame: FleetFrame, dueMs: number): void {
    this.#waiting.push({ frame, dueMs });
    if (this.#waiting.length > WAITING_MAX) this.#parts.publisher.publish(this.#waiting.shift()!.frame);
  }

  #sendDue(nowMs: number): void {
    if (this.#waiting.every(({ dueMs }) => dueMs > nowMs)) return;
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= nowMs);
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > nowMs);
    for (const { frame } of due) this.#parts.publisher.publish(frame);
  }

  #changeLink(nowMs: number): void {
    if (!this.#losesLink || nowMs < this.#nextLossMs) return;
    this.#lostUntilMs = nowMs + LOST_MS;
    this.#nextLossMs = nowMs + LOST_EVERY_MS;
    this.#parts.publisher.cut?.();
  }

  /** Drawn once for a device, for each frame otherwise. */
  #has(fault: FleetFault): boolean {
    const share = this.#shares.get(fault) ?? 0;
    return share > 0 && this.#random.u32() / 2 ** 32 < share;
  }
}

/** `fault`, or `fault:share`; undefined where it is neither. Without a share: 0.05 of the frames, or 0.1 of the devices. */
export function parseFault(text: string): FaultShare | undefined {
  const [name, shareText, ...more] = text.split(':');
  const fault = FLEET_FAULTS.find((known) => known === name);
  if (fault === undefined || more.length > 0) return undefined;
  if (shareText === undefined) return { fault, share: OF_FRAMES.has(fault) ? 0.05 : 0.1 };
  const share = /^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/.test(shareText) ? Number(shareText) : Number.NaN;
  return share > 0 ? { fault, share } : undefined;
}
