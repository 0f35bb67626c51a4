import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  EnvelopeView,
  exportPublicKey,
  importPublicKey,
  keyIdOf,
  SignatureVerifier,
  signEnvelope,
} from '../../../schemas/envelope/index.ts';
import { makeLow } from '../../../schemas/envelope/p256-order.ts';
import { needs, sharedData } from '../../support/needs.ts';

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

t.test("Wycheproof's verdict on each P1363 signature is ours", async (t) => {
  if (!needs(t, 'shared-data')) return;
  const path = sharedData('wycheproof', 'ecdsa_secp256r1_sha256_p1363_test.json');
  const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
  const verifier = new SignatureVerifier();
  let checked = 0;
  const wrong: string[] = [];
  for (const group of vectors.testGroups) {
    const key = importPublicKey(Buffer.from(group.publicKeyDer, 'hex'));
    t.ok(importPublicKey(Buffer.from(group.publicKey.uncompressed, 'hex')).equals(key));
    for (const { tcId, comment, msg, sig, result } of group.tests) {
      const signature = Buffer.from(sig, 'hex');
      const verdict = verifier.isValid(Buffer.from(msg, 'hex'), key, signature, 0, signature.length);
      if (verdict !== (result === 'valid')) wrong.push(`${tcId} ${comment}`);
      checked++;
    }
  }
  t.same(wrong, []);
  t.equal(checked, vectors.numberOfTests);
});

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { keyId: keyIdOf(pair.publicKey), privateKey: pair.privateKey };
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

function bytes32(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

t.test('halves that are zero, the order or beyond are no signature, and never an exception', async (t) => {
  const verifier = new SignatureVerifier();
  const message = Buffer.from('message');
  const good = sign('sha256', message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  t.ok(verifier.isValid(message, pair.publicKey, good, 0, 64));
  const [r, s] = [good.subarray(0, 32), good.subarray(32)];
  for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
    t.notOk(verifier.isValid(message, pair.publicKey, Buffer.concat([bytes32(bad), s]), 0, 64), `r ${bad}`);
    t.notOk(verifier.isValid(message, pair.publicKey, Buffer.concat([r, bytes32(bad)]), 0, 64), `s ${bad}`);
  }
  t.notOk(verifier.isValid(message, pair.publicKey, bytes32(1n), 0, 32), '32 bytes');
  t.notOk(verifier.isValid(message, pair.publicKey, Buffer.concat([good, good]), 0, 128), '128 bytes');
});

t.test('signatures whose halves begin with zeros or a high bit become right DER', async (t) => {
  const verifier = new SignatureVerifier();
  const seen = { zero: 0, high: 0 };
  for (let i = 0; (seen.zero < 3 || seen.high < 3) && i < 5000; i++) {
    const message = Buffer.from(`message ${i}`);
    const signature = sign('sha256', message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
    const first = signature[0] as number;
    if (first !== 0 && first < 0x80 && seen.high >= 3) continue;
    if (first === 0 || signature[32] === 0) seen.zero++;
    if (first >= 0x80) seen.high++;
    if (!verifier.isValid(message, pair.publicKey, signature, 0, 64)) t.fail(`not valid: ${signature.toString('hex')}`);
  }
  t.ok(seen.zero >= 3 && seen.high >= 3);
});

t.test('a signature holds for its envelope, its key and its purpose alone', async (t) => {
  const fields = { deviceId: 'd', bootEpoch: 0, sequence: 0, payload: Buffer.from('payload') };
  const envelope = signEnvelope(fields, key);
  const view = new EnvelopeView();
  const verifier = new SignatureVerifier();
  const verdict = (bytes: Uint8Array, publicKey: KeyObject): boolean => {
    view.parseOnly(bytes, 0, bytes.length);
    return verifier.isSignedBy(view, publicKey);
  };
  t.ok(verdict(envelope, pair.publicKey));
  t.notOk(verdict(envelope, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey));
  const signed = envelope.slice(0, -64);
  const bare = sign('sha256', signed, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  makeLow(bare);
  t.notOk(verdict(Buffer.concat([signed, bare]), pair.publicKey), 'the same bytes without the domain');
  const moved = new Uint8Array(envelope.length + 9);
  moved.set(envelope, 9);
  view.parse(moved, 9, moved.length);
  t.ok(verifier.isSignedBy(view, pair.publicKey), 'where it lies does not matter');
});

t.test('the largest payload is signed and verified', async (t) => {
  const fields = { deviceId: 'x'.repeat(64), bootEpoch: 0, sequence: 0, deviceTimeMs: 1 };
  const envelope = signEnvelope({ ...fields, payload: new Uint8Array(65_535).fill(7) }, key);
  const view = new EnvelopeView();
  view.parseOnly(envelope, 0, envelope.length);
  t.ok(new SignatureVerifier().isSignedBy(view, pair.publicKey));
});

t.test('a key is the same however it was brought, and nothing but P-256 is one', async (t) => {
  const spki = exportPublicKey(pair.publicKey);
  t.same(spki, pair.publicKey.export({ type: 'spki', format: 'der' }));
  t.ok(importPublicKey(spki).equals(pair.publicKey));
  t.ok(importPublicKey(spki.subarray(26)).equals(pair.publicKey), 'the bare point');
  t.same(keyIdOf(importPublicKey(spki)), keyIdOf(pair.publicKey));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' });
  const offCurve = Buffer.from(spki);
  offCurve[90] = (offCurve[90] as number) ^ 1;
  for (const bad of [other, rsa, offCurve, Buffer.alloc(0), Buffer.alloc(65, 4), spki.subarray(0, 80)]) {
    t.throws(() => importPublicKey(bad), { code: 'DEVICE_INVALID', field: 'publicKey' });
  }
  t.ok(createPublicKey({ key: spki, format: 'der', type: 'spki' }));
});
