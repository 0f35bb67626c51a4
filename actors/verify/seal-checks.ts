/**
 * What a key of a device vouches for: whether its record allows the envelope's mode, whether a session is still in its
 * time, and, last, whether the signature or the MAC holds.
 */
import { MsecError } from '../../engine/index.ts';
import {
  type EnvelopeView,
  HmacVerifier,
  KnownSession,
  MODE_SESSION,
  type ReceiverKeys,
  SESSION_FRAMES_MAX,
  SESSION_MS_MAX,
  SignatureVerifier,
} from '../../schemas/envelope/index.ts';
import type { KnownKey } from './known-device.ts';
import type { KnownDevices } from './known-devices.ts';

function expired(keyId: string, { notBeforeMs, notAfterMs }: KnownKey, receivedAtMs: number): MsecError {
  const [which, atMs] = receivedAtMs < notBeforeMs ? ['begins', notBeforeMs] : ['ended', notAfterMs];
  const says = `key ${keyId} ${which} at ${new Date(atMs).toISOString()}, the frame came at ${new Date(receivedAtMs).toISOString()}`;
  return new MsecError('KEY_EXPIRED', says, { field: 'keyId' });
}

/** As of a device time. */
const START_AHEAD_MS_MAX = 120_000;

/** Of an envelope whose turn it was not yet. */
export interface MadeMac {
  /** Whose MAC was made; null: none was. */
  readonly session: KnownSession | null;
  readonly isMac: boolean;
}

export class SealChecks {
  readonly #known: KnownDevices;
  readonly #receiverKeys: ReceiverKeys;
  readonly #verifier = new SignatureVerifier();
  /** Made with the first session: its memory is for those alone. */
  #hmac: HmacVerifier | null = null;

  constructor(known: KnownDevices, receiverKeys: ReceiverKeys) {
    this.#known = known;
    this.#receiverKeys = receiverKeys;
  }

  /** All that costs nothing. KEY_EXPIRED, MODE_REFUSED, SESSION_EXPIRED, CLOCK_SKEW. */
  admit(envelope: EnvelopeView, key: KnownKey, receivedAtMs: number): void {
    const { mode, algorithm } = envelope;
    if (receivedAtMs < key.notBeforeMs || receivedAtMs >= key.notAfterMs) {
      throw expired(envelope.keyId(), key, receivedAtMs);
    }
    if (!key.allows(mode, algorithm)) {
      const says = `the record of key ${envelope.keyId()} does not allow mode ${mode} with algorithm ${algorithm}`;
      throw new MsecError('MODE_REFUSED', says, { field: 'mode' });
    }
    if (mode !== MODE_SESSION) return;
    const { sequence, sessionFirst, sessionStartMs } = envelope;
    if (sequence - sessionFirst >= SESSION_FRAMES_MAX) {
      throw new MsecError('SESSION_EXPIRED', `the session covers ${SESSION_FRAMES_MAX} sequences`, {
        field: 'sessionFirst',
      });
    }
    if (receivedAtMs - sessionStartMs > SESSION_MS_MAX) {
      throw new MsecError('SESSION_EXPIRED', 'the session began more than 24 hours ago', { field: 'sessionStart' });
    }
    if (sessionStartMs > receivedAtMs + START_AHEAD_MS_MAX) {
      const says = `the session begins ${sessionStartMs - receivedAtMs} ms after the receive time`;
      throw new MsecError('CLOCK_SKEW', says, { field: 'sessionStart' });
    }
  }

  /**
   * Of an admitted envelope, of which a MAC may have been made ahead. KEY_UNKNOWN where the receiver's key of a session is
   * none of ours.
   */
  holds(envelope: EnvelopeView, key: KnownKey, deviceKeyId: number, made: MadeMac | null): boolean {
    if (envelope.mode !== MODE_SESSION) return this.#verifier.isSignedBy(envelope, key.object);
    const known = this.#known.session(deviceKeyId);
    const isKnown = known?.isOf(envelope) === true;
    if (isKnown && made !== null && made.session === known) return made.isMac;
    this.#hmac ??= new HmacVerifier();
    const { bytes, start, signatureStart } = envelope;
    if (isKnown) {
      return this.#hmac.isValid(known.key, bytes, start, signatureStart, signatureStart);
    }
    const receiver = this.#receiverKeys.receiverKey(envelope.receiverKeyIdHigh, envelope.receiverKeyIdLow);
    if (receiver === null) {
      throw new MsecError('KEY_UNKNOWN', "the receiver's key of the session is none of ours", {
        field: 'receiverKeyId',
      });
    }
    const session = KnownSession.derive(envelope, key.object, receiver, this.#hmac);
    if (!this.#hmac.isValid(session.key, bytes, start, signatureStart, signatureStart)) return false;
    this.#known.setSession(deviceKeyId, session);
    return true;
  }
}
