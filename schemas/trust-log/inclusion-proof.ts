/**
 * That one entry is in the log, for somebody who has nothing but the log's public key: the entry itself, its place, the hashes
 * beside its way up the tree, and a signed checkpoint, as text that other tools read as well (C2SP, tlog-proof).
 */
import type { KeyObject } from 'node:crypto';
import { MsecError } from '../base.ts';
import { rootOfPath } from '../envelope/index.ts';
import { formatNote, isSignedBy, type Note, parseNotes } from './checkpoint.ts';
import { decodeEntry, entryHash, type LogEntry, WIRE_HEADER_BYTES } from './log-entry.ts';
import { HASH_BYTES, LEVELS_MAX } from './log-tree.ts';

export interface InclusionProof {
  readonly index: number;
  /** The entry's Avro, which is hashed. */
  readonly body: Uint8Array;
  /** The lowest first. */
  readonly path: readonly Uint8Array[];
  readonly checkpoint: Note;
}

const FORMAT = 'c2sp.org/tlog-proof@v1';
const HASH = /^[A-Za-z0-9+/]{43}=$/;
const PROOF_CHARS_MAX = 64 * 1024;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** `key`: the public one, which the checkpoint's last line names. */
export function formatProof({ index, body, path, checkpoint }: InclusionProof, key: KeyObject): string {
  const hashes = path.map((hash) => `${base64(hash)}\n`).join('');
  return `${FORMAT}\nextra ${base64(body)}\nindex ${index}\n${hashes}\n${formatNote(checkpoint, key)}`;
}

/** PROOF_INVALID, CHECKPOINT_INVALID. */
export function parseProof(text: string): InclusionProof {
  if (text.length > PROOF_CHARS_MAX) throw invalid('proof', 'is too long');
  const end = text.indexOf('\n\n');
  const [format, extra, place, ...hashes] = text.slice(0, Math.max(0, end)).split('\n');
  if (format !== FORMAT) throw invalid('format', `must begin with ${FORMAT}`);
  const body = /^extra ([A-Za-z0-9+/]+=*)$/.exec(extra ?? '')?.[1];
  if (body === undefined) throw invalid('extra', 'must be the entry, in base64');
  const index = /^index (0|[1-9]\d{0,14})$/.exec(place ?? '')?.[1];
  if (index === undefined) throw invalid('index', 'must be a whole number');
  if (hashes.length > LEVELS_MAX || hashes.some((hash) => !HASH.test(hash)))
    throw invalid('path', `must be up to ${LEVELS_MAX} hashes of ${HASH_BYTES} bytes, in base64`);
  const [checkpoint, ...more] = parseNotes(text.slice(end + 2));
  if (checkpoint === undefined || more.length > 0) throw invalid('checkpoint', 'must be one');
  return {
    ...{ index: Number(index), body: Buffer.from(body, 'base64'), checkpoint },
    path: hashes.map((hash) => Buffer.from(hash, 'base64')),
  };
}

/** The entry, once all of it holds. PROOF_INVALID. */
export function verifyInclusion({ index, body, path, checkpoint }: InclusionProof, key: KeyObject): LogEntry {
  const { size, root, signature, partition } = checkpoint;
  if (!isSignedBy(checkpoint, signature, key))
    throw invalid('checkpoint', `of ${size} entries of partition ${partition} is not signed by this key`);
  const found = rootOfPath(entryHash(body), index, size, path);
  if (found === null || !Buffer.from(found).equals(root))
    throw invalid('path', `entry ${index} with this content is not among the ${size} that were signed`);
  const entry = decodeEntry(Buffer.concat([new Uint8Array(WIRE_HEADER_BYTES), body]));
  if (entry.index !== index) throw invalid('index', `the entry says that it is ${entry.index}`);
  return entry;
}

const invalid = (field: string, says: string): MsecError =>
  new MsecError('PROOF_INVALID', `proof, ${field}: ${says}`, { field });
