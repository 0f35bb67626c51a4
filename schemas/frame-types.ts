/**
 * The frame types that an engine knows: told apart by the first byte (binary) or by the tag after the serial (text).
 * Built once at the start from the committed codecs and those of the configuration.
 */
import { MsecError } from './base.ts';
import type { FrameCodec } from './frame-codec.ts';
import { frameInvalid } from './text-scan.ts';

export class FrameTypes {
  readonly all: readonly FrameCodec[];
  readonly #byTypeByte: readonly (FrameCodec | null)[];
  readonly #texts: readonly FrameCodec[];

  /** Throws CONFIG_INVALID where two types share a name or cannot be told apart. */
  constructor(codecs: readonly FrameCodec[]) {
    const byTypeByte = new Array<FrameCodec | null>(256).fill(null);
    const names = new Set<string>();
    for (const codec of codecs) {
      if (names.has(codec.name)) throw new MsecError('CONFIG_INVALID', `two frame types are called "${codec.name}"`);
      names.add(codec.name);
      if (codec.typeByte === null) continue;
      if (isAlphanumeric(codec.typeByte)) {
        throw new MsecError('CONFIG_INVALID', `"${codec.name}": a type of ${codec.typeByte} could begin a text frame`);
      }
      const other = byTypeByte[codec.typeByte];
      if (other !== null) {
        const names = `"${other.name}" and "${codec.name}"`;
        throw new MsecError('CONFIG_INVALID', `the frame types ${names} have the same type byte ${codec.typeByte}`);
      }
      byTypeByte[codec.typeByte] = codec;
    }
    this.all = codecs;
    this.#byTypeByte = byTypeByte;
    this.#texts = codecs.filter((codec) => codec.format === 'text');
  }

  byName(name: string): FrameCodec | null {
    return this.all.find((codec) => codec.name === name) ?? null;
  }

  /** The type whose cheap structural check passes, type and length; null where none does. */
  match(bytes: Uint8Array, start: number, end: number): FrameCodec | null {
    const codec = this.#candidate(bytes, start, end);
    return codec?.matches(bytes, start, end) === true ? codec : null;
  }

  /** The type that the bytes begin like, whatever their length. Throws FRAME_INVALID where there is none. */
  recognise(bytes: Uint8Array, start: number, end: number): FrameCodec {
    if (end <= start) frameInvalid('type', 0, 'there are no bytes');
    const codec = this.#candidate(bytes, start, end);
    if (codec !== null) return codec;
    const known = this.all.map(({ name }) => name).join(', ');
    return frameInvalid('type', 0, `no frame type begins like this; known are ${known}`);
  }

  /**
   * Cuts a message into its frames: binary ones by their LENGTH, a text frame takes all the rest. Frames that stand
   * before a broken one have been handed over when it throws FRAME_INVALID, its offset counted from `start`.
   */
  split(
    bytes: Uint8Array,
    start: number,
    end: number,
    onFrame: (codec: FrameCodec, from: number, to: number) => void,
  ): void {
    let at = start;
    do {
      let codec: FrameCodec;
      let to: number;
      try {
        codec = this.recognise(bytes, at, end);
        to = at + codec.frameBytes(bytes, at, end);
      } catch (error) {
        throw atOffset(error, at - start);
      }
      onFrame(codec, at, to);
      at = to;
    } while (at < end);
  }

  #candidate(bytes: Uint8Array, start: number, end: number): FrameCodec | null {
    if (end <= start) return null;
    const binary = this.#byTypeByte[bytes[start]];
    if (binary !== null) return binary;
    for (const text of this.#texts) if (text.matches(bytes, start, end)) return text;
    return null;
  }
}

function atOffset(error: unknown, offset: number): unknown {
  if (!(error instanceof MsecError) || offset === 0) return error;
  const { code, message, field, byteOffset = 0 } = error;
  const place = field === undefined ? {} : { field };
  return new MsecError(code, `${message} (in the frame at byte ${offset})`, {
    ...place,
    byteOffset: byteOffset + offset,
  });
}

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
