/**
 * The envelope's layout, version 1. All integers big-endian; docs/specs/envelope.md is the specification.
 *
 *   envelope    = head payload seal
 *   head        = magic version mode algorithm flags key-id id-length device-id boot-epoch sequence [device-time]
 *                 mode-fields payload-length
 *   magic u16 'MS' · version u8 1 · mode u8 · algorithm u8 · flags u8 · key-id 8 bytes · id-length u8 1..64
 *   device-id ASCII [A-Za-z0-9._:-] · boot-epoch u32 · sequence u32 · device-time i64 ms · payload-length u32
 *   mode-fields = "" in modes 0 and 1 · count u16 1..4096, merkle-root 32 bytes in mode 2 ·
 *                 receiver-key-id 8 bytes, session-start i64 ms, session-first u32 in mode 3
 *   seal        = "" with algorithm 0 · r(32) s(32), s ≤ n/2, with 1 · 64 bytes (RFC 8032) with 2 · MAC 32 bytes with 3
 *   payload     = count entries in mode 2, else what the device's type says
 *   entry       = length u16 · [time-delta i32 ms, with the device time; 0 in the first] · frame
 *
 * Each meaning has one encoding: reserved values and bits are refused, and so is a key id without a signature.
 */
export const MAGIC = 0x4d53;
export const VERSION = 1;

export const MODE_NONE = 0;
/** A signature for each frame. */
export const MODE_FRAME = 1;
/** One signature for many frames that follow one another. */
export const MODE_BATCH = 2;
/** A MAC for each frame, under the key of a session. */
export const MODE_SESSION = 3;
export type EnvelopeMode = typeof MODE_NONE | typeof MODE_FRAME | typeof MODE_BATCH | typeof MODE_SESSION;

export const ALGORITHM_NONE = 0;
export const ALGORITHM_ECDSA_P256_SHA256 = 1;
export const ALGORITHM_ED25519 = 2;
export const ALGORITHM_HMAC_SHA256 = 3;

export const FLAG_DEVICE_TIME = 0x01;

export const KEY_ID_BYTES = 8;
export const DEVICE_ID_BYTES_MAX = 64;
export const SIGNATURE_BYTES = 64;
export const MAC_BYTES = 32;
export const HASH_BYTES = 32;
export const BATCH_FRAMES_MAX = 4096;
/** Mode fields of a batch: count and Merkle root. */
export const BATCH_FIELD_BYTES = 2 + HASH_BYTES;
/** Mode fields of a session. */
export const SESSION_FIELD_BYTES = KEY_ID_BYTES + 8 + 4;
/** A session ends with whichever comes first, so that one key never covers more. */
export const SESSION_FRAMES_MAX = 65_536;
export const SESSION_MS_MAX = 24 * 3_600_000;
export const PAYLOAD_BYTES_MAX = 65_535;
/** What a receiver may be set to take. Behind the bridge, which keeps the limit that was set, nothing else is refused. */
export const PAYLOAD_BYTES_CEILING = 1_048_576;
/** The end of the year 9999: later device times are refused, so that every accepted one has an ISO 8601 form. */
export const DEVICE_TIME_MS_MAX = 253_402_300_799_999;

/** Offset of the device id; everything before it has a fixed place. */
export const DEVICE_ID_OFFSET = 15;
/** Bytes besides device id, device time, payload and signature. */
export const FIXED_BYTES = DEVICE_ID_OFFSET + 4 + 4 + 4;
export const ENVELOPE_BYTES_MAX = FIXED_BYTES + DEVICE_ID_BYTES_MAX + 8 + PAYLOAD_BYTES_MAX + SIGNATURE_BYTES;

/** What a signature of mode 1 covers is this, then all bytes of the envelope before the signature. */
export const SIGNATURE_DOMAIN = 'msec-frame-v1\0';
/** What a signature of mode 2 covers is this, the head, and the SHA-256 of the payload. As long as the one above. */
export const BATCH_DOMAIN = 'msec-batch-v1\0';
/** Begins what a session's key is derived from (HKDF's info). */
export const SESSION_DOMAIN = 'msec-session-v1\0';

/** 1 for each byte that a device id may hold: [A-Za-z0-9._:-]. */
export const DEVICE_ID_BYTE: Uint8Array = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-') {
  DEVICE_ID_BYTE[character.charCodeAt(0)] = 1;
}

export function isDeviceId(id: string): boolean {
  return /^[A-Za-z0-9._:-]{1,64}$/.test(id);
}
