/**
 * Frames that a person pastes as hexadecimal digits. A digit lost in copying shifts all after it; where exactly one is
 * missing, each field is tried in turn as the one that lost it, and the error names those that make the frame whole.
 */
import { MsecError } from './base.ts';
import { type FieldSpan, type FrameCodec, FrameContext } from './frame-codec.ts';
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

const MANY_MORE = 64;

/**
 * The fields where one more digit makes a frame, without values out of range if such there are. A digit at the edge of
 * two fields may be put down to either: a field is left out when all that it makes whole, another does too and with
 * many more digits, being free where this one is fixed.
 */
function fieldsThatMayLackADigit(digits: string, codec: FrameCodec): FieldSpan[] {
  const all = codec.spans.map((span) => ({ span, ...framesWithOneMore(digits, span, codec) }));
  const areInRange = all.some(({ inRange }) => inRange.size > 0);
  const found = all.map(({ span, inRange, outOfRange }) => ({ span, frames: areInRange ? inRange : outOfRange }));
  const isMoreThan = (other: Set<string>, own: Set<string>) =>
    other.size > own.size * MANY_MORE && [...own].every((frame) => other.has(frame));
  return found
    .filter(({ frames }) => frames.size > 0 && !found.some((other) => isMoreThan(other.frames, frames)))
    .map(({ span }) => span);
}

/** The frames that one more digit within the field makes, as digits. */
function framesWithOneMore(digits: string, { offset, sizeBytes }: FieldSpan, codec: FrameCodec) {
  const context = new FrameContext(() => {});
  const reading = codec.create();
  const frames = { inRange: new Set<string>(), outOfRange: new Set<string>() };
  for (let at = offset * 2; at < (offset + sizeBytes) * 2; at++) {
    for (const digit of '0123456789abcdef') {
      const whole = digits.slice(0, at) + digit + digits.slice(at);
      const bytes = bytesOf(whole);
      if (!isFrame(() => codec.decode(bytes, 0, bytes.length, reading, context))) continue;
      (reading.flags === 0 ? frames.inRange : frames.outOfRange).add(whole);
    }
  }
  return frames;
}

function isFrame(decode: () => void): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    if (error instanceof MsecError) return false;
    throw error;
  }
}
