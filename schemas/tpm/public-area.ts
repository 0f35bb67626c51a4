/**
 * Public areas (TPMT_PUBLIC, part 2, 12.2.4) of the kinds of object in use, and the Name that stands for them: the hash
 * algorithm and the hash of the area. A Name that differs is another object.
 *
 *   public     = type u16 · nameAlg u16 · attributes u32 · authPolicy 2B · parameters · unique
 *   rsa        = symmetric · scheme · keyBits u16 · exponent u32 · modulus 2B
 *   ecc        = symmetric · scheme · curve u16 · kdf · x 2B · y 2B
 *   keyedhash  = scheme · unique 2B
 *   symmetric  = NULL u16 | AES u16 · keyBits u16 · mode u16
 *   scheme     = NULL u16 | algorithm u16 · hash u16
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import {
  ALG_AES,
  ALG_CFB,
  ALG_ECC,
  ALG_ECDSA,
  ALG_KEYEDHASH,
  ALG_NULL,
  ALG_RSA,
  ALG_RSAPSS,
  ALG_RSASSA,
  ECC_NIST_P256,
  ECC_NIST_P384,
  type HashAlgorithm,
  hashOf,
  isHash,
} from './constants.ts';
import { invalidResponse } from './invalid-structure.ts';
import { TpmReader } from './tpm-reader.ts';
import { type TpmWriter, written } from './tpm-writer.ts';

/** Of the key that wraps children and salts; null where the object wraps nothing. */
export interface Symmetric {
  readonly keyBits: number;
  readonly mode: number;
}

export interface Scheme {
  readonly algorithm: number;
  readonly hash: HashAlgorithm;
}

interface Common {
  readonly nameAlg: HashAlgorithm;
  /** TPMA_OBJECT. */
  readonly attributes: number;
  /** Empty: no policy. */
  readonly authPolicy: Uint8Array;
}

export interface RsaPublic extends Common {
  readonly type: typeof ALG_RSA;
  readonly symmetric: Symmetric | null;
  readonly scheme: Scheme | null;
  readonly keyBits: number;
  /** 0 stands for 65537. */
  readonly exponent: number;
  /** In a template: empty, or something that tells this key from others of the same seed. */
  readonly modulus: Uint8Array;
}

export interface EccPublic extends Common {
  readonly type: typeof ALG_ECC;
  readonly symmetric: Symmetric | null;
  readonly scheme: Scheme | null;
  readonly curve: number;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export interface KeyedHashPublic extends Common {
  readonly type: typeof ALG_KEYEDHASH;
  readonly scheme: null;
  readonly unique: Uint8Array;
}

export type TpmPublic = RsaPublic | EccPublic | KeyedHashPublic;

const CURVES: Readonly<Record<number, { readonly name: string; readonly bytes: number }>> = {
  [ECC_NIST_P256]: { name: 'P-256', bytes: 32 },
  [ECC_NIST_P384]: { name: 'P-384', bytes: 48 },
};
const AES_KEY_BITS: readonly number[] = [128, 192, 256];
const UNIQUE_BYTES_MAX = 512;
const DIGEST_BYTES_MAX = 64;
const SIGNING_SCHEMES: readonly number[] = [ALG_ECDSA, ALG_RSASSA, ALG_RSAPSS];

/** Coordinates have the curve's length; TPMs may leave leading zeros out. */
export function curveOf(curve: number): { readonly name: string; readonly bytes: number } {
  const row = CURVES[curve];
  if (row === undefined) throw invalidResponse(`the curve 0x${curve.toString(16)} is not supported`);
  return row;
}

function writeSymmetric(writer: TpmWriter, symmetric: Symmetric | null): void {
  writer.u16(symmetric === null ? ALG_NULL : ALG_AES);
  if (symmetric === null) return;
  writer.u16(symmetric.keyBits);
  writer.u16(symmetric.mode);
}

export function writeScheme(writer: TpmWriter, scheme: Scheme | null): void {
  writer.u16(scheme === null ? ALG_NULL : scheme.algorithm);
  if (scheme === null) return;
  writer.u16(scheme.hash);
}

/** TPMT_PUBLIC. */
export function encodePublic(area: TpmPublic): Buffer {
  return written((writer) => {
    writer.u16(area.type);
    writer.u16(area.nameAlg);
    writer.u32(area.attributes);
    writer.sized(area.authPolicy);
    if (area.type === ALG_KEYEDHASH) {
      writeScheme(writer, area.scheme);
      writer.sized(area.unique);
      return;
    }
    writeSymmetric(writer, area.symmetric);
    writeScheme(writer, area.scheme);
    if (area.type === ALG_RSA) {
      writer.u16(area.keyBits);
      writer.u32(area.exponent);
      writer.sized(area.modulus);
      return;
    }
    writer.u16(area.curve);
    writer.u16(ALG_NULL);
    writer.sized(area.x).sized(area.y);
  });
}

export function readHash(reader: TpmReader, field: string): HashAlgorithm {
  const at = reader.position;
  const algorithm = reader.u16(field);
  if (!isHash(algorithm)) throw reader.wrong(field, `0x${algorithm.toString(16)} is no hash that is supported`, at);
  return algorithm;
}

function readSymmetric(reader: TpmReader): Symmetric | null {
  const at = reader.position;
  const algorithm = reader.u16('symmetric');
  if (algorithm === ALG_NULL) return null;
  if (algorithm !== ALG_AES) throw reader.wrong('symmetric', 'must be AES or NULL', at);
  const keyBits = reader.u16('symmetric key bits');
  if (!AES_KEY_BITS.includes(keyBits)) throw reader.wrong('symmetric key bits', `AES has none of ${keyBits}`, at + 2);
  const mode = reader.u16('symmetric mode');
  if (mode !== ALG_CFB) throw reader.wrong('symmetric mode', 'must be CFB', at + 4);
  return { keyBits, mode };
}

function readScheme(reader: TpmReader): Scheme | null {
  const at = reader.position;
  const algorithm = reader.u16('scheme');
  if (algorithm === ALG_NULL) return null;
  if (!SIGNING_SCHEMES.includes(algorithm)) throw reader.wrong('scheme', 'is not supported', at);
  return { algorithm, hash: readHash(reader, 'scheme hash') };
}

export function readPublic(reader: TpmReader): TpmPublic {
  const at = reader.position;
  const type = reader.u16('type');
  const common = {
    nameAlg: readHash(reader, 'name algorithm'),
    attributes: reader.u32('attributes'),
    authPolicy: reader.sized('authorization policy', DIGEST_BYTES_MAX),
  };
  if (type === ALG_RSA) {
    return {
      type,
      ...common,
      symmetric: readSymmetric(reader),
      scheme: readScheme(reader),
      keyBits: reader.u16('key bits'),
      exponent: reader.u32('exponent'),
      modulus: reader.sized('modulus', UNIQUE_BYTES_MAX),
    };
  }
  if (type === ALG_ECC) {
    const [symmetric, scheme, curve] = [readSymmetric(reader), readScheme(reader), reader.u16('curve')];
    if (reader.u16('kdf') !== ALG_NULL) throw reader.wrong('kdf', 'must be NULL');
    return {
      type,
      ...common,
      symmetric,
      scheme,
      curve,
      x: reader.sized('x', UNIQUE_BYTES_MAX),
      y: reader.sized('y', UNIQUE_BYTES_MAX),
    };
  }
  if (type === ALG_KEYEDHASH) {
    const scheme = readScheme(reader);
    if (scheme !== null) throw reader.wrong('scheme', 'must be NULL');
    return { type, ...common, scheme, unique: reader.sized('unique', DIGEST_BYTES_MAX) };
  }
  throw reader.wrong('type', `0x${type.toString(16)} is not supported`, at);
}

/** All of `bytes` as a TPMT_PUBLIC. TPM_RESPONSE_INVALID. */
export function decodePublic(bytes: Uint8Array): TpmPublic {
  const reader = new TpmReader(bytes, 'public area');
  const area = readPublic(reader);
  reader.end();
  return area;
}

/** The Name of what has these public bytes (an object's or an NV index's). */
export function nameOfBytes(nameAlg: HashAlgorithm, publicBytes: Uint8Array): Buffer {
  return written((writer) => {
    writer.u16(nameAlg);
    writer.copy(createHash(hashOf(nameAlg)!.name).update(publicBytes).digest());
  });
}

export function nameOf(area: TpmPublic): Buffer {
  return nameOfBytes(area.nameAlg, encodePublic(area));
}

export function leftPadded(bytes: Uint8Array, length: number): Buffer {
  const padded = Buffer.alloc(length);
  if (bytes.length > length) throw invalidResponse(`a number of ${bytes.length} bytes where ${length} are the most`);
  padded.set(bytes, length - bytes.length);
  return padded;
}

/** For node:crypto. TPM_RESPONSE_INVALID where it is no key: a sealed object, a point beside the curve. */
export function publicKeyOf(area: TpmPublic): KeyObject {
  if (area.type === ALG_KEYEDHASH) throw invalidResponse('a sealed object has no public key');
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  try {
    if (area.type === ALG_RSA) {
      const exponent = Buffer.alloc(4);
      exponent.writeUInt32BE(area.exponent === 0 ? 65_537 : area.exponent);
      return createPublicKey({ key: { kty: 'RSA', n: text(area.modulus), e: text(exponent) }, format: 'jwk' });
    }
    const { name, bytes } = curveOf(area.curve);
    const [x, y] = [leftPadded(area.x, bytes), leftPadded(area.y, bytes)];
    return createPublicKey({ key: { kty: 'EC', crv: name, x: text(x), y: text(y) }, format: 'jwk' });
  } catch (cause) {
    throw invalidResponse(`the public area holds no usable key: ${(cause as Error).message}`);
  }
}

export const NO_BYTES: Buffer = Buffer.alloc(0);
