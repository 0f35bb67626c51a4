/**
 * `msec decode`: frames in, one JSON object each out. A broken frame is told with field and offset, the ones after it
 * are still read where it is known where they begin. Addresses become pseudonyms of a random key that dies with the run.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { MsecError } from '../../engine/base/index.ts';
import { type FrameCodec, FrameContext, type FrameTypes, frameBytesFromHex, frameTypes } from '../../schemas/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { configuredFrameTypes } from '../frame-types.ts';
import { nearMiss } from '../near-miss.ts';
import { NoInputError, note, printJson, report, UsageError } from '../terminal.ts';

export interface DecodeFlags extends CommonFlags {
  readonly type?: string;
}

const INPUT_BYTES_MAX = 64 * 1024 * 1024;

export async function runDecode(flags: DecodeFlags, input: string | undefined): Promise<number> {
  const types = await knownTypes(flags);
  const codec = chosenType(types, flags.type);
  const decoder = new Decoder(types, codec, flags);
  for (const message of messagesOf(input, types)) decoder.message(message);
  decoder.finish();
  return decoder.failures > 0 ? EXIT.data.code : EXIT.ok.code;
}

/** The committed types, and those of the configuration: read only where there is one, as that takes longer than all else. */
async function knownTypes(flags: DecodeFlags): Promise<FrameTypes> {
  if (flags.config === undefined && !existsSync('msec.yaml')) return frameTypes();
  const { loadConfig } = await import('../config/index.ts');
  const { config } = loadConfig(flags.config, process.cwd());
  return configuredFrameTypes(config);
}

function chosenType(types: FrameTypes, name: string | undefined): FrameCodec | undefined {
  if (name === undefined) return undefined;
  const codec = types.byName(name);
  if (codec !== null) return codec;
  const known = types.all.map((type) => type.name);
  const meant = nearMiss(name, known);
  throw new UsageError(
    `there is no frame type ${name}${meant === undefined ? '' : `, did you mean ${meant}?`} (known: ${known.join(', ')})`,
  );
}

/** What stands for one message: bytes, or hexadecimal digits that still have to be read. */
interface Message {
  readonly label: string;
  bytes(): Uint8Array;
}

const HEX_TEXT = /^(?:\s|0x|[0-9a-fA-F])+$/;

function messagesOf(input: string | undefined, types: FrameTypes): Message[] {
  if (input === undefined && process.stdin.isTTY)
    throw new UsageError('no frame is given: hexadecimal digits, a file, or - for standard input');
  const isArgument = input !== undefined && input !== '-';
  if (isArgument && HEX_TEXT.test(input) && !existsSync(input)) return hexMessages(input, types);
  if (isArgument && !existsSync(input)) {
    if (input.includes('@')) return [{ label: '', bytes: () => Buffer.from(input) }];
    throw new NoInputError(`${input} is neither hexadecimal digits nor a file`);
  }
  const bytes = readInput(isArgument ? input : 0);
  if (bytes.length === 0)
    throw new NoInputError(`${isArgument ? input : 'standard input'} is empty: there is no frame to read`);
  const text = bytes.toString('latin1');
  if (HEX_TEXT.test(text)) return hexMessages(text, types);
  return textFrames(bytes, text, types);
}

/** Each line of digits is a message of its own, so that a broken one does not take the rest with it. */
function hexMessages(text: string, types: FrameTypes): Message[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, i) => ({
    label: lines.length > 1 ? `line ${i + 1}: ` : '',
    bytes: () => frameBytesFromHex(line, types.all),
  }));
}

/** Text frames one behind the other: each begins with a line of several fields, its addresses have one. */
function textFrames(bytes: Buffer, text: string, types: FrameTypes): Message[] {
  if (bytes[0] === undefined || types.all.some(({ typeByte }) => typeByte === bytes[0]))
    return [{ label: '', bytes: () => bytes }];
  const starts = [...text.matchAll(/^[^@\n]*@[^@\n]*@[^@\n]*@/gm)].map(({ index }) => index);
  if (starts[0] !== 0) starts.unshift(0);
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? bytes.length;
    // The line feed before the next frame belongs to neither.
    const trimmed = i + 1 < starts.length ? text.slice(start, end).replace(/\s+$/, '').length : end - start;
    return { label: starts.length > 1 ? `byte ${start}: ` : '', bytes: () => bytes.subarray(start, start + trimmed) };
  });
}

function readInput(from: string | 0): Buffer {
  if (from !== 0 && statSync(from).isDirectory()) throw new NoInputError(`${from} is a folder, not a file of frames`);
  const file = from === 0 ? 0 : openSync(from, 'r');
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for (;;) {
      const chunk = Buffer.alloc(64 * 1024);
      const length = readSome(file, chunk);
      if (length === 0) break;
      total += length;
      if (total > INPUT_BYTES_MAX)
        throw new MsecError('FRAME_TOO_LARGE', `the input is larger than ${INPUT_BYTES_MAX} bytes`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    if (file !== 0) closeSync(file);
  }
  return Buffer.concat(chunks);
}

function readSome(file: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(file, into);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      // A pipe whose writer has not written yet.
      if (code !== 'EAGAIN') throw error;
    }
  }
}

class Decoder {
  failures = 0;
  #frames = 0;
  #hasPseudonyms = false;
  readonly #types: FrameTypes;
  readonly #codec: FrameCodec | undefined;
  readonly #flags: DecodeFlags;
  readonly #context: FrameContext;
  readonly #readings = new Map<FrameCodec, ReturnType<FrameCodec['create']>>();

  constructor(types: FrameTypes, codec: FrameCodec | undefined, flags: DecodeFlags) {
    this.#types = types;
    this.#codec = codec;
    this.#flags = flags;
    const key = randomBytes(32);
    this.#context = new FrameContext((mac, into, at) => {
      into.set(createHmac('sha256', key).update(mac).digest().subarray(0, 8), at);
      this.#hasPseudonyms = true;
    });
  }

  message({ label, bytes: read }: Message): void {
    let bytes: Uint8Array;
    try {
      bytes = read();
    } catch (error) {
      this.#fail(error, label, 0);
      return;
    }
    for (let at = 0; at < bytes.length || at === 0; ) {
      let codec: FrameCodec;
      let end: number;
      try {
        codec = this.#codec ?? this.#types.recognise(bytes, at, bytes.length);
        end = at + codec.frameBytes(bytes, at, bytes.length);
      } catch (error) {
        // Where this frame ends is unknown, so is where the next would begin.
        this.#fail(error, label, at);
        return;
      }
      this.#frame(codec, bytes, at, end, label);
      at = end;
    }
  }

  finish(): void {
    if (this.#hasPseudonyms) {
      note('Addresses are shown as pseudonyms of a random key that nobody keeps: those of another run differ.');
    }
    if (this.failures > 0 && this.#frames > 0) note(`${this.#frames} decoded, ${this.failures} refused`);
  }

  #frame(codec: FrameCodec, bytes: Uint8Array, start: number, end: number, label: string): void {
    let reading = this.#readings.get(codec);
    if (reading === undefined) {
      reading = codec.create();
      this.#readings.set(codec, reading);
    }
    try {
      codec.decode(bytes, start, end, reading, this.#context);
    } catch (error) {
      this.#fail(error, label, start);
      return;
    }
    this.#frames++;
    printJson(codec.toJson(bytes, reading));
  }

  /** Offsets count from the start of the message, as the user sees it. */
  #fail(error: unknown, label: string, start: number): void {
    if (!(error instanceof MsecError)) throw error;
    this.failures++;
    const { code, message, field, byteOffset } = error;
    const place = byteOffset === undefined ? {} : { byteOffset: byteOffset + start };
    const frame = start === 0 ? '' : ` (in the frame at byte ${start})`;
    report(new MsecError(code, `${label}${message}${frame}`, { ...(field === undefined ? {} : { field }), ...place }), {
      json: this.#flags.json === true,
      debug: this.#flags.debug === true,
    });
  }
}
