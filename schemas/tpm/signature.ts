/**
 * Signatures as a TPM makes them (TPMT_SIGNATURE, part 2, 11.3.4).
 *
 *   signature = ECDSA u16 · hash u16 · r 2B · s 2B | (RSASSA | RSAPSS) u16 · hash u16 · bytes 2B
 */
import { constants, createVerify, type KeyObject } from 'node:crypto';
import { ALG_ECDSA, ALG_RSAPSS, ALG_RSASSA, type HashAlgorithm, hashOf } from './constants.ts';
import { leftPadded, readHash } from './public-area.ts';
import { TpmReader } from './tpm-reader.ts';
import { written } from './tpm-writer.ts';

export interface TpmSignature {
  readonly algorithm: typeof ALG_ECDSA | typeof ALG_RSASSA | typeof ALG_RSAPSS;
  readonly hash: HashAlgorithm;
  /** ECDSA: r and s of equal length, one after the other (IEEE P1363), 64 bytes on P-256. RSA: as it is. */
  readonly bytes: Buffer;
}

const SCALAR_BYTES_MAX = 66;
const SIGNATURE_BYTES_MAX = 512;
const SCALAR_LENGTHS: readonly number[] = [32, 48, 66];

export function readSignature(reader: TpmReader): TpmSignature {
  const at = reader.position;
  const algorithm = reader.u16('signature algorithm');
  if (algorithm === ALG_ECDSA) {
    const hash = readHash(reader, 'signature hash');
    const r = reader.sized('r', SCALAR_BYTES_MAX);
    const s = reader.sized('s', SCALAR_BYTES_MAX);
    const length = SCALAR_LENGTHS.find((bytes) => bytes >= Math.max(r.length, s.length))!;
    return { algorithm, hash, bytes: Buffer.concat([leftPadded(r, length), leftPadded(s, length)]) };
  }
  if (algorithm === ALG_RSASSA || algorithm === ALG_RSAPSS) {
    const hash = readHash(reader, 'signature hash');
    return { algorithm, hash, bytes: reader.sized('signature', SIGNATURE_BYTES_MAX) };
  }
  throw reader.wrong('signature algorithm', `0x${algorithm.toString(16)} is not supported`, at);
}

/** All of `bytes` as a TPMT_SIGNATURE. TPM_RESPONSE_INVALID. */
export function decodeSignature(bytes: Uint8Array): TpmSignature {
  const reader = new TpmReader(bytes, 'signature');
  const signature = readSignature(reader);
  reader.end();
  return signature;
}

/** TPMT_SIGNATURE. */
export function encodeSignature({ algorithm, hash, bytes }: TpmSignature): Buffer {
  return written((writer) => {
    writer.u16(algorithm);
    writer.u16(hash);
    if (algorithm !== ALG_ECDSA) writer.sized(bytes);
    else writer.sized(bytes.subarray(0, bytes.length / 2)).sized(bytes.subarray(bytes.length / 2));
  });
}

/** Whether the key has signed `message` so; without a TPM. */
export function isSignatureOf(signature: TpmSignature, message: Uint8Array, key: KeyObject): boolean {
  const verify = createVerify(hashOf(signature.hash)!.name).update(message);
  const type = key.asymmetricKeyType;
  if (signature.algorithm === ALG_ECDSA)
    return type === 'ec' && verify.verify({ key, dsaEncoding: 'ieee-p1363' }, signature.bytes);
  if (type !== 'rsa') return false;
  const isPss = signature.algorithm === ALG_RSAPSS;
  const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return verify.verify({ key, padding }, signature.bytes);
}
