/**
 * Writes docs/specs/envelope-vectors.json: envelopes of every mode and algorithm, what they are made of on the way, proofs,
 * and envelopes that must be refused. ECDSA is randomised: a signature that is there already and holds is kept, so that
 * the file is the same each time.
 */
import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BatchFrame,
  BatchFrames,
  deriveSessionKey,
  EnvelopeView,
  exportPublicKey,
  keyIdOf,
  makeProof,
  openSession,
  PAYLOAD_BYTES_CEILING,
  SignatureVerifier,
  sealInSession,
  signBatch,
  signEnvelope,
} from '../schemas/envelope/index.ts';

const PATH = join(import.meta.dirname, '..', 'docs', 'specs', 'envelope-vectors.json');
const DEVICE_TIME_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';

/** RFC 6979, A.2.5; RFC 5903, 8.1 (the initiator's); RFC 8032, 7.1, test 1. */
const P256 = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721';
const P256_PUBLIC =
  '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299';
const RECEIVER = 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433';
const RECEIVER_PUBLIC =
  'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3';
const ED25519 = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function p256(d: string, xy: string): KeyObject {
  const part = (text: string) => Buffer.from(text, 'hex').toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: part(xy.slice(0, 64)), y: part(xy.slice(64)), d: part(d) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function ed25519(seed: string): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed, 'hex')]);
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}

interface Made {
  readonly name: string;
  readonly envelope: string;
  readonly [field: string]: unknown;
}

class Vectors {
  readonly #before: ReadonlyMap<string, string>;
  readonly #device = p256(P256, P256_PUBLIC);
  readonly #receiver = p256(RECEIVER, RECEIVER_PUBLIC);
  readonly #ed25519 = ed25519(ED25519);

  constructor(before: readonly Made[]) {
    this.#before = new Map(before.map(({ name, envelope }) => [name, envelope]));
  }

  all(): unknown {
    const envelopes = [...this.#signed(), ...this.#sessions()];
    const batch = Buffer.from(envelopes.find(({ name }) => name === 'batch of 5')!.envelope, 'hex');
    return {
      says: 'Test vectors of docs/specs/envelope.md. Bytes are in hexadecimal digits, times in Unix milliseconds.',
      keys: {
        p256: this.#key(this.#device, P256),
        receiver: this.#key(this.#receiver, RECEIVER),
        ed25519: this.#key(this.#ed25519, ED25519),
      },
      envelopes,
      proofs: [0, 2, 4].map((index) => ({ of: 'batch of 5', sequence: 7 + index, proof: makeProof(batch, 7 + index) })),
      refused: this.#refused(envelopes),
    };
  }

  #key(key: KeyObject, privateKey: string) {
    const publicKey = createPublicKey(key);
    return { privateKey, spki: hex(exportPublicKey(publicKey)), keyId: hex(keyIdOf(publicKey)) };
  }

  #signed(): Made[] {
    const made: Made[] = [];
    const keys = [
      ['ecdsa-p256-sha256', this.#device, ''],
      ['ed25519', this.#ed25519, ', Ed25519'],
    ] as const;
    for (const [algorithm, privateKey, suffix] of keys) {
      const publicKey = createPublicKey(privateKey);
      const key = { keyId: keyIdOf(publicKey), privateKey };
      const base = { deviceId: 'enmon-1', bootEpoch: 1, sequence: 7 };
      const payload = Buffer.from(FRAME, 'hex');
      const single = signEnvelope({ ...base, deviceTimeMs: DEVICE_TIME_MS, payload }, key);
      made.push(this.#kept({ name: `frame${suffix}`, mode: 1, algorithm, ...base, payload: FRAME }, single, publicKey));
      for (const [name, frames] of batches()) {
        const envelope = signBatch({ ...base, frames }, key);
        const about = { name: `${name}${suffix}`, mode: 2, algorithm, ...base };
        const listed = frames.map((frame) => ({ ...frame, payload: hex(frame.payload) }));
        made.push(this.#kept({ ...about, frames: listed, ...partsOf(envelope) }, envelope, publicKey));
      }
    }
    return made;
  }

  #sessions(): Made[] {
    const keyId = keyIdOf(createPublicKey(this.#device));
    const receiver = createPublicKey(this.#receiver);
    const receiverKeyId = keyIdOf(receiver);
    return [0, 3].map((first) => {
      const terms = { deviceId: 'enmon-1', keyId, bootEpoch: 1, receiverKeyId, startMs: DEVICE_TIME_MS, first };
      const session = openSession(this.#device, receiver, terms);
      const payload = Buffer.from(FRAME, 'hex');
      const base = { deviceId: 'enmon-1', bootEpoch: 1, sequence: 7 };
      return {
        ...{ name: `session from ${first}`, mode: 3, algorithm: 'hmac-sha256', ...base, payload: FRAME },
        session: { startMs: DEVICE_TIME_MS, first },
        secret: hex(diffieHellman({ privateKey: this.#device, publicKey: receiver })),
        sessionKey: hex(deriveSessionKey(this.#device, receiver, terms)),
        envelope: hex(sealInSession({ ...base, deviceTimeMs: DEVICE_TIME_MS, payload }, session)),
      };
    });
  }

  /** With the signature of the committed file where the rest is as it was. */
  #kept(
    about: { readonly name: string; readonly [field: string]: unknown },
    envelope: Uint8Array,
    key: KeyObject,
  ): Made {
    const before = Buffer.from(this.#before.get(about.name) ?? '', 'hex');
    const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
    const isKept =
      before.subarray(0, -64).equals(envelope.subarray(0, -64)) &&
      view.tryParseOnly(before, 0, before.length) &&
      new SignatureVerifier().isSignedBy(view, key);
    return { ...about, envelope: hex(isKept ? before : envelope) };
  }

  #refused(envelopes: readonly Made[]): unknown[] {
    const of = (name: string) => Buffer.from(envelopes.find((one) => one.name === name)!.envelope, 'hex');
    const changed = (name: string, at: number, ...bytes: number[]) => {
      const copy = of(name);
      copy.set(bytes, at);
      return copy;
    };
    const countAt = 15 + 7 + 8 + 8;
    const cases: [string, Uint8Array][] = [
      ['a batch of no frames', changed('batch of 5', countAt, 0, 0)],
      ['a batch of 4,097 frames', changed('batch of 5', countAt, 0x10, 1)],
      ['a batch that holds a frame more than it says', changed('batch of 5', countAt, 0, 4)],
      ['a batch that holds a frame less than it says', changed('batch of 5', countAt, 0, 6)],
      ['a batch that is cut off', of('batch of 5').subarray(0, -1)],
      ['a first entry with a time delta', changed('batch of 5', countAt + 2 + 32 + 4 + 2, 0, 0, 0, 1)],
      ['an s above half the order', highS(of('frame'))],
      ['a session with a signature’s algorithm', changed('session from 0', 4, 1)],
      ['a session that begins after its frame', changed('session from 0', countAt + 16, 0, 0, 0, 8)],
      ['a session that is cut off', of('session from 0').subarray(0, -1)],
    ];
    return cases.map(([name, bytes]) => {
      const view = new EnvelopeView();
      const frames = new BatchFrames();
      const isGood = view.tryParseOnly(bytes, 0, bytes.length) && (view.mode !== 2 || frames.tryRead(view));
      if (isGood) throw new Error(`${name} is not refused`);
      const { field, byteOffset } = view.error();
      return { name, field, byteOffset, envelope: hex(bytes) };
    });
  }
}

function batches(): [string, BatchFrame[]][] {
  const frame = Buffer.from(FRAME, 'hex');
  const five = [0, 1000, 1999, -500, 4000].map((delta, i) => {
    const payload = Buffer.from(frame);
    payload[6] = i;
    return { deviceTimeMs: DEVICE_TIME_MS + delta, payload: i === 2 ? Buffer.alloc(0) : payload };
  });
  return [
    ['batch of 1', [{ payload: frame }]],
    ['batch of 5', five],
  ];
}

function partsOf(envelope: Uint8Array): { readonly root: string; readonly flatHash: string } {
  const view = new EnvelopeView();
  view.parseOnly(envelope, 0, envelope.length);
  const { rootStart, payloadStart, payloadEnd } = view;
  const flat = createHash('sha256').update(envelope.subarray(payloadStart, payloadEnd)).digest();
  return { root: hex(envelope.subarray(rootStart, rootStart + 32)), flatHash: hex(flat) };
}

function highS(envelope: Buffer): Buffer {
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const s = order - BigInt(`0x${envelope.toString('hex', envelope.length - 32)}`);
  return Buffer.concat([envelope.subarray(0, -32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
}

export function envelopeVectors(committed: string | null): string {
  const before = committed === null ? [] : (JSON.parse(committed) as { envelopes: Made[] }).envelopes;
  return `${JSON.stringify(new Vectors(before).all(), null, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(PATH, envelopeVectors(existsSync(PATH) ? readFileSync(PATH, 'utf8') : null));
}
