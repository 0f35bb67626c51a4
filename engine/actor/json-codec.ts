/** JSON for topics and state where speed does not matter; the check makes it a type and not a hope. */
import { type Codec, MsecError } from '../base/index.ts';

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });
const utf8Encoder = new TextEncoder();

/** `check` returns the value typed, or throws; without it any JSON value passes. */
export function jsonCodec<T>(check: (value: unknown) => T = (value) => value as T): Codec<T> {
  return {
    format: 'json',
    decode(bytes, start, end) {
      let parsed: unknown;
      try {
        parsed = JSON.parse(utf8Decoder.decode(bytes.subarray(start, end)));
      } catch (cause) {
        throw new MsecError('VALUE_INVALID', 'The value is not JSON in UTF-8.', { byteOffset: 0, cause });
      }
      return check(parsed);
    },
    encode(value, writer) {
      const text = JSON.stringify(value);
      // Into its place at once: a character is three bytes at most.
      writer.ensure(3 * text.length);
      const { bytes, position } = writer;
      writer.position += utf8Encoder.encodeInto(text, bytes.subarray(position)).written;
    },
  };
}
