/**
 * Frames that a person pastes as hexadecimal digits. A digit lost in copying shifts all after it; where exactly one is
 * missing, each field is tried in turn as the one that lost it, and the error names those that make the frame whole.
 */
import { MsecError } from './base.ts';
import type { FrameCodec } from './frame-codec.ts';
import { FrameContext } from './frame-codec.ts';
import { frameInvalid } from './text-scan.ts';

/**
 * The bytes of hexadecimal digits; white space and a leading 0x are ignored. Throws FRAME_INVALID. `codecs` are the
 * types whose frames are looked for when a digit is missing.
 */
export function frameBytesFromHex(text: string, codecs: readonly FrameCodec[]): Uint8Array {
  const digits = text.replaceAll(/\s/g, '').replace(/^0[xX]/, '');
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) frameInvalid('hex', wrong >> 1, `digit ${wrong + 1} is not hexadecimal`);
  if (digits.length % 2 !== 0) explainOddDigits(digits, codecs);
  return bytesOf(digits);
}

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

function explainOddDigits(digits: string, codecs: readonly FrameCodec[]): never {
  const odd = `${digits.length} hexadecimal digits are an odd number`;
  const typeByte = Number.parseInt(digits.slice(0, 2), 16);
  const codec = codecs.find((candidate) => candidate.typeByte === typeByte);
  if (codec === undefined) return frameInvalid('hex', digits.length >> 1, `${odd}: one is missing or too many`);
  const expected = codec.sizeBytes * 2;
  const needs = `${odd}; ${codec.title} has ${expected}`;
  if (digits.length !== expected - 1) return frameInvalid('hex', digits.length >> 1, needs);
  const fields = fieldsThatMayLackADigit(digits, codec);
  const [first] = fields;
  if (first === undefined) return frameInvalid('hex', digits.length >> 1, `${needs}, one is missing`);
  const names = fields.map(({ label, offset }) => `${label} (byte ${offset})`).join(' or ');
  throw new MsecError('FRAME_INVALID', `${needs}: a digit seems to be missing in ${names}`, {
    field: first.name,
    byteOffset: first.offset,
  });
}

/** The fields where one more digit makes a frame, without values out of range if such there are. */
function fieldsThatMayLackADigit(digits: string, codec: FrameCodec) {
  const context = new FrameContext(() => {});
  const reading = codec.create();
  const flagsWith = (offset: number): number | null => {
    const bytes = bytesOf(`${digits.slice(0, offset * 2)}0${digits.slice(offset * 2)}`);
    try {
      codec.decode(bytes, 0, bytes.length, reading, context);
      return reading.flags;
    } catch (error) {
      if (error instanceof MsecError) return null;
      throw error;
    }
  };
  const tried = codec.spans.map((span) => ({ span, flags: flagsWith(span.offset) }));
  const inRange = tried.filter(({ flags }) => flags === 0);
  return (inRange.length > 0 ? inRange : tried.filter(({ flags }) => flags !== null)).map(({ span }) => span);
}
