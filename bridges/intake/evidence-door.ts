/**
 * What a device may show of its state, apart from its data: a device in quarantine has no other way out of it. Size,
 * rate and layout are checked here, and nothing of what the evidence says.
 */
import { errorData } from '../../engine/index.ts';
import { decodeEvidence, EVIDENCE_BYTES_MAX } from '../../schemas/attestation/index.ts';
import { encodeEvidenceRecord, KIND_EVIDENCE } from '../../schemas/topics/index.ts';
import { type Refused, refusal } from './outcome.ts';
import type { BarredOf } from './ports.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export interface EvidenceIntake {
  readonly topic: string;
  readonly barredOf: BarredOf;
  /** For each device. Default EVIDENCE_RATE. */
  readonly rate?: Rate;
}

/**
 * Each is checked with a signature and a replay, so it is dearer than a frame. A notice is evidence, too, and so is a part of
 * an IMA list: the burst takes a list of 150,000 entries.
 */
export const EVIDENCE_RATE: Rate = { perSecond: 2, burst: 60 };
/** A hostile device must not fill a disk, nor an engine's time, with parts as long as they may be. The burst is the same list. */
export const EVIDENCE_BYTES_RATE: Rate = { perSecond: 64 * 1024, burst: 32 * 1024 * 1024 };
const IN_FLIGHT_MAX = 4;

export class EvidenceDoor {
  readonly topic: string;
  inFlight = 0;
  readonly #rate: Rate;
  readonly #bucket: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor({ topic, rate = EVIDENCE_RATE }: EvidenceIntake, nowMs: number) {
    this.topic = topic;
    this.#rate = rate;
    this.#bucket = new TokenBucket(rate, nowMs);
    this.#bytes = new TokenBucket(EVIDENCE_BYTES_RATE, nowMs);
  }

  admit(body: Uint8Array, nowMs: number): Refused | undefined {
    if (body.length > EVIDENCE_BYTES_MAX) {
      const message = `the evidence has ${body.length} bytes, at most ${EVIDENCE_BYTES_MAX} are accepted`;
      return refusal('FRAME_TOO_LARGE', message);
    }
    if (this.inFlight >= IN_FLIGHT_MAX) {
      const message = `more than ${IN_FLIGHT_MAX} pieces of evidence of the device are in flight`;
      return refusal('INTAKE_BUSY', message, { retryAfterMs: 1000 });
    }
    if (!this.#bucket.tryTake(nowMs)) {
      const { perSecond, burst } = this.#rate;
      const message = `more than ${perSecond} pieces of evidence a second (burst ${burst}) from the device`;
      return refusal('RATE_LIMITED', message, { retryAfterMs: this.#bucket.waitMs(nowMs) });
    }
    if (!this.#bytes.tryTake(nowMs, body.length)) {
      const message = `more than ${EVIDENCE_BYTES_RATE.perSecond} bytes of evidence a second from the device`;
      return refusal('RATE_LIMITED', message, { retryAfterMs: this.#bytes.waitMs(nowMs, body.length) });
    }
    try {
      decodeEvidence(body);
    } catch (thrown) {
      const { code, message, ...place } = errorData(thrown);
      return refusal(code, message, place);
    }
    return undefined;
  }

  /** As good as new. */
  isResting(nowMs: number): boolean {
    return this.inFlight === 0 && this.#bucket.isFull(nowMs) && this.#bytes.isFull(nowMs);
  }

  record(body: Uint8Array): Uint8Array {
    return encodeEvidenceRecord(KIND_EVIDENCE, body);
  }
}
