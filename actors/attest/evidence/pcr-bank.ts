/**
 * The 24 platform configuration registers of one bank, as a TPM has them after a start: they change by extending alone,
 * new = hash(old ‖ digest). 17 to 22 hold ones until a dynamic launch resets them to zeros.
 */
import { hash } from 'node:crypto';
import { assert } from '../../../engine/index.ts';
import { type HashAlgorithm, hashOf, PCRS } from '../../../schemas/tpm/index.ts';

const DYNAMIC_FIRST = 17;
const DYNAMIC_LAST = 22;

export function digestOf(algorithm: HashAlgorithm, bytes: Uint8Array): Buffer {
  return hash(hashOf(algorithm)!.name, bytes, 'buffer');
}

export const digestBytes = (algorithm: HashAlgorithm): number => hashOf(algorithm)!.bytes;

/** One at a time: the bytes that are hashed for an extension, of any algorithm. */
const extension = Buffer.alloc(128);

/** hash(old ‖ digest). */
export function extended(algorithm: HashAlgorithm, old: Uint8Array, digest: Uint8Array): Buffer {
  extension.set(old);
  extension.set(digest, old.length);
  return digestOf(algorithm, extension.subarray(0, old.length + digest.length));
}

export class PcrBank {
  readonly algorithm: HashAlgorithm;
  readonly #values: Buffer[];
  #extended = 0;

  constructor(algorithm: HashAlgorithm) {
    this.algorithm = algorithm;
    const bytes = digestBytes(algorithm);
    this.#values = Array.from({ length: PCRS }, (_, pcr) =>
      Buffer.alloc(bytes, pcr >= DYNAMIC_FIRST && pcr <= DYNAMIC_LAST ? 0xff : 0),
    );
  }

  /** 0 to 23. The caller leaves the bytes as they are. */
  value(pcr: number): Buffer {
    return this.#values[pcr]!;
  }

  /** Whether it was extended since the start. */
  isExtended(pcr: number): boolean {
    return (this.#extended & (1 << pcr)) !== 0;
  }

  /** PCR 0 starts at the locality that TPM2_Startup came from. */
  startLocality(locality: number): void {
    assert(!this.isExtended(0), 'PCR 0 has its first value before it is extended');
    this.#values[0]![digestBytes(this.algorithm) - 1] = locality;
  }

  extend(pcr: number, digest: Uint8Array): void {
    const old = this.#values[pcr];
    assert(old !== undefined && digest.length === old.length, 'an extension has the length of its bank');
    const isReset = pcr >= DYNAMIC_FIRST && pcr <= DYNAMIC_LAST && !this.isExtended(pcr);
    this.#values[pcr] = extended(this.algorithm, isReset ? Buffer.alloc(old.length) : old, digest);
    this.#extended |= 1 << pcr;
  }
}
