/**
 * How a TPM derives keys (part 1, 11.4.10): KDFa, a counter mode of HMAC (NIST SP 800-108), and KDFe, a concatenation
 * of hashes over a shared point (NIST SP 800-56A). Labels end with a zero byte.
 */
import { createHash, createHmac } from 'node:crypto';
import { type HashAlgorithm, hashOf } from '../../schemas/tpm/index.ts';

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function derive(hash: HashAlgorithm, bits: number, block: (counter: Buffer) => Buffer): Buffer {
  const length = bits / 8;
  const blocks: Buffer[] = [];
  for (let counter = 1; (counter - 1) * hashOf(hash)!.bytes < length; counter++) blocks.push(block(u32(counter)));
  return Buffer.concat(blocks).subarray(0, length);
}

/** `bits` is a multiple of 8. */
export function kdfA(
  hash: HashAlgorithm,
  key: Uint8Array,
  label: string,
  contextU: Uint8Array,
  contextV: Uint8Array,
  bits: number,
): Buffer {
  const { name } = hashOf(hash)!;
  return derive(hash, bits, (counter) =>
    createHmac(name, key)
      .update(counter)
      .update(`${label}\0`)
      .update(contextU)
      .update(contextV)
      .update(u32(bits))
      .digest(),
  );
}

/** `bits` is a multiple of 8; the parties' infos are x coordinates. */
export function kdfE(
  hash: HashAlgorithm,
  sharedX: Uint8Array,
  label: string,
  partyUInfo: Uint8Array,
  partyVInfo: Uint8Array,
  bits: number,
): Buffer {
  const { name } = hashOf(hash)!;
  return derive(hash, bits, (counter) =>
    createHash(name)
      .update(counter)
      .update(sharedX)
      .update(`${label}\0`)
      .update(partyUInfo)
      .update(partyVInfo)
      .digest(),
  );
}
