/** The link layer of DNP3 (IEEE 1815): frames of at most 292 bytes, with a check of each block of 16 bytes. */

export const HEADER_BYTES = 10;
const CRC_BYTES = 2;
const BLOCK_BYTES = 16;
/** As many bytes of the header the length counts. */
const COUNTED_BYTES = 5;
const START = [0x05, 0x64] as const;
/** Confirmed and unconfirmed user data; other frames carry nothing. */
const USER_DATA: readonly number[] = [3, 4];

const POLYNOMIAL = 0xa6bc;
const CRC_OF_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1) ^ ((crc & 1) * POLYNOMIAL);
  return crc;
});

export function crcOf(bytes: Uint8Array, from: number, end: number): number {
  let crc = 0;
  for (let at = from; at < end; at += 1) crc = CRC_OF_BYTE[(crc ^ bytes[at]!) & 255]! ^ (crc >> 8);
  return ~crc & 0xffff;
}

/** The check stands behind what it is of. */
function isChecked(bytes: Uint8Array, from: number, end: number): boolean {
  return crcOf(bytes, from, end) === (bytes[end]! | (bytes[end + 1]! << 8));
}

export interface LinkHeader {
  readonly control: number;
  readonly destination: number;
  readonly source: number;
}

export const linkHeader = (bytes: Uint8Array, at: number): LinkHeader => ({
  control: bytes[at + 3]!,
  destination: bytes[at + 4]! | (bytes[at + 5]! << 8),
  source: bytes[at + 6]! | (bytes[at + 7]! << 8),
});

export const isStart = (bytes: Uint8Array, at: number): boolean => bytes[at] === START[0] && bytes[at + 1] === START[1];

/** What the header says is long, without the checks; below COUNTED_BYTES it is no frame. */
export const countedLength = (bytes: Uint8Array, at: number): number => bytes[at + 2]!;
export const isTooShort = (counted: number): boolean => counted < COUNTED_BYTES;
export const userBytes = (counted: number): number => counted - COUNTED_BYTES;

/** The whole frame's, with the checks. */
export function frameLength(counted: number): number {
  const data = userBytes(counted);
  return HEADER_BYTES + data + CRC_BYTES * Math.ceil(data / BLOCK_BYTES);
}

export const isUserData = (bytes: Uint8Array, at: number): boolean => USER_DATA.includes(bytes[at + 3]! & 15);

export const isHeaderChecked = (bytes: Uint8Array, at: number): boolean =>
  isChecked(bytes, at, at + HEADER_BYTES - CRC_BYTES);

/** Of a whole frame. */
export function isDataChecked(bytes: Uint8Array, at: number, end: number): boolean {
  for (let block = at + HEADER_BYTES; block < end; block += BLOCK_BYTES + CRC_BYTES)
    if (!isChecked(bytes, block, Math.min(block + BLOCK_BYTES, end - CRC_BYTES))) return false;
  return true;
}

/** What a frame carries behind its transport header, without the checks. Gives the place behind it. */
export function copyUserData(bytes: Uint8Array, at: number, end: number, into: Uint8Array, place: number): number {
  let to = place;
  for (let block = at + HEADER_BYTES; block < end; block += BLOCK_BYTES + CRC_BYTES) {
    const from = block === at + HEADER_BYTES ? block + 1 : block;
    const piece = bytes.subarray(from, Math.min(block + BLOCK_BYTES, end - CRC_BYTES));
    into.set(piece, to);
    to += piece.length;
  }
  return to;
}
