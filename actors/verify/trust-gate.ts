/**
 * Where a verified frame goes: on, while its device is trusted, or aside into device.quarantine. What attestation says
 * stands in the device's own partition, and trust ends by itself at the time it says, by the bridge's receive time: a
 * verifier of evidence that has died leaves nobody trusted. Without attestation every frame goes on.
 */
import { type Codec, MsecError, type Output, type ValueStore } from '../../engine/index.ts';
import {
  decodeTrustWord,
  RELEASED_HEAD_BYTES,
  releasedTime,
  type TrustWord,
  trustWordCodec,
} from '../../schemas/attestation/index.ts';
import {
  type FrameRecord,
  QuarantineEntry,
  type VerifiedFrame,
  verifiedFrameCodec,
} from '../../schemas/topics/index.ts';

/** The last word on a device, and whether a frame of it was held since it was last trusted. */
export interface KnownTrust extends TrustWord {
  readonly isHolding: boolean;
}

export const knownTrustCodec: Codec<KnownTrust> = {
  format: 'msec.known-trust/1',
  decode: (bytes, start, end) => ({
    ...trustWordCodec.decode(bytes, start + 1, end),
    isHolding: bytes[start] === 1,
  }),
  encode(value, writer) {
    writer.u8(value.isHolding ? 1 : 0);
    trustWordCodec.encode(value, writer);
  },
};

const NEVER: KnownTrust = { isTrusted: false, untilMs: 0, transition: 0, isHolding: false };

export class TrustGate {
  readonly #trust: ValueStore<KnownTrust>;
  readonly #quarantine: Output<QuarantineEntry>;
  readonly #entry = new QuarantineEntry();
  readonly #mark = new QuarantineEntry();
  readonly #released = verifiedFrameCodec();

  constructor(trust: ValueStore<KnownTrust>, quarantine: Output<QuarantineEntry>) {
    this.#trust = trust;
    this.#quarantine = quarantine;
    this.#mark.frame = null;
  }

  /** Whether what a bridge received at this time passes. */
  passes(keyId: number, receivedAtMs: number): boolean {
    const known = this.#trust.get(keyId);
    return known?.isTrusted === true && receivedAtMs <= known.untilMs;
  }

  /** For the next frames of the device that are held: where they go, as what. */
  hold(keyId: number, frame: VerifiedFrame): { readonly output: Output<QuarantineEntry>; entry: QuarantineEntry } {
    const known = this.#trust.get(keyId) ?? NEVER;
    if (!known.isHolding) this.#trust.set(keyId, { ...known, isHolding: true });
    this.#entry.frame = frame;
    return { output: this.#quarantine, entry: this.#entry };
  }

  /** A word came: the newest counts. */
  hear(keyId: number, { bytes, start, end }: FrameRecord, timestamp: number): void {
    const word = decodeTrustWord(bytes, start + 1, end);
    const { isHolding } = this.#trust.get(keyId) ?? NEVER;
    const isOver = isHolding && word.isTrusted;
    this.#trust.set(keyId, { ...word, isHolding: isHolding && !isOver });
    if (!isOver) return;
    this.#mark.transition = word.transition;
    this.#quarantine.emitFor(keyId, this.#mark, timestamp);
  }

  /** The frame of a release, and its event time. VALUE_INVALID. */
  readReleased({ bytes, start, end }: FrameRecord): { readonly frame: VerifiedFrame; readonly eventTimeMs: number } {
    const eventTimeMs = releasedTime(bytes, start + 1, end);
    return { frame: this.#released.decode(bytes, start + 1 + RELEASED_HEAD_BYTES, end), eventTimeMs };
  }
}

export function notAttested(): MsecError {
  return new MsecError('VALUE_INVALID', 'the record is of attestation, which is not configured', { field: 'kind' });
}
