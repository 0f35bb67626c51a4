/**
 * One device behind a TPM as slow as the ST33 says of itself: a signature each 42.4 ms and no sooner, made by a real swtpm.
 * The device measures as fast as its batches leave; every envelope then goes through the product's stages, and single
 * readings are proved to somebody who has the device's public key alone.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { publicKeyOf, sign, type Tpm, type TpmObject } from '../../../firmware/tpm/index.ts';
import {
  batchToSign,
  encodeFrameRecord,
  exportPublicKey,
  KIND_ENVELOPE,
  keyIdOf,
  makeProof,
  verifyProof,
} from '../../../schemas/envelope/index.ts';
import { city, Device, enmonFrame, NOW } from '../../../test/actors/city.ts';

const SIGNATURES_PER_SECOND = 23.6;
const SIGNATURE_MS = 1000 / SIGNATURES_PER_SECOND;
const PROOFS_OF_A_BATCH = 4;

export interface Throttled {
  readonly readingsPerSecond: number;
  readonly signaturesPerSecond: number;
  /** Readings that came out of verify, decode and their topic. */
  readonly readings: number;
  readonly proofs: number;
  readonly hashesMax: number;
}

export async function throttledReadings(tpm: Tpm, key: TpmObject, frames: number, batches: number): Promise<Throttled> {
  const publicKey = publicKeyOf(key.area);
  const keyId = keyIdOf(publicKey);
  const envelopes: Uint8Array[] = [];
  const from = performance.now();
  let ready = from;
  for (let batch = 0; batch < batches; batch++) {
    const sequence = batch * frames;
    const measured = Array.from({ length: frames }, (_, i) => ({
      payload: enmonFrame({ nSend: (sequence + i) & 0xffff }),
      deviceTimeMs: NOW - frames + i,
    }));
    const fields = { deviceId: 'roof-7', bootEpoch: 1, sequence, frames: measured };
    const { message, envelope } = batchToSign(fields, { keyId, algorithm: 'ecdsa-p256-sha256' });
    // The TPM is busy for so long, whatever the device does meanwhile.
    await pause(Math.max(0, ready - performance.now()));
    ready = Math.max(ready, performance.now()) + SIGNATURE_MS;
    const { bytes } = await sign(tpm, key, createHash('sha256').update(message).digest());
    envelopes.push(envelope(bytes));
  }
  await pause(Math.max(0, ready - performance.now()));
  const seconds = (performance.now() - from) / 1000;
  const { proofs, hashesMax } = prove(envelopes, frames, publicKey);
  return {
    readingsPerSecond: (frames * batches) / seconds,
    signaturesPerSecond: batches / seconds,
    readings: accepted(envelopes, publicKey, keyId),
    proofs,
    hashesMax,
  };
}

function accepted(envelopes: readonly Uint8Array[], publicKey: KeyObject, keyId: Buffer): number {
  const device = new Device('roof-7');
  const spki = exportPublicKey(publicKey).toString('base64');
  const keys = device.record.keys.map((key) => ({ ...key, keyId: keyId.toString('hex'), publicKey: spki }));
  device.record = { ...device.record, keys };
  const driver = city([device]);
  let readings = 0;
  for (const envelope of envelopes) {
    driver.feed('device.frames', 'roof-7', NOW, encodeFrameRecord(KIND_ENVELOPE, envelope));
    readings += driver.of('device.readings').length;
    driver.records.length = 0;
  }
  return readings;
}

/** The first, the last and some between of each batch. */
function prove(envelopes: readonly Uint8Array[], frames: number, publicKey: KeyObject) {
  let proofs = 0;
  let hashesMax = 0;
  for (const [batch, envelope] of envelopes.entries()) {
    for (let i = 0; i < PROOFS_OF_A_BATCH; i++) {
      const sequence = batch * frames + Math.floor(((frames - 1) * i) / (PROOFS_OF_A_BATCH - 1));
      const proof = makeProof(envelope, sequence);
      const proven = verifyProof(JSON.parse(JSON.stringify(proof)), publicKey);
      if (proven.sequence !== sequence) throw new Error(`${sequence} was proved as ${proven.sequence}`);
      if (proof.kind === 'batch') hashesMax = Math.max(hashesMax, proof.path.length + 1);
      proofs++;
    }
  }
  return { proofs, hashesMax };
}
