/**
 * A device's side of attestation without a TPM: keys, quotes and logs as they come from one, made by code that shares
 * nothing with what reads them but the constants.
 */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  ALG_ECC,
  ALG_ECDSA,
  ALG_RSA,
  ALG_RSAPSS,
  ALG_RSASSA,
  ALG_SHA256,
  ECC_NIST_P256,
  encodePublic,
  type HashAlgorithm,
  hashOf,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_SIGN,
  OBJECT_USER_WITH_AUTH,
  type TpmPublic,
} from '../../schemas/tpm/index.ts';

export type KeyKind = 'rsassa' | 'rsapss' | 'ecdsa';

export const AK_ATTRIBUTES: number =
  OBJECT_RESTRICTED |
  OBJECT_SIGN |
  OBJECT_FIXED_TPM |
  OBJECT_FIXED_PARENT |
  OBJECT_SENSITIVE_DATA_ORIGIN |
  OBJECT_USER_WITH_AUTH;

export interface QuoteSpec {
  readonly nonce: Uint8Array;
  readonly selections: readonly { readonly bank: HashAlgorithm; readonly pcrs: readonly number[] }[];
  /** In the order of the selections. */
  readonly values: readonly Uint8Array[];
  readonly clockMs?: bigint;
  readonly resetCount?: number;
  readonly restartCount?: number;
  readonly isSafe?: boolean;
  readonly firmwareVersion?: bigint;
  readonly qualifiedSigner?: Uint8Array;
  readonly magic?: number;
  readonly type?: number;
}

export interface Attester {
  readonly kind: KeyKind;
  readonly area: TpmPublic;
  /** TPMT_PUBLIC. */
  readonly publicArea: Buffer;
  quote(spec: QuoteSpec): { quote: Buffer; signature: Buffer; pcrs: Buffer };
  /** TPMT_SIGNATURE over any bytes. */
  sign(bytes: Uint8Array): Buffer;
}

export const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);
export const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);
export const digest = (bytes: Uint8Array | string, name = 'sha256'): Buffer => createHash(name).update(bytes).digest();
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const le = (value: number, bytes = 4): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
};

export function makeAttester(kind: KeyKind, change: Partial<TpmPublic> = {}): Attester {
  const { privateKey, publicKey } =
    kind === 'ecdsa'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const area = { ...areaOf(kind, publicKey), ...change } as TpmPublic;
  const signBytes = (bytes: Uint8Array): Buffer => signatureOf(kind, privateKey, bytes);
  return {
    kind,
    area,
    publicArea: encodePublic(area),
    sign: signBytes,
    quote(spec) {
      const quote = attestOf(spec);
      return { quote, signature: signBytes(quote), pcrs: Buffer.concat(spec.values) };
    },
  };
}

function areaOf(kind: KeyKind, publicKey: KeyObject): TpmPublic {
  const jwk = publicKey.export({ format: 'jwk' });
  const bytes = (text: string | undefined) => Buffer.from(text!, 'base64url');
  const common = {
    nameAlg: ALG_SHA256,
    attributes: AK_ATTRIBUTES,
    authPolicy: Buffer.alloc(0),
    symmetric: null,
  } as const;
  if (kind === 'ecdsa') {
    const scheme = { algorithm: ALG_ECDSA, hash: ALG_SHA256 } as const;
    return { type: ALG_ECC, ...common, scheme, curve: ECC_NIST_P256, x: bytes(jwk.x), y: bytes(jwk.y) };
  }
  const scheme = { algorithm: kind === 'rsassa' ? ALG_RSASSA : ALG_RSAPSS, hash: ALG_SHA256 } as const;
  return { type: ALG_RSA, ...common, scheme, keyBits: 2048, exponent: 0, modulus: bytes(jwk.n) };
}

function signatureOf(kind: KeyKind, key: KeyObject, bytes: Uint8Array): Buffer {
  if (kind === 'ecdsa') {
    const rs = sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
    return Buffer.concat([u16(ALG_ECDSA), u16(ALG_SHA256), sized(rs.subarray(0, 32)), sized(rs.subarray(32))]);
  }
  const padding = kind === 'rsapss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const scheme = u16(kind === 'rsapss' ? ALG_RSAPSS : ALG_RSASSA);
  return Buffer.concat([scheme, u16(ALG_SHA256), sized(sign('sha256', bytes, { key, padding }))]);
}

export function attestOf(spec: QuoteSpec): Buffer {
  const { magic = 0xff544347, type = 0x8018, clockMs = 5000n, resetCount = 3, restartCount = 1, isSafe = true } = spec;
  const selections = spec.selections.map(({ bank, pcrs }) => {
    const map = Buffer.alloc(3);
    for (const pcr of pcrs) map[pcr >> 3]! |= 1 << (pcr & 7);
    return Buffer.concat([u16(bank), Buffer.of(3), map]);
  });
  return Buffer.concat([
    ...[u32(magic), u16(type), sized(spec.qualifiedSigner ?? Buffer.concat([u16(ALG_SHA256), digest('signer')]))],
    ...[sized(spec.nonce), u64(clockMs), u32(resetCount), u32(restartCount), Buffer.of(isSafe ? 1 : 0)],
    ...[u64(spec.firmwareVersion ?? 0x2016_0511_0016_2800n), u32(selections.length), ...selections],
    sized(digest(Buffer.concat(spec.values))),
  ]);
}

/** PCRs as the tests themselves compute them. */
export const extend = (old: Uint8Array, by: Uint8Array, name = 'sha256'): Buffer =>
  digest(Buffer.concat([old, by]), name);

export interface BootStep {
  readonly pcr: number;
  readonly type: number;
  readonly data: Uint8Array;
  /** Of what is measured; default: the data. */
  readonly measured?: Uint8Array;
}

const NO_ACTION = 3;

/** A crypto-agile log, and the values that it gives in each bank. */
export function makeBootLog(
  steps: readonly BootStep[],
  banks: readonly HashAlgorithm[],
  startupLocality = 0,
): { bytes: Buffer; values: Map<HashAlgorithm, Buffer[]> } {
  const values = new Map(
    banks.map((bank) => [bank, Array.from({ length: 24 }, (): Buffer => Buffer.alloc(hashOf(bank)!.bytes))] as const),
  );
  for (const of of values.values()) of[0]![of[0]!.length - 1] = startupLocality;
  const spec = Buffer.concat([
    ...[Buffer.from('Spec ID Event03\0'), le(0), Buffer.of(0, 2, 0, 2), le(banks.length)],
    ...banks.flatMap((bank) => [le(bank, 2), le(hashOf(bank)!.bytes, 2)]),
    Buffer.of(0),
  ]);
  const parts: Buffer[] = [le(0), le(NO_ACTION), Buffer.alloc(20), le(spec.length), spec];
  for (const { pcr, type, data, measured = data } of steps) {
    parts.push(le(pcr), le(type), le(banks.length));
    for (const bank of banks) {
      const { name, bytes } = hashOf(bank)!;
      const by = type === NO_ACTION ? Buffer.alloc(bytes) : digest(measured, name);
      parts.push(le(bank, 2), by);
      const of = values.get(bank)!;
      if (type !== NO_ACTION) of[pcr] = extend(of[pcr]!, by, name);
    }
    parts.push(le(data.length), Buffer.from(data));
  }
  return { bytes: Buffer.concat(parts), values };
}

export interface Measured {
  readonly template?: 'ima' | 'ima-ng' | 'ima-sig' | 'ima-buf' | 'ima-ngv2' | 'ima-sigv2';
  readonly pcr?: number;
  readonly path: string;
  /** Of the file; of `ima` a SHA-1 digest. */
  readonly digest: Uint8Array;
  readonly algorithm?: string;
  /** Of ima-sig the signature, of ima-buf the buffer. */
  readonly extra?: Uint8Array;
  readonly isViolation?: boolean;
}

export interface ImaList {
  readonly binary: Buffer;
  readonly ascii: Buffer;
  /** Byte offsets of the entries, of each form. */
  readonly starts: { readonly binary: readonly number[]; readonly ascii: readonly number[] };
  /** What PCR 10 holds after each entry, in the named bank. */
  values(bank: HashAlgorithm, isPadded?: boolean): Buffer[];
}

export function makeImaList(entries: readonly Measured[]): ImaList {
  const rows = entries.map(imaRow);
  const startsOf = (of: (row: ImaRow) => Buffer) => {
    let at = 0;
    return rows.map((row) => {
      const start = at;
      at += of(row).length;
      return start;
    });
  };
  return {
    binary: Buffer.concat(rows.map(({ binary }) => binary)),
    ascii: Buffer.concat(rows.map(({ ascii }) => ascii)),
    starts: { binary: startsOf(({ binary }) => binary), ascii: startsOf(({ ascii }) => ascii) },
    values(bank, isPadded = false) {
      const { name, bytes } = hashOf(bank)!;
      let value: Buffer = Buffer.alloc(bytes);
      return rows.map(({ data, isViolation }) => {
        const padded = Buffer.concat([digest(data, 'sha1'), Buffer.alloc(bytes)]).subarray(0, bytes);
        value = extend(value, isViolation ? Buffer.alloc(bytes, 255) : isPadded ? padded : digest(data, name), name);
        return value;
      });
    },
  };
}

/** What each entry extends the bank by. */
export function imaDigests(entries: readonly Measured[], bank: HashAlgorithm): Buffer[] {
  const { name, bytes } = hashOf(bank)!;
  return entries
    .map(imaRow)
    .map(({ data, isViolation }) => (isViolation ? Buffer.alloc(bytes, 255) : digest(data, name)));
}

interface ImaRow {
  readonly binary: Buffer;
  readonly ascii: Buffer;
  readonly data: Buffer;
  readonly isViolation: boolean;
}

function imaRow(entry: Measured): ImaRow {
  const { template = 'ima-ng', pcr = 10, path, algorithm = 'sha256', isViolation = false } = entry;
  const field = (bytes: Uint8Array) => Buffer.concat([le(bytes.length), bytes]);
  const pathBytes = Buffer.from(path);
  const hex = Buffer.from(entry.digest).toString('hex');
  const hasExtra = template === 'ima-sig' || template === 'ima-buf' || template === 'ima-sigv2';
  const prefix = `${template.endsWith('v2') ? 'ima:' : ''}${algorithm}:`;
  let data: Buffer;
  let body: Buffer;
  let text: string;
  if (template === 'ima') {
    data = Buffer.concat([entry.digest, pathBytes, Buffer.alloc(256 - pathBytes.length)]);
    body = Buffer.concat([entry.digest, field(pathBytes)]);
    text = `${hex} ${path}`;
  } else {
    data = Buffer.concat([
      field(Buffer.concat([Buffer.from(`${prefix}\0`), entry.digest])),
      field(Buffer.concat([pathBytes, Buffer.of(0)])),
      ...(hasExtra ? [field(entry.extra ?? Buffer.alloc(0))] : []),
    ]);
    body = field(data);
    const extra = hasExtra ? ` ${Buffer.from(entry.extra ?? []).toString('hex')}` : '';
    text = `${prefix}${hex} ${path}${extra}`;
  }
  const shown = isViolation ? Buffer.alloc(20) : digest(data, 'sha1');
  const head = Buffer.concat([le(pcr), shown, field(Buffer.from(template))]);
  const line = `${String(pcr).padStart(2)} ${shown.toString('hex')} ${template} ${text}\n`;
  return { binary: Buffer.concat([head, body]), ascii: Buffer.from(line), data, isViolation };
}

/** The first entry of a list: the digest of PCRs 0 to 9. */
export function bootAggregate(values: readonly Uint8Array[], algorithm = 'sha256', count = 10): Measured {
  const isOldest = algorithm === 'sha1';
  const of = Buffer.concat(values.slice(0, isOldest ? 8 : count));
  return { path: 'boot_aggregate', digest: digest(of, algorithm), algorithm };
}
