/** Attestation keys by their device, made at their first quote: making one takes longer than checking with it. */
import { type AttestationKey, attestationKey } from '../evidence/attestation-key.ts';

/** With its key in OpenSSL one takes 2 to 3 KB. */
const KEYS_MAX = 16_384;

export class KeyCache {
  readonly #keys = new Map<number, { readonly text: string; readonly key: AttestationKey }>();

  /** EVIDENCE_INVALID where it is no key that may attest. */
  key(keyId: number, text: string): AttestationKey {
    const known = this.#keys.get(keyId);
    if (known?.text === text) return known.key;
    const key = attestationKey(Buffer.from(text, 'base64'));
    if (this.#keys.size >= KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value as number);
    this.#keys.set(keyId, { text, key });
    return key;
  }

  /** After a rollback a key id may be another device's. */
  clear(): void {
    this.#keys.clear();
  }
}
