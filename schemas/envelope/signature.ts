/**
 * Signatures of modes 1 and 2: ECDSA P-256 over SHA-256 with 64-byte r‖s, or Ed25519. node:crypto gets an ECDSA signature
 * as DER made here and a cached KeyObject: 0.90 of `openssl speed`, where its own ieee-p1363 path reached 0.65. Verdicts
 * only, no exceptions for bad input. A batch's message is its head and the hash of its payload: the Merkle root is signed
 * with it, and not computed.
 */
import { hash, type KeyObject, verify } from 'node:crypto';
import type { EnvelopeView } from './envelope-view.ts';
import {
  ALGORITHM_ED25519,
  BATCH_DOMAIN,
  ENVELOPE_BYTES_MAX,
  HASH_BYTES,
  MODE_BATCH,
  SIGNATURE_BYTES,
  SIGNATURE_DOMAIN,
} from './layout.ts';
import { isScalar, SCALAR_BYTES } from './p256-order.ts';

/** SEQUENCE(2) and twice INTEGER(2), a sign byte, 32 bytes. */
const DER_BYTES_MAX = 2 + 2 * (2 + 1 + SCALAR_BYTES);

const FRAME_PREFIX = Buffer.from(SIGNATURE_DOMAIN, 'latin1');
const BATCH_PREFIX = Buffer.from(BATCH_DOMAIN, 'latin1');
/** Of both. */
const PREFIX_BYTES = FRAME_PREFIX.length;

/** Writes the 32 bytes at `from` as a minimal positive INTEGER (X.690, 8.3); returns the position after it. */
function writeInteger(der: Uint8Array, start: number, bytes: Uint8Array, from: number): number {
  let at = start;
  let skip = 0;
  while (skip < SCALAR_BYTES - 1 && bytes[from + skip] === 0) skip++;
  const sign = (bytes[from + skip] as number) >= 0x80 ? 1 : 0;
  der[at++] = 0x02;
  der[at++] = SCALAR_BYTES - skip + sign;
  if (sign === 1) der[at++] = 0;
  for (let i = skip; i < SCALAR_BYTES; i++) der[at++] = bytes[from + i] as number;
  return at;
}

/** What a batch's signature covers beside its head. */
export function flatHash(bytes: Uint8Array, payloadStart: number, payloadEnd: number): Buffer {
  return hash('sha256', bytes.subarray(payloadStart, payloadEnd), 'buffer');
}

/** Verifies signatures with scratch buffers of its own: one for each thread. */
export class SignatureVerifier {
  #message = Buffer.alloc(PREFIX_BYTES + ENVELOPE_BYTES_MAX);
  readonly #der = Buffer.alloc(DER_BYTES_MAX);

  /** Whether the parsed envelope of mode 1 or 2 was signed by the key's owner, in the algorithm that it names. */
  isSignedBy(envelope: EnvelopeView, key: KeyObject): boolean {
    const { bytes, payloadStart, signatureStart } = envelope;
    if (envelope.mode === MODE_BATCH) {
      const flat = flatHash(bytes, payloadStart, signatureStart);
      return this.#isMessageSigned(
        this.#messageOf(BATCH_PREFIX, bytes, envelope.start, payloadStart, flat),
        envelope,
        key,
      );
    }
    return this.#isMessageSigned(
      this.#messageOf(FRAME_PREFIX, bytes, envelope.start, signatureStart, null),
      envelope,
      key,
    );
  }

  /**
   * Of a batch whose payload is only known by its flat hash: `head` are the bytes before the payload, and the envelope
   * is the same with another payload, whose length alone differs.
   */
  isBatchSignedBy(envelope: EnvelopeView, head: Uint8Array, flat: Uint8Array, key: KeyObject): boolean {
    return this.#isMessageSigned(this.#messageOf(BATCH_PREFIX, head, 0, head.length, flat), envelope, key);
  }

  #isMessageSigned(message: Buffer, envelope: EnvelopeView, key: KeyObject): boolean {
    const { bytes, algorithm, signatureStart } = envelope;
    const end = signatureStart + SIGNATURE_BYTES;
    if (algorithm === ALGORITHM_ED25519) return this.isValidEd25519(message, key, bytes, signatureStart, end);
    return this.isValid(message, key, bytes, signatureStart, end);
  }

  /** Plain ECDSA over any message; the signature is the slice of `bytes`. A length other than 64 is not valid. */
  isValid(message: Uint8Array, key: KeyObject, bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== SIGNATURE_BYTES || key.asymmetricKeyType !== 'ec') return false;
    if (!isScalar(bytes, start) || !isScalar(bytes, start + SCALAR_BYTES)) return false;
    const der = this.#der;
    const length = writeInteger(der, writeInteger(der, 2, bytes, start), bytes, start + SCALAR_BYTES);
    der[0] = 0x30;
    der[1] = length - 2;
    return verify('sha256', message, key, der.subarray(0, length));
  }

  /** RFC 8032, 5.1.7, with S below the order and the encoding of R compared: each message has one signature of a key. */
  isValidEd25519(message: Uint8Array, key: KeyObject, bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== SIGNATURE_BYTES || key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, message, key, bytes.subarray(start, end));
  }

  /** The prefix, the slice, and a hash behind them. */
  #messageOf(prefix: Buffer, bytes: Uint8Array, start: number, end: number, behind: Uint8Array | null): Buffer {
    const length = PREFIX_BYTES + end - start;
    if (length + HASH_BYTES > this.#message.length) this.#message = Buffer.alloc(length + HASH_BYTES);
    const message = this.#message;
    message.set(prefix);
    message.set(bytes.subarray(start, end), PREFIX_BYTES);
    if (behind === null) return message.subarray(0, length);
    message.set(behind, length);
    return message.subarray(0, length + HASH_BYTES);
  }
}
