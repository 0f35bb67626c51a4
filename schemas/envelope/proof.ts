/**
 * A proof that a device signed one frame, for somebody who has nothing but its public key: an envelope of mode 1 as it
 * is, or of a batch its head, flat hash, signature, one entry and the entry's Merkle path. JSON, so that people can look.
 */
import type { KeyObject } from 'node:crypto';
import { MsecError } from '../../engine/index.ts';
import { BatchFrames } from './batch-frames.ts';
import { EnvelopeView } from './envelope-view.ts';
import { HASH_BYTES, MODE_BATCH, MODE_FRAME, PAYLOAD_BYTES_CEILING, SIGNATURE_BYTES } from './layout.ts';
import { leafHash, merklePath, merkleRoot, rootOfPath } from './merkle.ts';
import { keyIdOf } from './public-key.ts';
import { flatHash, SignatureVerifier } from './signature.ts';

/** Bytes are in hexadecimal digits. */
export interface FrameProof {
  readonly format: 'msec-proof-1';
  readonly kind: 'frame';
  readonly envelope: string;
}

export interface BatchProof {
  readonly format: 'msec-proof-1';
  readonly kind: 'batch';
  /** The envelope's bytes before the payload. */
  readonly head: string;
  readonly flatHash: string;
  readonly signature: string;
  /** The place in the batch, from 0. */
  readonly index: number;
  readonly entry: string;
  /** The lowest first; at most 12. */
  readonly path: readonly string[];
}

export type Proof = FrameProof | BatchProof;

/** What was proven. */
export interface ProvenFrame {
  readonly deviceId: string;
  readonly keyId: string;
  readonly bootEpoch: number;
  readonly sequence: number;
  readonly deviceTimeMs: number | null;
  readonly payload: Uint8Array;
  /** Hashes beside the signature: the path and the flat hash. */
  readonly hashes: number;
}

const PATH_MAX = 12;
const FORMAT = 'msec-proof-1';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function invalid(field: string, says: string): MsecError {
  return new MsecError('PROOF_INVALID', `proof, ${field}: ${says}`, { field });
}

/**
 * Of the frame with this sequence in an envelope. The root is computed and compared first. ENVELOPE_INVALID; PROOF_INVALID
 * where the envelope holds no such frame, was signed with another root, or carries no signature.
 */
export function makeProof(envelope: Uint8Array, sequence: number): Proof {
  const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  view.parseOnly(envelope, 0, envelope.length);
  if (view.mode !== MODE_FRAME && view.mode !== MODE_BATCH) {
    throw invalid('mode', 'only a signature proves anything to others, and the envelope has none');
  }
  const index = sequence - view.sequence;
  if (!(index >= 0 && index < view.count)) {
    const last = view.sequence + view.count - 1;
    throw invalid('sequence', `the envelope holds ${view.sequence}${view.count > 1 ? ` to ${last}` : ''}`);
  }
  if (view.mode === MODE_FRAME) return { format: FORMAT, kind: 'frame', envelope: hex(envelope) };
  const entries = entriesOf(view);
  const leaves = entries.map(leafHash);
  if (!Buffer.from(merkleRoot(leaves)).equals(rootOf(view))) {
    throw invalid('root', 'the device signed the root of other frames than it sent: nothing can be proven from it');
  }
  return {
    format: FORMAT,
    kind: 'batch',
    head: hex(envelope.subarray(0, view.payloadStart)),
    flatHash: hex(flatHash(envelope, view.payloadStart, view.payloadEnd)),
    signature: hex(envelope.subarray(view.signatureStart)),
    index,
    entry: hex(entries[index]!),
    path: merklePath(leaves, index).map(hex),
  };
}

/** Checks everything; offline. PROOF_INVALID names the part. `trusted`: the device's public key. */
export function verifyProof(value: unknown, trusted: KeyObject): ProvenFrame {
  const proof = checkProof(value);
  return proof.kind === 'frame' ? verifyFrame(proof, trusted) : verifyBatch(proof, trusted);
}

function verifyFrame(proof: FrameProof, trusted: KeyObject): ProvenFrame {
  const bytes = bytesOf(proof.envelope, 'envelope');
  const view = parsed(bytes, MODE_FRAME);
  checkSignature(view, trusted);
  return { ...provenOf(view, 0), payload: bytes.subarray(view.payloadStart, view.payloadEnd), hashes: 0 };
}

function verifyBatch(proof: BatchProof, trusted: KeyObject): ProvenFrame {
  const head = bytesOf(proof.head, 'head');
  const flat = bytesOf(proof.flatHash, 'flatHash');
  const signature = bytesOf(proof.signature, 'signature');
  const entry = bytesOf(proof.entry, 'entry');
  if (flat.length !== HASH_BYTES) throw invalid('flatHash', `must be ${HASH_BYTES} bytes`);
  if (signature.length !== SIGNATURE_BYTES) throw invalid('signature', `must be ${SIGNATURE_BYTES} bytes`);
  const view = parsed(withoutPayload(head, signature), MODE_BATCH);
  if (!new SignatureVerifier().isBatchSignedBy(view, head, flat, trusted)) {
    throw invalid('signature', 'does not hold under the given key');
  }
  checkKey(view, trusted);
  const path = proof.path.map((hash, i) => {
    const bytes = bytesOf(hash, `path[${i}]`);
    if (bytes.length !== HASH_BYTES) throw invalid(`path[${i}]`, `must be ${HASH_BYTES} bytes`);
    return bytes;
  });
  const root = rootOfPath(leafHash(entry), proof.index, view.count, path);
  if (root === null || !rootOf(view).equals(root)) throw invalid('path', 'does not lead from the entry to the root');
  const headBytes = view.hasDeviceTime ? 6 : 2;
  if (entry.length < headBytes || entry.readUInt16BE() !== entry.length - headBytes) {
    throw invalid('entry', 'is no entry of a batch');
  }
  const delta = view.hasDeviceTime ? entry.readInt32BE(2) : 0;
  const base = provenOf(view, delta);
  return {
    ...base,
    sequence: base.sequence + proof.index,
    payload: entry.subarray(headBytes),
    hashes: path.length + 1,
  };
}

/** The head and the signature as one envelope whose payload is not there: its length stays what was signed. */
function withoutPayload(head: Buffer, signature: Buffer): Buffer {
  if (head.length < 4) throw invalid('head', 'is cut off');
  const bytes = Buffer.concat([head, signature]);
  bytes.writeUInt32BE(0, head.length - 4);
  return bytes;
}

function parsed(bytes: Buffer, mode: number): EnvelopeView {
  const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  if (!view.tryParseOnly(bytes, 0, bytes.length)) {
    throw invalid(view.problem?.field ?? 'envelope', view.problem?.says ?? 'is broken');
  }
  if (view.mode !== mode) throw invalid('mode', `must be ${mode}`);
  return view;
}

function checkSignature(view: EnvelopeView, trusted: KeyObject): void {
  if (!new SignatureVerifier().isSignedBy(view, trusted))
    throw invalid('signature', 'does not hold under the given key');
  checkKey(view, trusted);
}

function checkKey(view: EnvelopeView, trusted: KeyObject): void {
  if (view.keyId() !== hex(keyIdOf(trusted))) throw invalid('keyId', 'is not that of the given key');
}

function provenOf(view: EnvelopeView, delta: number): Omit<ProvenFrame, 'payload' | 'hashes'> {
  const { bootEpoch, sequence, hasDeviceTime, deviceTimeMs } = view;
  const timeMs = hasDeviceTime ? deviceTimeMs + delta : null;
  return { deviceId: view.deviceId(), keyId: view.keyId(), bootEpoch, sequence, deviceTimeMs: timeMs };
}

function rootOf({ bytes, rootStart }: EnvelopeView): Buffer {
  return Buffer.from(bytes.subarray(rootStart, rootStart + HASH_BYTES));
}

function entriesOf(view: EnvelopeView): Uint8Array[] {
  const frames = new BatchFrames();
  if (!frames.tryRead(view)) throw view.error();
  return Array.from({ length: frames.count }, (_, i) =>
    view.bytes.subarray(frames.starts[i]! - frames.headBytes, frames.ends[i]),
  );
}

function bytesOf(text: string, field: string): Buffer {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw invalid(field, 'must be pairs of lower-case hexadecimal digits');
  return Buffer.from(text, 'hex');
}

const FIELDS = {
  frame: ['format', 'kind', 'envelope'],
  batch: ['format', 'kind', 'head', 'flatHash', 'signature', 'index', 'entry', 'path'],
} as const;

function checkProof(value: unknown): Proof {
  if (typeof value !== 'object' || value === null) throw invalid('proof', 'must be an object');
  const proof = value as Record<string, unknown>;
  if (proof.format !== FORMAT) throw invalid('format', `must be ${FORMAT}`);
  const { kind, path, index } = proof;
  if (kind !== 'frame' && kind !== 'batch') throw invalid('kind', 'must be frame or batch');
  const fields: readonly string[] = FIELDS[kind];
  for (const field of Object.keys(proof)) if (!fields.includes(field)) throw invalid(field, 'is not a field');
  for (const field of fields) {
    if (field === 'path' || field === 'index') continue;
    if (typeof proof[field] !== 'string') throw invalid(field, 'must be text');
  }
  if (kind === 'batch') {
    if (!Number.isInteger(index) || (index as number) < 0) throw invalid('index', 'must be a whole number');
    if (!Array.isArray(path) || path.length > PATH_MAX || path.some((hash) => typeof hash !== 'string')) {
      throw invalid('path', `must be a list of at most ${PATH_MAX} hashes`);
    }
  }
  return value as Proof;
}
