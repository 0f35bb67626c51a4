/**
 * What the log of one partition is at one moment, signed as a note that other tools can check (C2SP, tlog-checkpoint and
 * signed-note): two different ones of the same size under one key prove that two logs were shown. The record carries the
 * peaks beside it, so that a log whose beginning was deleted by retention can still be held against what comes after.
 */
import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { AvroReader, LONG_BYTES_MAX, putLong, putWireHeader } from '../avro-bytes.ts';
import { type ByteWriter, MsecError } from '../base.ts';
import { HASH_BYTES, peaksOf, rootOfPeaks } from './log-tree.ts';

export interface LogState {
  readonly partition: number;
  /** Entries, at least one. */
  readonly size: number;
  /** Leaf hash of the last one. */
  readonly head: Uint8Array;
  readonly root: Uint8Array;
}

export interface Checkpoint extends LogState {
  readonly peaks: readonly Uint8Array[];
  /** Event time. */
  readonly timeMs: number;
  /** 64 bytes, or none. */
  readonly signature: Uint8Array;
}

/** A note as somebody keeps it: what it says, and its signature where it has one of this key's name. */
export interface Note extends LogState {
  readonly signature: Uint8Array;
}

const SIGNATURE_BYTES = 64;
const KEY_NAME = 'msec/trust.log';
const ED25519 = 1;
const KEY_HASH_BYTES = 4;
const RAW_KEY_BYTES = 32;
const avro = new AvroReader();
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** What is signed. */
export function noteText({ partition, size, head, root }: LogState): string {
  return `${KEY_NAME}/${partition}\n${size}\n${base64(root)}\nhead ${base64(head)}\n`;
}

export function signState(state: LogState, key: KeyObject): Uint8Array {
  return sign(null, Buffer.from(noteText(state)), key);
}

export function isSignedBy(state: LogState, signature: Uint8Array, key: KeyObject): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    key.asymmetricKeyType === 'ed25519' &&
    verify(null, Buffer.from(noteText(state)), key, signature)
  );
}

/** The signed note. `key`: the public one, which the note's last line names. */
export function formatNote(note: Note, key: KeyObject): string {
  const line = base64(Buffer.concat([keyHash(key), note.signature]));
  return `${noteText(note)}\n— ${KEY_NAME} ${line}\n`;
}

function keyHash(key: KeyObject): Buffer {
  const raw = key.export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY_BYTES);
  return createHash('sha256')
    .update(`${KEY_NAME}\n`)
    .update(Uint8Array.of(ED25519))
    .update(raw)
    .digest()
    .subarray(0, KEY_HASH_BYTES);
}

const NOTE =
  /^msec\/trust\.log\/(\d{1,5})\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\nhead ([A-Za-z0-9+/]{43}=)\n\n((?:— \S+ [A-Za-z0-9+/=]+\n)+)$/;

/** One or several notes, one behind the other. CHECKPOINT_INVALID. Signatures of other keys' names are passed over. */
export function parseNotes(text: string): Note[] {
  const parts = text.split(/(?=^msec\/trust\.log\/)/m);
  return parts.map((part, i) => {
    const match = NOTE.exec(part);
    if (match === null) throw invalid(`note ${i + 1} of ${parts.length} is no checkpoint of a trust.log`);
    const [, partition, size, root, head, lines] = match as unknown as [string, string, string, string, string, string];
    const signature = lines
      .split('\n')
      .map((line) => new RegExp(`^— ${KEY_NAME} (.+)$`).exec(line)?.[1])
      .find((found) => found !== undefined);
    const bytes = Buffer.from(signature ?? '', 'base64').subarray(KEY_HASH_BYTES);
    if (Number(size) === 0) throw invalid(`note ${i + 1} of ${parts.length} is of a log without entries`);
    return {
      partition: Number(partition),
      size: Number(size),
      root: Buffer.from(root, 'base64'),
      head: Buffer.from(head, 'base64'),
      signature: bytes,
    };
  });
}

function invalid(says: string): MsecError {
  return new MsecError('CHECKPOINT_INVALID', `checkpoint: ${says}`, { field: 'checkpoint' });
}

function writeLong(writer: ByteWriter, value: number): void {
  writer.ensure(LONG_BYTES_MAX);
  writer.position = putLong(writer.bytes, writer.position, value);
}

export function encodeCheckpoint(writer: ByteWriter, schemaId: number, checkpoint: Checkpoint): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  writeLong(writer, checkpoint.partition);
  writeLong(writer, checkpoint.size);
  writer.copy(checkpoint.head);
  writer.copy(checkpoint.root);
  writeLong(writer, checkpoint.peaks.length);
  for (const peak of checkpoint.peaks) writer.copy(peak);
  writeLong(writer, 0);
  writeLong(writer, checkpoint.timeMs);
  writeLong(writer, checkpoint.signature.length);
  writer.copy(checkpoint.signature);
}

/** An own copy whose root is that of its peaks. Throws AVRO_INVALID. */
export function decodeCheckpoint(bytes: Uint8Array, start = 0, end = bytes.length): Checkpoint {
  avro.open(bytes, start, end);
  const hash = (field: string): Uint8Array => {
    const from = avro.fixed(field, HASH_BYTES);
    return bytes.slice(from, from + HASH_BYTES);
  };
  const partition = avro.long('partition');
  const size = avro.long('size');
  const head = hash('head');
  const root = hash('root');
  const peaks: Uint8Array[] = [];
  if (size < 1 || partition < 0) avro.fail('size', 'a checkpoint is of one entry at least');
  for (let count = avro.block('peaks'); count > 0; count = avro.block('peaks')) {
    if (peaks.length + count > peaksOf(size)) avro.fail('peaks', 'there are too many for the size');
    for (let i = 0; i < count; i++) peaks.push(hash('peaks'));
  }
  if (peaks.length !== peaksOf(size) || !Buffer.from(rootOfPeaks(peaks)).equals(root))
    avro.fail('peaks', 'the root is not theirs');
  const timeMs = avro.long('time');
  const from = avro.span('signature');
  const signature = bytes.slice(from, avro.at);
  avro.close();
  return { partition, size, head, root, peaks, timeMs, signature };
}
