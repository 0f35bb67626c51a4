/**
 * A buffer as words of four bytes, so that a filter looks at memory once for four keys. There is one copy, good until the next:
 * views into the traffic begin anywhere, and words have to begin where memory has them.
 */

/** Fewer bytes are not worth a copy. */
export const WORDS_BYTES_MIN = 48;
const FIRST_BYTES = 16_384;
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

let words = new Int32Array(FIRST_BYTES / 4);
let bytes = new Uint8Array(words.buffer);

/** The first byte of each four is lowest in its word. Null where the machine has them the other way round. */
export function wordsOf(buffer: Uint8Array): Int32Array | null {
  if (!IS_LITTLE_ENDIAN) return null;
  if (buffer.length > bytes.length) {
    words = new Int32Array(2 ** Math.ceil(Math.log2(buffer.length)) / 4);
    bytes = new Uint8Array(words.buffer);
  }
  bytes.set(buffer);
  return words;
}
