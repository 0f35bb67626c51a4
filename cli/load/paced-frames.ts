/**
 * Appends frames on schedule, whatever the engine does, and knows of each how long it took until its offset was committed. Lag and
 * latency count from the moment a frame was due.
 */
import { type Append, type BatchEncoder, type Clock, errorData } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import type { LoadFleet } from './load-fleet.ts';
import type { ScratchJob } from './scratch-job.ts';

interface Slot {
  readonly dueAtMs: number;
  readonly records: number;
  readonly frames: number;
  /** Offset behind its last frame; null until it is appended. */
  end: number | null;
}

const TICK_MS = 5;
const APPENDS_IN_FLIGHT_MAX = 16;
const FRAMES_AT_ONCE_MAX = 50_000;

export class PacedFrames {
  readonly latencies: { readonly ms: number; readonly frames: number }[] = [];
  /** Processor time of the main thread for making the load: wall time would count what other processes took, too. */
  makerMs = 0;
  /** Frames whose offsets are committed. */
  done = 0;
  failure: string | null = null;
  readonly #job: ScratchJob;
  readonly #fleet: LoadFleet;
  readonly #clock: Clock;
  readonly #encoders: readonly BatchEncoder[];
  readonly #rate: number;
  readonly #startedAt: number;
  /** Of each partition, the oldest first. */
  readonly #slots: readonly Slot[][];
  #sent = 0;
  #inFlight = 0;
  #timer: { cancel(): void } | null = null;
  #stoppedAt: number | null = null;

  constructor(job: ScratchJob, fleet: LoadFleet, clock: Clock, encoders: readonly BatchEncoder[], rate: number) {
    this.#job = job;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#encoders = encoders;
    this.#rate = rate;
    this.#slots = encoders.map(() => []);
    this.#startedAt = clock.monotonic();
    this.#tick();
  }

  now(): number {
    return this.#clock.monotonic() - this.#startedAt;
  }

  /** Frames that are due and not committed. */
  lag(): number {
    return this.#due() - this.done;
  }

  get isSettled(): boolean {
    return this.#inFlight === 0 && this.done === this.#sent;
  }

  stop(): void {
    this.#stoppedAt = this.now();
    this.#timer?.cancel();
  }

  settle(committed: readonly (number | null)[]): void {
    const now = this.now();
    for (const [partition, slots] of this.#slots.entries()) {
      const offset = committed[partition] ?? 0;
      let gone = 0;
      for (; gone < slots.length; gone++) {
        const { end, frames, dueAtMs } = slots[gone]!;
        if (end === null || end > offset) break;
        this.done += frames;
        this.latencies.push({ ms: now - dueAtMs, frames });
      }
      slots.splice(0, gone);
    }
  }

  #due(): number {
    return Math.floor((this.#rate * (this.#stoppedAt ?? this.now())) / 1000);
  }

  #tick(): void {
    if (this.#inFlight < APPENDS_IN_FLIGHT_MAX && this.failure === null) {
      const frames = Math.min(this.#due() - this.#sent, FRAMES_AT_ONCE_MAX, this.#fleet.ready);
      const records = Math.floor(frames / this.#fleet.framesPerRecord);
      if (records > 0) this.#append(records);
    }
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #append(records: number): void {
    const { framesPerRecord } = this.#fleet;
    const making = process.threadCpuUsage();
    const timestamp = this.#clock.now();
    const dueAtMs = (this.#sent * 1000) / this.#rate;
    for (let i = 0; i < records; i++) {
      const { device, value } = this.#fleet.next();
      const { key, partition } = device;
      this.#encoders[partition]!.append(timestamp, key, 0, key.length, value, 0, value.length);
    }
    this.#sent += records * framesPerRecord;
    const appends: Append[] = [];
    const slots: Slot[] = [];
    for (const [partition, encoder] of this.#encoders.entries()) {
      const { count } = encoder;
      if (count === 0) continue;
      const slot = { dueAtMs, records: count, frames: count * framesPerRecord, end: null };
      this.#slots[partition]!.push(slot);
      slots.push(slot);
      appends.push({ topic: DEVICE_FRAMES, partition, bytes: encoder.finish() });
    }
    const { user, system } = process.threadCpuUsage(making);
    this.makerMs += (user + system) / 1000;
    this.#inFlight++;
    this.#job.log
      .commit({ appends, admission: 'refusable' })
      .then(
        ({ baseOffsets }) => {
          for (const [i, slot] of slots.entries()) slot.end = baseOffsets[i]! + slot.records;
        },
        (error: unknown) => {
          const { code, message } = errorData(error);
          this.failure ??= `the log refused frames: ${message} [${code}]`;
        },
      )
      .finally(() => {
        this.#inFlight--;
      });
  }
}
