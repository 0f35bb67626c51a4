import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BatchFrames, EnvelopeView, SignatureVerifier, verifyProof } from '../../../schemas/envelope/index.ts';
import { envelopeVectors } from '../../../tools/generate-envelope-vectors.ts';
import { needs, programPath, repositoryRoot } from '../../support/needs.ts';

const PATH = join(repositoryRoot, 'docs', 'specs', 'envelope-vectors.json');
const text = readFileSync(PATH, 'utf8');
const vectors = JSON.parse(text) as {
  readonly keys: Readonly<Record<'p256' | 'ed25519' | 'receiver', { readonly spki: string }>>;
  readonly envelopes: readonly { name: string; mode: number; algorithm: string; sequence: number; envelope: string }[];
  readonly proofs: readonly { sequence: number; proof: unknown }[];
  readonly refused: readonly { name: string; field: string; byteOffset: number; envelope: string }[];
};
const keyOf = (name: keyof typeof vectors.keys) =>
  createPublicKey({ key: Buffer.from(vectors.keys[name].spki, 'hex'), format: 'der', type: 'spki' });

t.test('the file is what the generator writes', async (t) => {
  t.equal(envelopeVectors(text), text);
});

t.test('another implementation, in Python, comes to every byte of it', async (t) => {
  if (!needs(t, 'python3')) return;
  const oracle = join(repositoryRoot, 'test', 'oracle', 'envelope_vectors.py');
  const { status, stdout, stderr } = spawnSync(programPath('python3'), [oracle, PATH], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.equal(stdout.trim().split('\n').length, vectors.envelopes.length + vectors.proofs.length);
});

t.test('every envelope reads, holds, and proves what it should', async (t) => {
  const view = new EnvelopeView();
  for (const { name, mode, algorithm, sequence, envelope } of vectors.envelopes) {
    const bytes = Buffer.from(envelope, 'hex');
    view.parseOnly(bytes, 0, bytes.length);
    t.match(view, { mode, sequence }, name);
    const key = keyOf(algorithm === 'ed25519' ? 'ed25519' : 'p256');
    if (mode !== 3) t.ok(new SignatureVerifier().isSignedBy(view, key), name);
  }
  for (const { sequence, proof } of vectors.proofs) t.equal(verifyProof(proof, keyOf('p256')).sequence, sequence);
});

t.test('every other one is refused at its field and offset', async (t) => {
  for (const { name, field, byteOffset, envelope } of vectors.refused) {
    const bytes = Buffer.from(envelope, 'hex');
    const view = new EnvelopeView();
    t.notOk(view.tryParseOnly(bytes, 0, bytes.length) && new BatchFrames().tryRead(view), name);
    t.match(view.error(), { field, byteOffset }, name);
  }
});
