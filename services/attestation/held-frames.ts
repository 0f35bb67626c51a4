/**
 * The one place where held frames of devices are decided on, for operators and for the policy: dropped, or released into
 * the device's partition of device.frames, where verify takes them once more if the device is trusted then. Each step is
 * one transaction of the frames and of the records that say how far the decisions have come, under an ownership of the
 * partition: whoever repeats it after a death, or was fenced, goes on behind the last step.
 */
import {
  type Append,
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  partitionForKey,
  pause,
  type Random,
  systemRandom,
} from '../../engine/index.ts';
import { type Decision, type DecisionKind, encodeDecision, encodeReleased } from '../../schemas/attestation/index.ts';
import { decodeAttestation } from '../../schemas/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  verifiedFrameCodec,
} from '../../schemas/topics/index.ts';
import { DecisionBook } from './decision-book.ts';
import { eachRecord } from './key-records.ts';

export interface HeldRequest {
  readonly device: string;
  readonly decision: DecisionKind;
  readonly by: string;
  readonly why: string;
}

/** What is decided of one device: its held frames in [from, end), but for those that were decided on before. */
export interface HeldSpan {
  readonly from: number;
  readonly end: number;
}

export interface HeldFramesOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random?: Random;
  /** Whether what was sealed with the day key can still be opened; absent: nobody knows, and nothing is counted. */
  readonly canOpen?: (keyId: string) => boolean;
  /** Told of each step, once it is durable. */
  readonly onDecided?: (decision: Decision) => void;
}

const OWNER = 'msec.quarantine';
const ATTEMPTS_MAX = 8;
const BACK_OFF_MS = 10;
/** Of one transaction. */
export const FRAMES_AT_ONCE = 200;
const BYTES_AT_ONCE = 256 * 1024;
/** The kind byte of a held frame in device.quarantine. */
export const HELD = 1;

interface Place {
  readonly book: DecisionBook;
  ownership: Ownership | null;
  /** One decision after another: the ownership of one would fence the other. */
  turn: Promise<unknown>;
}

/** Frames of one device on their way into a transaction. */
interface Pending extends HeldSpan {
  from: number;
  frames: { readonly timestamp: number; readonly bytes: Uint8Array }[];
  unreadable: number;
}

type Terms = Omit<HeldRequest, 'device'> & { readonly at: number };

export class HeldFrames {
  readonly #options: HeldFramesOptions;
  readonly #random: Random;
  readonly #places = new Map<number, Place>();
  readonly #frames = verifiedFrameCodec();
  #isClosed = false;

  constructor(options: HeldFramesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
  }

  /**
   * All that is held of one device now; returns how many frames were decided on. TOPIC_UNKNOWN where devices are not
   * attested, ATTESTATION_REQUIRED where a device whose frames are to be released is not trusted.
   */
  async decide({ device, ...terms }: HeldRequest): Promise<{ readonly frames: number }> {
    const { log, clock } = this.#options;
    const [topic] = await log.describe([DEVICE_QUARANTINE]);
    if (topic === undefined) throw new MsecError('TOPIC_UNKNOWN', 'devices are not attested here: nothing is held');
    const key = Buffer.from(device, 'latin1');
    const partition = partitionForKey(key, 0, key.length, topic.partitions);
    const reader = log.openReader();
    try {
      if (terms.decision === 'release') await checkTrusted(reader, partition, device);
      const { end } = await reader.bounds(DEVICE_QUARANTINE, partition);
      const spans = new Map([[device, { from: 0, end }]]);
      return { frames: await this.#inTurn(partition, reader, spans, { ...terms, at: clock.now() }) };
    } finally {
      await reader.close();
    }
  }

  /** Of several devices of a partition, in one walk; returns how many frames were decided on. */
  async decideAll(partition: number, spans: ReadonlyMap<string, HeldSpan>, terms: Omit<Terms, 'at'>): Promise<number> {
    const { log, clock } = this.#options;
    const reader = log.openReader();
    try {
      return await this.#inTurn(partition, reader, spans, { ...terms, at: clock.now() });
    } finally {
      await reader.close();
    }
  }

  /** As of the last look at the decisions, which this takes: the device's frames below are decided on. */
  async decided(partition: number): Promise<(device: string) => number> {
    const place = this.#place(partition);
    const reading = place.turn.then(() => place.book.read());
    place.turn = reading.catch(() => undefined);
    await reading;
    return (device) => place.book.decidedTo(device);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { turn, book, ownership } of this.#places.values()) {
      await turn;
      await book.close();
      if (ownership !== null) await this.#options.log.release?.(ownership);
    }
    this.#places.clear();
  }

  #place(partition: number): Place {
    if (this.#isClosed) throw new MsecError('CLOSED', 'decisions on held frames were closed');
    const known = this.#places.get(partition);
    if (known !== undefined) return known;
    const book = new DecisionBook(this.#options.log.openReader(), partition);
    const place: Place = { book, ownership: null, turn: Promise.resolve() };
    this.#places.set(partition, place);
    return place;
  }

  #inTurn(partition: number, reader: LogReader, spans: ReadonlyMap<string, HeldSpan>, terms: Terms): Promise<number> {
    const place = this.#place(partition);
    const deciding = place.turn.then(() => this.#decide(place, partition, reader, spans, terms));
    place.turn = deciding.catch(() => undefined);
    return deciding;
  }

  /** Being fenced costs another try, which begins behind what is decided by then. */
  async #decide(
    place: Place,
    partition: number,
    reader: LogReader,
    spans: ReadonlyMap<string, HeldSpan>,
    terms: Terms,
  ): Promise<number> {
    const { log, clock } = this.#options;
    let frames = 0;
    // Also of a step that was committed though its answer was lost.
    const count = (decision: Decision) => {
      if (decision.at !== terms.at || decision.by !== terms.by || !spans.has(decision.device)) return;
      frames += decision.frames;
      this.#options.onDecided?.(decision);
    };
    for (let attempt = 1; ; attempt++) {
      try {
        if (place.ownership === null) {
          place.ownership = await log.acquire(`${OWNER}-${partition}`);
          await place.book.read(count);
        }
        const step = (decisions: readonly Decision[], released: readonly Uint8Array[][]) =>
          this.#commit(place, partition, decisions, released, count);
        await this.#walk(place.book, partition, reader, spans, terms, step);
        return frames;
      } catch (error) {
        // After a failed commit every later one of this ownership fails as well.
        place.ownership = null;
        if (!(error instanceof MsecError) || error.code !== 'FENCED' || attempt === ATTEMPTS_MAX) throw error;
        // Two that take it from each other in step would do so for ever.
        if (attempt > 1) await pause(clock, (this.#random.u32() / 2 ** 32) * BACK_OFF_MS * 2 ** attempt);
      }
    }
  }

  async #walk(
    book: DecisionBook,
    partition: number,
    reader: LogReader,
    spans: ReadonlyMap<string, HeldSpan>,
    terms: Terms,
    step: (decisions: readonly Decision[], released: readonly Uint8Array[][]) => Promise<void>,
  ): Promise<void> {
    const waiting = new Map<string, Pending>();
    let [from, end] = [Number.POSITIVE_INFINITY, 0];
    for (const [device, span] of spans) {
      const start = Math.max(span.from, book.decidedTo(device));
      if (start >= span.end) continue;
      waiting.set(device, { from: start, end: span.end, frames: [], unreadable: 0 });
      [from, end] = [Math.min(from, start), Math.max(end, span.end)];
    }
    if (waiting.size === 0) return;
    let [count, bytes] = [0, 0];
    const flush = async (to: number) => {
      const decisions: Decision[] = [];
      const released: Uint8Array[][] = [];
      for (const [device, pending] of waiting) {
        const { frames, unreadable } = pending;
        if (frames.length === 0) continue;
        const upTo = Math.min(to, pending.end);
        decisions.push({
          ...{ version: 1, device, ...terms, from: pending.from, to: upTo, end: pending.end, frames: frames.length },
          ...(unreadable === 0 ? {} : { unreadable }),
        });
        if (terms.decision === 'release')
          released.push(frames.map(({ timestamp, bytes: frame }) => encodeReleased(timestamp, frame)));
        Object.assign(pending, { from: upTo, frames: [], unreadable: 0 });
      }
      [count, bytes] = [0, 0];
      if (decisions.length > 0) await step(decisions, released);
    };
    await eachRecord(
      reader,
      { topic: DEVICE_QUARANTINE, partition, from, end, clock: this.#options.clock },
      (record) => {
        const pending = waiting.get(record.key);
        const { offset, value, timestamp } = record;
        if (pending === undefined || value[0] !== HELD || offset < pending.from || offset >= pending.end) return true;
        const frame = value.slice(1);
        pending.frames.push({ timestamp, bytes: terms.decision === 'release' ? frame : NOTHING });
        if (terms.decision === 'release' && !this.#canOpen(frame)) pending.unreadable += 1;
        count += 1;
        bytes += terms.decision === 'release' ? frame.length : 0;
        if (count < FRAMES_AT_ONCE && bytes < BYTES_AT_ONCE) return true;
        return flush(offset + 1).then(() => true);
      },
    );
    await flush(end);
  }

  async #commit(
    { book, ownership }: Place,
    partition: number,
    decisions: readonly Decision[],
    released: readonly Uint8Array[][],
    count: (decision: Decision) => void,
  ): Promise<void> {
    const { log, clock } = this.#options;
    const now = clock.now();
    const encoder = new BatchEncoder();
    const add = (device: string, value: Uint8Array) => {
      const key = Buffer.from(device, 'latin1');
      encoder.append(now, key, 0, key.length, value, 0, value.length);
    };
    const appends: Append[] = [];
    if (released.length > 0) {
      for (const [i, frames] of released.entries()) for (const frame of frames) add(decisions[i]!.device, frame);
      appends.push({ topic: DEVICE_FRAMES, partition, bytes: encoder.finish() });
    }
    for (const decision of decisions) add(decision.device, encodeDecision(decision));
    appends.push({ topic: DEVICE_DECISIONS, partition, bytes: encoder.finish() });
    await log.commit({ ...(ownership === null ? {} : { ownership }), appends, admission: 'internal' });
    for (const decision of decisions) if (book.take(decision)) count(decision);
  }

  /** What cannot be read at all is none of this: verify says so of it. */
  #canOpen(bytes: Uint8Array): boolean {
    const { canOpen } = this.#options;
    if (canOpen === undefined) return true;
    try {
      const { isSealed, sealKeyId } = this.#frames.decode(bytes, 0, bytes.length);
      return !isSealed || canOpen(sealKeyId);
    } catch {
      return true;
    }
  }
}

const NOTHING = new Uint8Array(0);

async function checkTrusted(reader: LogReader, partition: number, device: string): Promise<void> {
  let says = 'it has never proved its state';
  let isTrusted = false;
  await eachRecord(reader, { topic: DEVICE_ATTESTATION, partition, from: 0 }, ({ key, value }) => {
    if (key !== device) return true;
    const attestation = decodeAttestation(value);
    isTrusted = attestation.state === 'trusted';
    says = `${attestation.state}: ${attestation.says}`;
    return true;
  });
  if (!isTrusted)
    throw new MsecError('ATTESTATION_REQUIRED', `${device} is not trusted (${says}): its frames can only be dropped.`, {
      field: 'device',
    });
}
