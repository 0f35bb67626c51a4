/**
 * The envelope's layout, version 1. All integers big-endian; docs/specs/envelope.md is the specification.
 *
 *   envelope    = signed signature
 *   signed      = magic version mode algorithm flags key-id id-length device-id boot-epoch sequence [device-time]
 *                 payload-length payload
 *   magic u16 'MS' · version u8 1 · mode u8 · algorithm u8 · flags u8 · key-id 8 bytes · id-length u8 1..64
 *   device-id ASCII [A-Za-z0-9._:-] · boot-epoch u32 · sequence u32 · device-time i64 ms · payload-length u32
 *   signature   = "" when algorithm is 0, r(32) s(32) when it is 1
 *
 * Each meaning has one encoding: reserved values and bits are refused, and so is a key id without a signature.
 */
export const MAGIC = 0x4d53;
export const VERSION = 1;

/** How the frame is signed. 2 (a batch signed once) and 3 (a session key) are reserved and refused. */
export const MODE_NONE = 0;
export const MODE_FRAME = 1;
export type EnvelopeMode = typeof MODE_NONE | typeof MODE_FRAME;

export const ALGORITHM_NONE = 0;
export const ALGORITHM_ECDSA_P256_SHA256 = 1;

export const FLAG_DEVICE_TIME = 0x01;

export const KEY_ID_BYTES = 8;
export const DEVICE_ID_BYTES_MAX = 64;
export const SIGNATURE_BYTES = 64;
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

/** What a signature covers is this, then all bytes of the envelope before the signature. */
export const SIGNATURE_DOMAIN = 'msec-frame-v1\0';

/** 1 for each byte that a device id may hold: [A-Za-z0-9._:-]. */
export const DEVICE_ID_BYTE: Uint8Array = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-') {
  DEVICE_ID_BYTE[character.charCodeAt(0)] = 1;
}

export function isDeviceId(id: string): boolean {
  return /^[A-Za-z0-9._:-]{1,64}$/.test(id);
}
