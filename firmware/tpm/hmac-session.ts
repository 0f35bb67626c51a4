/**
 * An HMAC session with AES-128-CFB parameter encryption (part 1, 19.6 and 21). Its key comes from a salt that only the
 * TPM can decrypt, so who records the bus can neither read a parameter nor change one unseen. Nonces roll with each
 * command; a response whose HMAC differs is never used.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../engine/base/index.ts';
import {
  ALG_AES,
  ALG_CFB,
  ALG_SHA256,
  type HashAlgorithm,
  invalidResponse,
  NO_BYTES,
  SE_HMAC,
  SESSION_AUDIT_EXCLUSIVE,
  SESSION_CONTINUE,
  TpmReader,
  type TpmWriter,
  written,
} from '../../schemas/tpm/index.ts';
import { kdfA } from './key-derivation.ts';

export const NONCE_BYTES = 32;
const NONCE_BYTES_MIN = 16;
const KEY_BITS = 128;
const IV_BITS = 128;
const CIPHER = 'aes-128-cfb';

/** Parameters of TPM2_StartAuthSession after its handles. */
export function sessionParameters(
  nonceCaller: Uint8Array,
  encryptedSalt: Uint8Array,
  type: number = SE_HMAC,
  hash: HashAlgorithm = ALG_SHA256,
): Buffer {
  return written((writer) => {
    writer.sized(nonceCaller).sized(encryptedSalt);
    writer.u8(type);
    writer.u16(ALG_AES);
    writer.u16(KEY_BITS);
    writer.u16(ALG_CFB);
    writer.u16(hash);
  });
}

/** What one session adds to the response: nonce, attributes, HMAC. */
export interface ResponseAuth {
  readonly nonceTpm: Buffer;
  readonly attributes: number;
  readonly hmac: Buffer;
}

export function readResponseAuth(reader: TpmReader): ResponseAuth {
  return {
    nonceTpm: reader.sized('nonce', 64),
    attributes: reader.u8('session attributes'),
    hmac: reader.sized('HMAC', 64),
  };
}

export class HmacSession {
  readonly handle: number;
  readonly #key: Buffer;
  readonly #random: Random;
  #nonceTpm: Buffer;
  #nonceCaller: Buffer;

  constructor(handle: number, salt: Uint8Array, nonceCaller: Uint8Array, nonceTpm: Uint8Array, random: Random) {
    if (nonceTpm.length < NONCE_BYTES_MIN) throw invalidResponse(`the TPM's nonce has ${nonceTpm.length} bytes`);
    this.handle = handle;
    this.#random = random;
    this.#nonceTpm = Buffer.from(nonceTpm);
    this.#nonceCaller = Buffer.from(nonceCaller);
    this.#key = kdfA(ALG_SHA256, salt, 'ATH', nonceTpm, nonceCaller, 256);
  }

  /** A fresh nonce for the command that is made next. */
  rollNonce(): void {
    this.#nonceCaller = Buffer.from(this.#random.bytes(NONCE_BYTES));
  }

  get nonceTpm(): Uint8Array {
    return this.#nonceTpm;
  }

  /** `auth` belongs to the entity that this session authorizes; empty where it only encrypts. */
  encryptCommand(parameters: Uint8Array, auth: Uint8Array): Buffer {
    const { key, iv } = this.#cipher(auth, this.#nonceCaller, this.#nonceTpm);
    const cipher = createCipheriv(CIPHER, key, iv);
    return onFirst(parameters, (clear) => Buffer.concat([cipher.update(clear), cipher.final()]));
  }

  decryptResponse(parameters: Uint8Array, auth: Uint8Array): Buffer {
    const { key, iv } = this.#cipher(auth, this.#nonceTpm, this.#nonceCaller);
    const decipher = createDecipheriv(CIPHER, key, iv);
    return onFirst(parameters, (sealed) => Buffer.concat([decipher.update(sealed), decipher.final()]));
  }

  /** `parameterHash` covers the command; `nonceOther` is that of a later session that encrypts. */
  writeAuth(
    writer: TpmWriter,
    parameterHash: Uint8Array,
    flags: number,
    auth: Uint8Array,
    nonceOther: Uint8Array = NO_BYTES,
  ): void {
    const attributes = flags | SESSION_CONTINUE;
    writer.u32(this.handle);
    writer.sized(this.#nonceCaller);
    writer.u8(attributes);
    writer.sized(
      this.#hmac(auth, [parameterHash, this.#nonceCaller, this.#nonceTpm, nonceOther, Buffer.of(attributes)]),
    );
  }

  /** TPM_RESPONSE_INVALID where the HMAC differs; the session is of no use after that. */
  check(response: ResponseAuth, parameterHash: Uint8Array, flags: number, auth: Uint8Array): void {
    const { nonceTpm, attributes, hmac } = response;
    if (nonceTpm.length < NONCE_BYTES_MIN) throw invalidResponse(`the TPM's nonce has ${nonceTpm.length} bytes`);
    if ((attributes & ~SESSION_AUDIT_EXCLUSIVE) !== (flags | SESSION_CONTINUE))
      throw invalidResponse(`the session's attributes are 0x${attributes.toString(16)}, which were not asked for`);
    const expected = this.#hmac(auth, [parameterHash, nonceTpm, this.#nonceCaller, Buffer.of(attributes)]);
    if (hmac.length !== expected.length || !timingSafeEqual(hmac, expected))
      throw invalidResponse(
        'the HMAC of the response differs: it was changed on the way, or the password is not known',
      );
    this.#nonceTpm = nonceTpm;
  }

  #hmac(auth: Uint8Array, parts: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha256', Buffer.concat([this.#key, auth]));
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }

  #cipher(auth: Uint8Array, nonceNewer: Uint8Array, nonceOlder: Uint8Array) {
    const sessionValue = Buffer.concat([this.#key, auth]);
    const derived = kdfA(ALG_SHA256, sessionValue, 'CFB', nonceNewer, nonceOlder, KEY_BITS + IV_BITS);
    return { key: derived.subarray(0, KEY_BITS / 8), iv: derived.subarray(KEY_BITS / 8) };
  }
}

/** The first parameter is a TPM2B; its length stays in clear. */
function onFirst(parameters: Uint8Array, change: (content: Buffer) => Buffer): Buffer {
  const reader = new TpmReader(parameters, 'first parameter');
  const content = reader.sized('content');
  return written((writer) => {
    writer.sized(change(content));
    writer.copy(reader.rest('rest'));
  });
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
