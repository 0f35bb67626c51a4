/**
 * What is stored of a frame: its bytes behind a kind byte, or their encryption under the day's key where they are, or
 * might be, personal data. An error here refuses the frame: what cannot be sealed is never stored in clear.
 */
import {
  type ClearKind,
  EnvelopeView,
  encodeFrameRecord,
  KIND_ENVELOPE,
  KIND_UNSIGNED,
  PAYLOAD_BYTES_CEILING,
  Sealer,
  shouldSeal,
} from '../../schemas/envelope/index.ts';
import type { PrivacyOf, SealingKeys } from './ports.ts';

export class FrameSealing {
  readonly #privacyOf: PrivacyOf;
  readonly #keys: SealingKeys;
  readonly #sealer = new Sealer();
  readonly #envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);

  constructor(privacyOf: PrivacyOf, keys: SealingKeys) {
    this.#privacyOf = privacyOf;
    this.#keys = keys;
  }

  /** The record's value, an own copy: `body` may be used again. */
  record(
    deviceId: string,
    type: string,
    body: Uint8Array,
    isUnsignedAllowed: boolean,
    receivedAtMs: number,
  ): Uint8Array<ArrayBuffer> {
    const kind = isUnsignedAllowed && !this.#claimsToBeEnvelope(body) ? KIND_UNSIGNED : KIND_ENVELOPE;
    const isEnvelope = kind === KIND_ENVELOPE;
    if (!shouldSeal(this.#privacyOf(type), isEnvelope, body, deviceId)) return encodeFrameRecord(kind, body);
    return this.#sealed(kind, deviceId, body, receivedAtMs);
  }

  #sealed(kind: ClearKind, deviceId: string, body: Uint8Array, receivedAtMs: number): Uint8Array<ArrayBuffer> {
    return this.#sealer.seal(kind, this.#keys.sealingKey(receivedAtMs), deviceId, body);
  }

  #claimsToBeEnvelope(body: Uint8Array): boolean {
    return this.#envelope.tryParse(body, 0, body.length) || this.#envelope.problem?.field !== 'magic';
  }
}
