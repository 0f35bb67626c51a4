/** Avro strings for codecs of records that are not on the hot path. */
import { LONG_BYTES_MAX, putBytes, putLong } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';

const encoder = new TextEncoder();

export function writeString(writer: ByteWriter, text: string): void {
  writer.ensure(text.length * 3 + LONG_BYTES_MAX);
  const { bytes, position } = writer;
  let isAscii = true;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) isAscii = false;
  if (!isAscii) {
    const utf8 = encoder.encode(text);
    writer.position = putBytes(bytes, position, utf8, 0, utf8.length);
    return;
  }
  let at = putLong(bytes, position, text.length);
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  writer.position = at;
}

export function writeLong(writer: ByteWriter, value: number): void {
  writer.ensure(LONG_BYTES_MAX);
  writer.position = putLong(writer.bytes, writer.position, value);
}

export function writeDouble(writer: ByteWriter, value: number): void {
  writer.ensure(8);
  writer.view.setFloat64(writer.position, value, true);
  writer.position += 8;
}

/** An array of strings, as one block. */
export function writeStrings(writer: ByteWriter, texts: readonly string[]): void {
  if (texts.length > 0) writeLong(writer, texts.length);
  for (const text of texts) writeString(writer, text);
  writeLong(writer, 0);
}
