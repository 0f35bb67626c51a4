import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import t from 'tap';
import {
  EnvelopeView,
  encodeEnvelope,
  keyIdOf,
  makeProof,
  signBatch,
  signEnvelope,
  verifyProof,
} from '../../../schemas/envelope/index.ts';
import { leafHash, merklePath, merkleRoot, rootOfPath } from '../../../schemas/envelope/merkle.ts';
import { makeLow } from '../../../schemas/envelope/p256-order.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { keyId: keyIdOf(pair.publicKey), privateKey: pair.privateKey };
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const base = { deviceId: 'dev-1', bootEpoch: 3, sequence: 1000 };
const frames = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ payload: Buffer.from(`frame ${i}`), deviceTimeMs: 5000 + i }));

t.test('the root is the one of RFC 9162, computed by another way', async (t) => {
  const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  for (let count = 1; count < 70; count++) {
    const leaves = Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${i}`)));
    // Level by level: a node without a neighbour moves up as it is, which comes to the same tree.
    let level: Buffer[] = leaves.map((leaf) => Buffer.from(leaf));
    while (level.length > 1) {
      const next: Buffer[] = [];
      for (let i = 0; i < level.length; i += 2) {
        next.push(i + 1 < level.length ? hash(Buffer.of(1), level[i]!, level[i + 1]!) : level[i]!);
      }
      level = next;
    }
    t.same(Buffer.from(merkleRoot(leaves)), level[0]);
    for (let index = 0; index < count; index++) {
      const path = merklePath(leaves, index);
      t.same(rootOfPath(leaves[index]!, index, count, path), level[0], `${index} of ${count}`);
      t.not(rootOfPath(leaves[index]!, index, count, [...path, leaves[0]!])?.toString(), level[0]?.toString());
    }
  }
});

t.test('each frame of a batch is proven with one signature and at most 13 hashes', async (t) => {
  for (const count of [1, 2, 3, 64, 1000, 4096]) {
    const envelope = signBatch({ ...base, frames: frames(count) }, key);
    for (const i of new Set([0, count >> 1, count - 1])) {
      const proof = JSON.parse(JSON.stringify(makeProof(envelope, 1000 + i)));
      const proven = verifyProof(proof, pair.publicKey);
      t.match(proven, { deviceId: 'dev-1', bootEpoch: 3, sequence: 1000 + i, deviceTimeMs: 5000 + i });
      t.equal(Buffer.from(proven.payload).toString(), `frame ${i}`);
      t.ok(proven.hashes <= 13, `${proven.hashes}`);
      if (count === 4096) t.equal(proven.hashes, 13);
    }
  }
});

t.test('a single envelope is its own proof, and what has no signature is none', async (t) => {
  const fields = { ...base, payload: Buffer.from('frame') };
  const proven = verifyProof(makeProof(signEnvelope(fields, key), 1000), pair.publicKey);
  t.match(proven, { sequence: 1000, deviceTimeMs: null, hashes: 0 });
  t.throws(() => makeProof(encodeEnvelope(fields), 1000), { code: 'PROOF_INVALID', field: 'mode' });
  t.throws(() => makeProof(signEnvelope(fields, key), 1001), { code: 'PROOF_INVALID', field: 'sequence' });
});

t.test('nothing of a proof can be changed, and it holds under one key', async (t) => {
  const envelope = signBatch({ ...base, frames: frames(13) }, key);
  const proof = makeProof(envelope, 1005) as unknown as Record<string, string> & { path: string[] };
  t.throws(() => verifyProof(proof, other), { code: 'PROOF_INVALID' });
  const flip = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'hex');
    bytes[at]! ^= 1;
    return bytes.toString('hex');
  };
  let changed = 0;
  for (const field of ['head', 'flatHash', 'signature', 'entry']) {
    for (let at = 0; at < proof[field]!.length / 2; at++) {
      t.throws(() => verifyProof({ ...proof, [field]: flip(proof[field]!, at) }, pair.publicKey), {
        code: 'PROOF_INVALID',
      });
      changed++;
    }
  }
  t.ok(changed > 150);
  for (const index of [-1, 0, 4, 6, 12, 13, 5.5]) {
    t.throws(() => verifyProof({ ...proof, index }, pair.publicKey), { code: 'PROOF_INVALID' }, `index ${index}`);
  }
  const paths = [[], proof.path.slice(1), [...proof.path, proof.path[0]], proof.path.toReversed(), ['00'], [1]];
  for (const path of paths) t.throws(() => verifyProof({ ...proof, path }, pair.publicKey), { code: 'PROOF_INVALID' });
  for (const value of [null, 1, [], {}, { ...proof, format: 'x' }, { ...proof, kind: 'x' }, { ...proof, more: 1 }]) {
    t.throws(() => verifyProof(value, pair.publicKey), { code: 'PROOF_INVALID' });
  }
});

t.test('a device that signed the root of other frames than it sent gets no proof', async (t) => {
  const envelope = Buffer.from(signBatch({ ...base, frames: frames(4) }, key));
  const view = new EnvelopeView();
  view.parseOnly(envelope, 0, envelope.length);
  envelope[view.rootStart]! ^= 1;
  const flat = createHash('sha256').update(envelope.subarray(view.payloadStart, view.payloadEnd)).digest();
  const message = Buffer.concat([Buffer.from('msec-batch-v1\0'), envelope.subarray(0, view.payloadStart), flat]);
  const signature = sign('sha256', message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  makeLow(signature);
  envelope.set(signature, view.signatureStart);
  t.throws(() => makeProof(envelope, 1000), { code: 'PROOF_INVALID', field: 'root' });
});
