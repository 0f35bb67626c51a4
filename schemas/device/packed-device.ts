/**
 * A device record in a seventh of the memory that its object takes, for tables of a million devices. It lives in one
 * process or in changelogs of one version, never in a public topic. Whatever passes the check of device records comes
 * back equal, but for the order of a key's modes.
 *
 *   flags u8 (1 active · 2 has a credential · 4 has an attestation key · 8 has a place · 16 has a batch) · revision, reset count, created at: varints · tag key 8 · [credential hash 32]
 *   type, identity, time zone: length u8, ASCII · count of keys u8 · keys · [attestation key: length u16, base64] · [latitude, longitude: f64] · [batch: length u8, ASCII]
 *   key := flags u8 (1 active · 2 Ed25519 · 4 to 16 modes, none: the default · 32 not before · 64 not after · 128 as text)
 *          · key id 8 · [not before varint] · [not after varint] · point 64 | Ed25519 key 32 | length u16, base64
 */
import { ByteWriter, MsecError } from '../../engine/index.ts';
import { type DeviceKey, type DeviceRecord, KEY_MODES } from './device-record.ts';

/** What the record says beside whose it is. */
export type DeviceFactsRecord = Omit<DeviceRecord, 'version' | 'deviceId'>;

const ACTIVE = 1;
const CREDENTIAL = 2;
const ATTESTATION = 4;
const PLACE = 8;
const BATCH = 16;

const KEY_ACTIVE = 1;
const KEY_ED25519 = 2;
const KEY_MODES_SHIFT = 2;
const KEY_MODES_MASK = 7 << KEY_MODES_SHIFT;
const KEY_NOT_BEFORE = 32;
const KEY_NOT_AFTER = 64;
const KEY_AS_TEXT = 128;

const TAG_KEY_BYTES = 8;
const HASH_BYTES = 32;
const KEY_ID_BYTES = 8;
/** SubjectPublicKeyInfo before the bytes that differ. */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P256_BYTES = 64;
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;

const scratch = new ByteWriter(512);

/** An own copy. */
export function packDevice(record: DeviceFactsRecord): Uint8Array<ArrayBuffer> {
  const writer = scratch;
  writer.clear();
  const { credentialHash, attestationKey, place, batch } = record;
  const more =
    (attestationKey === undefined ? 0 : ATTESTATION) |
    (place === undefined ? 0 : PLACE) |
    (batch === undefined ? 0 : BATCH);
  writer.u8((record.state === 'active' ? ACTIVE : 0) | (credentialHash === null ? 0 : CREDENTIAL) | more);
  varint(writer, record.revision);
  varint(writer, record.resetCount);
  varint(writer, record.createdAtMs);
  writer.copy(Buffer.from(record.tagKey, 'hex'));
  if (credentialHash !== null) writer.copy(Buffer.from(credentialHash, 'hex'));
  for (const text of [record.type, record.identity, record.timeZone]) shortText(writer, text);
  writer.u8(record.keys.length);
  for (const key of record.keys) packKey(writer, key);
  if (attestationKey !== undefined) longText(writer, attestationKey);
  if (place !== undefined) {
    writer.f64(place.latitude);
    writer.f64(place.longitude);
  }
  if (batch !== undefined) shortText(writer, batch);
  return writer.take();
}

function packKey(
  writer: ByteWriter,
  { keyId, algorithm, publicKey, state, modes, notBeforeMs, notAfterMs }: DeviceKey,
) {
  const isEd25519 = algorithm === 'ed25519';
  const [prefix, bytes] = isEd25519 ? [ED25519_PREFIX, ED25519_BYTES] : [P256_PREFIX, P256_BYTES];
  const spki = Buffer.from(publicKey, 'base64');
  const isPlain =
    spki.length === prefix.length + bytes &&
    prefix.equals(spki.subarray(0, prefix.length)) &&
    spki.toString('base64') === publicKey;
  let flags = (state === 'active' ? KEY_ACTIVE : 0) | (isEd25519 ? KEY_ED25519 : 0) | (isPlain ? 0 : KEY_AS_TEXT);
  for (const mode of modes ?? []) flags |= 1 << (KEY_MODES_SHIFT + KEY_MODES.indexOf(mode));
  if (notBeforeMs !== undefined) flags |= KEY_NOT_BEFORE;
  if (notAfterMs !== undefined) flags |= KEY_NOT_AFTER;
  writer.u8(flags);
  writer.copy(Buffer.from(keyId, 'hex'));
  if (notBeforeMs !== undefined) varint(writer, notBeforeMs);
  if (notAfterMs !== undefined) varint(writer, notAfterMs);
  if (isPlain) writer.copy(spki, prefix.length);
  else longText(writer, publicKey);
}

function shortText(writer: ByteWriter, text: string): void {
  writer.u8(text.length);
  writer.copy(Buffer.from(text, 'latin1'));
}

function longText(writer: ByteWriter, text: string): void {
  writer.u16(text.length);
  writer.copy(Buffer.from(text, 'latin1'));
}

/** STATE_CORRUPT where the bytes are no packed device. */
export function unpackDevice(bytes: Uint8Array, start = 0, end = bytes.length): DeviceFactsRecord {
  const reader = new PackedReader(bytes, start, end);
  const flags = reader.u8();
  const revision = reader.varint();
  const resetCount = reader.varint();
  const createdAtMs = reader.varint();
  const tagKey = reader.take(TAG_KEY_BYTES).toString('hex');
  const credentialHash = (flags & CREDENTIAL) === 0 ? null : reader.take(HASH_BYTES).toString('hex');
  const type = reader.text();
  const identity = reader.text();
  const timeZone = reader.text();
  const keys: DeviceKey[] = [];
  for (let left = reader.u8(); left > 0; left--) keys.push(unpackKey(reader));
  const attestation = (flags & ATTESTATION) === 0 ? {} : { attestationKey: reader.longText() };
  const place = (flags & PLACE) === 0 ? {} : { place: { latitude: reader.f64(), longitude: reader.f64() } };
  const batch = (flags & BATCH) === 0 ? {} : { batch: reader.text() };
  reader.end();
  const state = (flags & ACTIVE) === 0 ? 'revoked' : 'active';
  const more = { ...attestation, ...place, ...batch };
  return { revision, type, state, keys, identity, timeZone, credentialHash, ...more, tagKey, resetCount, createdAtMs };
}

/** The hash of its token alone, a view; null where it has none. For every connection that is tried, known or not. */
export function packedCredential(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  const reader = new PackedReader(bytes, start, end);
  if ((reader.u8() & CREDENTIAL) === 0) return null;
  for (let i = 0; i < 3; i++) reader.varint();
  reader.take(TAG_KEY_BYTES);
  return reader.take(HASH_BYTES);
}

function unpackKey(reader: PackedReader): DeviceKey {
  const flags = reader.u8();
  const keyId = reader.take(KEY_ID_BYTES).toString('hex');
  const notBeforeMs = (flags & KEY_NOT_BEFORE) === 0 ? undefined : reader.varint();
  const notAfterMs = (flags & KEY_NOT_AFTER) === 0 ? undefined : reader.varint();
  const isEd25519 = (flags & KEY_ED25519) !== 0;
  return {
    keyId,
    algorithm: isEd25519 ? 'ed25519' : 'ecdsa-p256-sha256',
    publicKey: (flags & KEY_AS_TEXT) === 0 ? publicKeyOf(reader, isEd25519) : reader.longText(),
    state: (flags & KEY_ACTIVE) === 0 ? 'retired' : 'active',
    ...((flags & KEY_MODES_MASK) === 0
      ? {}
      : { modes: KEY_MODES.filter((_, i) => (flags & (1 << (KEY_MODES_SHIFT + i))) !== 0) }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...(notAfterMs === undefined ? {} : { notAfterMs }),
  };
}

function publicKeyOf(reader: PackedReader, isEd25519: boolean): string {
  const prefix = isEd25519 ? ED25519_PREFIX : P256_PREFIX;
  return Buffer.concat([prefix, reader.take(isEd25519 ? ED25519_BYTES : P256_BYTES)]).toString('base64');
}

class PackedReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  }

  u8(): number {
    return this.#bytes[this.#need(1)] as number;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  f64(): number {
    return this.#bytes.readDoubleBE(this.#need(8));
  }

  /** A view. */
  take(length: number): Buffer {
    const at = this.#need(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    return this.take(this.u8()).toString('latin1');
  }

  longText(): string {
    return this.take(this.u8() * 256 + this.u8()).toString('latin1');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#corrupt();
  }

  #need(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw this.#corrupt();
    return at;
  }

  #corrupt(): MsecError {
    const byteOffset = Math.min(this.#at, this.#bytes.length);
    return new MsecError('STATE_CORRUPT', `a packed device does not end at byte ${byteOffset}`, { byteOffset });
  }
}

/** A whole number below 2^53, seven bits a byte, the lowest first. */
function varint(writer: ByteWriter, value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) writer.u8((rest % 128) | 0x80);
  writer.u8(rest);
}
