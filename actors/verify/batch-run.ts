/**
 * The frames of one batch on their way through verify: their tags, which of them are new, and, once the signature holds,
 * the run that hands each of those on in the one object that single frames use. A batch counts whole or not at all.
 */
import type { ValueRun } from '../../engine/index.ts';
import { BATCH_FRAMES_MAX, BatchFrames, type EnvelopeView } from '../../schemas/envelope/index.ts';
import type { VerifiedFrame } from '../../schemas/topics/index.ts';
import { contentTag } from './content-tag.ts';
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

export class BatchRun implements ValueRun {
  /** Of new frames. */
  count = 0;
  // A double from the beginning: V8 then writes it in place.
  timestamp = Number.NEGATIVE_INFINITY;
  readonly frames = new BatchFrames();
  readonly #tags = new Uint32Array(BATCH_FRAMES_MAX);
  /** Places of the new frames in the batch, where not all are new. */
  readonly #fresh = new Int32Array(BATCH_FRAMES_MAX);
  #isAllFresh = true;
  #bootEpoch = 0;
  #sequence = 0;
  #bodyStart = 0;
  /** Of the first frame; Infinity without device times. */
  #baseMs = Number.POSITIVE_INFINITY;
  #receivedAtMs = Number.NEGATIVE_INFINITY;
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
      this.count = count;
      this.#tag(envelope, device, Math.max(0, count - WINDOW));
      return FRESH;
    }
    this.#tag(envelope, device, 0);
    this.count = 0;
    let repeated = 0;
    let old = 0;
    for (let i = 0; i < count; i++) {
      const verdict = window.verdict(row, bootEpoch, sequence + i, this.#tags[i]!);
      if (verdict === OLD_EPOCH || verdict === CONFLICTING) return verdict;
      if (verdict === OLD_SEQUENCE) old++;
      else if (verdict === REPEATED) repeated++;
      else this.#fresh[this.count++] = i;
    }
    // Sent again as a whole: what the window no longer holds of it goes with what it does.
    if (repeated > 0 && this.count === 0) return REPEATED;
    return old > 0 ? OLD_SEQUENCE : FRESH;
  }

  /** After the verdict FRESH and a good signature. */
  accept(window: SequenceWindow, row: number): void {
    if (this.#isAllFresh) {
      window.acceptRun(row, this.#bootEpoch, this.#sequence, this.#tags, this.count);
      return;
    }
    for (let i = 0; i < this.count; i++) {
      const place = this.#fresh[i]!;
      window.accept(row, this.#bootEpoch, this.#sequence + place, this.#tags[place]!);
    }
  }

  /** Before the run is emitted. */
  begin(receivedAtMs: number): void {
    this.#receivedAtMs = receivedAtMs;
  }

  move(index: number): void {
    const place = this.#isAllFresh ? index : this.#fresh[index]!;
    const { starts, ends, deltas } = this.frames;
    const verified = this.#verified;
    const start = starts[place]!;
    verified.sequence = this.#sequence + place;
    verified.payloadStart = start;
    verified.payloadEnd = ends[place]!;
    verified.payloadOffset = start - this.#bodyStart;
    // Infinity without device times.
    this.timestamp = Math.min(this.#baseMs + deltas[place]!, this.#receivedAtMs);
  }

  #tag({ bytes, hasDeviceTime }: EnvelopeView, { tagKey0, tagKey1 }: Readonly<KnownDevice>, from: number): void {
    const { starts, ends, deltas, count } = this.frames;
    const key0 = hasDeviceTime ? ~tagKey0 : tagKey0;
    for (let i = from; i < count; i++) {
      const timeMs = hasDeviceTime ? this.#baseMs + deltas[i]! : 0;
      this.#tags[i] = contentTag(hasDeviceTime, timeMs, bytes, starts[i]!, ends[i]!, key0, tagKey1);
    }
  }
}
