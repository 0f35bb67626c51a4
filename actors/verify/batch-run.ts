/**
 * The frames of one batch on their way through verify: their tags, which of them are new, and, once the signature holds,
 * the run that hands each of those on in the one object that single frames use. A batch counts whole or not at all.
 */
import type { ValueRun } from '../../engine/index.ts';
import { BATCH_FRAMES_MAX, BatchFrames, type EnvelopeView } from '../../schemas/envelope/index.ts';
import type { VerifiedFrame } from '../../schemas/topics/index.ts';
import { contentTag, contentTagAt } from './content-tag.ts';
import { WINDOW } from './device-row.ts';
import type { KnownDevice } from './known-device.ts';
import {
  CONFLICTING,
  FRESH,
  OLD_EPOCH,
  OLD_SEQUENCE,
  REPEATED,
  type SequenceWindow,
  type Verdict,
} from './sequence-window.ts';
import { TagLanes } from './tag-lanes.ts';

/** Below, a call into the lanes costs more than it saves. */
const LANES_FRAMES_MIN = 8;

export class BatchRun implements ValueRun {
  readonly from = 0;
  /** How many of the frames are new. */
  to = 0;
  readonly timestamps = new Float64Array(BATCH_FRAMES_MAX);
  readonly frames = new BatchFrames();
  readonly #tags = new Uint32Array(BATCH_FRAMES_MAX);
  readonly #lanes = new TagLanes();
  /** Places of the new frames in the batch, where not all are new. */
  readonly #fresh = new Int32Array(BATCH_FRAMES_MAX);
  #isAllFresh = true;
  #bootEpoch = 0;
  #sequence = 0;
  #bodyStart = 0;
  /** Of the first frame; Infinity without device times. */
  #baseMs = Number.POSITIVE_INFINITY;
  readonly #verified: VerifiedFrame;

  constructor(verified: VerifiedFrame) {
    this.#verified = verified;
  }

  /** Of the parsed envelope, whose frames were read: what the window says of them together. Changes nothing. */
  verdict(envelope: EnvelopeView, device: Readonly<KnownDevice>, window: SequenceWindow, row: number): Verdict {
    const { bootEpoch, sequence, count } = envelope;
    this.#bootEpoch = bootEpoch;
    this.#sequence = sequence;
    this.#baseMs = envelope.hasDeviceTime ? envelope.deviceTimeMs : Number.POSITIVE_INFINITY;
    this.#bodyStart = envelope.start;
    this.#isAllFresh = window.isAhead(row, bootEpoch, sequence);
    if (this.#isAllFresh) {
      this.to = count;
      this.#tag(envelope, device, Math.max(0, count - WINDOW));
      return FRESH;
    }
    this.#tag(envelope, device, 0);
    this.to = 0;
    let repeated = 0;
    let old = 0;
    for (let i = 0; i < count; i++) {
      const verdict = window.verdict(row, bootEpoch, sequence + i, this.#tags[i]!);
      if (verdict === OLD_EPOCH || verdict === CONFLICTING) return verdict;
      if (verdict === OLD_SEQUENCE) old++;
      else if (verdict === REPEATED) repeated++;
      else this.#fresh[this.to++] = i;
    }
    // Sent again as a whole: what the window no longer holds of it goes with what it does.
    if (repeated > 0 && this.to === 0) return REPEATED;
    return old > 0 ? OLD_SEQUENCE : FRESH;
  }

  /** After the verdict FRESH and a good signature. */
  accept(window: SequenceWindow, row: number): void {
    if (this.#isAllFresh) {
      window.acceptRun(row, this.#bootEpoch, this.#sequence, this.#tags, this.to);
      return;
    }
    for (let i = 0; i < this.to; i++) {
      const place = this.#fresh[i]!;
      window.accept(row, this.#bootEpoch, this.#sequence + place, this.#tags[place]!);
    }
  }

  /** Before the run is emitted. */
  begin(receivedAtMs: number): void {
    const { timestamps, to } = this;
    const { deltas } = this.frames;
    const baseMs = this.#baseMs;
    if (baseMs === Number.POSITIVE_INFINITY) timestamps.fill(receivedAtMs, 0, to);
    else {
      for (let i = 0; i < to; i++)
        timestamps[i] = Math.min(baseMs + deltas[this.#isAllFresh ? i : this.#fresh[i]!]!, receivedAtMs);
    }
  }

  move(index: number): void {
    const place = this.#isAllFresh ? index : this.#fresh[index]!;
    const { starts, ends } = this.frames;
    const verified = this.#verified;
    const start = starts[place]!;
    verified.sequence = this.#sequence + place;
    verified.payloadStart = start;
    verified.payloadEnd = ends[place]!;
    verified.payloadOffset = start - this.#bodyStart;
  }

  #tag(envelope: EnvelopeView, device: Readonly<KnownDevice>, from: number): void {
    const { count, isEven, headBytes, starts, ends } = this.frames;
    const stride = ends[0]! - starts[0]! + headBytes;
    if (isEven && count - from >= LANES_FRAMES_MIN && this.#lanes.fits(count - from, stride)) {
      this.#tagInLanes(envelope, device, from, stride);
    } else this.#tagEach(envelope, device, from);
  }

  #tagInLanes(
    { bytes, hasDeviceTime }: EnvelopeView,
    { tagKey0, tagKey1 }: Readonly<KnownDevice>,
    from: number,
    stride: number,
  ): void {
    const { starts, deltas, count, headBytes } = this.frames;
    const lanes = this.#lanes;
    if (hasDeviceTime) lanes.setTimes(this.#baseMs, deltas, from, count);
    const key0 = hasDeviceTime ? ~tagKey0 : tagKey0;
    const length = stride - headBytes;
    const made = lanes.run(bytes, starts[from]!, stride, length, count - from, hasDeviceTime, key0, tagKey1);
    const tags = this.#tags;
    for (let i = from; i < count; i++) tags[i] = made[i - from]!;
  }

  #tagEach({ bytes, hasDeviceTime }: EnvelopeView, { tagKey0, tagKey1 }: Readonly<KnownDevice>, from: number): void {
    const { starts, ends, deltas, count } = this.frames;
    const tags = this.#tags;
    const baseMs = this.#baseMs;
    if (hasDeviceTime) {
      for (let i = from; i < count; i++)
        tags[i] = contentTagAt(baseMs + deltas[i]!, bytes, starts[i]!, ends[i]!, tagKey0, tagKey1);
    } else for (let i = from; i < count; i++) tags[i] = contentTag(bytes, starts[i]!, ends[i]!, tagKey0, tagKey1);
  }
}
