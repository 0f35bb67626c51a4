/** Gateways with a TPM of their own in a city whose frames are held unless they prove themselves: for tests of the actor. */

import { type AttestOptions, attestActor, openReferences, parsePolicy } from '../../actors/attest/index.ts';
import { decodeActor } from '../../actors/decode/index.ts';
import { verifyActor } from '../../actors/verify/index.ts';
import { seededRandom } from '../../engine/base/index.ts';
import type { TopologyDefinition } from '../../engine/index.ts';
import { type Challenge, type EvidenceMessage, encodeEvidence } from '../../schemas/attestation/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import { frameTypes } from '../../schemas/index.ts';
import {
  deviceTopics,
  encodeEvidenceRecord,
  KIND_DEVICE,
  KIND_EVIDENCE,
  trustTopics,
} from '../../schemas/topics/index.ts';
import { ALG_SHA1, ALG_SHA256 } from '../../schemas/tpm/index.ts';
import { Device, enmonFrame, MemoryKeys } from '../actors/city.ts';
import { BOOT, FILES, makePublisher, POLICY, referencesText } from './attested-device.ts';
import {
  type Attester,
  bootAggregate,
  digest,
  type Measured,
  makeAttester,
  makeBootLog,
  makeImaList,
} from './attester.ts';

export const TERMS = { intervalMs: 30_000, jitter: 0, deadlineMs: 5_000, retryMs: 2_000, failuresMax: 3 };

export const BAD_FILE: Measured = { path: '/usr/bin/msec-gateway', digest: digest('somebody else’s') };
export const TEMPORARY: Measured = { path: '/tmp/script', digest: digest('a script') };

const publisher = makePublisher();
const references = Buffer.from(referencesText());

export function attestOptions(change: Partial<AttestOptions> = {}): AttestOptions {
  return {
    policy: parsePolicy(Buffer.from(POLICY)),
    references: openReferences(references, publisher.sign(references), [publisher.key]),
    policyId: 'p1',
    terms: TERMS,
    keyless: 'hold',
    random: seededRandom(5),
    ...change,
  };
}

export function attestedCity(options: AttestOptions, keys = new MemoryKeys()): TopologyDefinition {
  const types = frameTypes();
  const topics = { ...deviceTopics(types), ...trustTopics() };
  return {
    name: 'city',
    partitions: 3,
    actors: [attestActor(topics, options), verifyActor(topics, { keys }), decodeActor(topics, { types, keys })],
  };
}

export interface AnswerChange extends Partial<EvidenceMessage> {
  readonly nonce?: Uint8Array;
}

export class Gateway {
  readonly signer: Device;
  readonly attester: Attester;
  readonly bootLog = makeBootLog(BOOT, [ALG_SHA1, ALG_SHA256]);
  files: Measured[] = [...FILES];
  resetCount = 1;
  clockMs = 1_000n;
  #frames = 0;

  constructor(deviceId: string, attester: Attester = makeAttester('ecdsa')) {
    this.signer = new Device(deviceId);
    this.attester = attester;
    this.signer.record = { ...this.signer.record, attestationKey: this.attester.publicArea.toString('base64') };
  }

  get id(): string {
    return this.signer.id;
  }

  /** The same change for both: of device.frames, and of attest.evidence. */
  registered(change: Partial<DeviceRecord> = {}): { readonly control: Uint8Array; readonly evidence: Uint8Array } {
    const control = this.signer.control(change);
    return { control, evidence: encodeEvidenceRecord(KIND_DEVICE, encodeDeviceRecord(this.signer.record)) };
  }

  /** A signed frame; its temperature counts up from 100, so that readings can be told apart. */
  frame(): Uint8Array {
    return this.signer.signed(enmonFrame({ temperature: 100 + this.#frames++ }));
  }

  restart(): void {
    this.resetCount++;
    this.files = [...FILES];
  }

  /** A record of attest.evidence that answers the challenge as a device in good order does, but for the change. */
  answer(challenge: Challenge, { nonce, ...change }: AnswerChange = {}): Uint8Array {
    const values = this.bootLog.values.get(ALG_SHA256)!;
    const list = makeImaList([bootAggregate(values), ...this.files]);
    const tenth = list.values(ALG_SHA256).at(-1)!;
    this.clockMs += 10n;
    const quoted = this.attester.quote({
      nonce: nonce ?? challenge.nonce,
      selections: challenge.selections,
      values: challenge.selections[0]!.pcrs.map((pcr) => (pcr === 10 ? tenth : values[pcr]!)),
      clockMs: this.clockMs,
      resetCount: this.resetCount,
    });
    const after = challenge.resetCount === this.resetCount ? challenge.imaEntries : 0;
    const bytes = list.binary.subarray(list.starts.binary[after] ?? list.binary.length);
    return encodeEvidenceRecord(
      KIND_EVIDENCE,
      encodeEvidence({
        challengeId: challenge.id,
        ...quoted,
        bootLog: this.bootLog.bytes,
        ima: { after, format: 'binary', bytes },
        ...change,
      }),
    );
  }

  /** Tells the entries behind the first `after` without a quote. */
  notice(after: number): Uint8Array {
    const list = makeImaList([bootAggregate(this.bootLog.values.get(ALG_SHA256)!), ...this.files]);
    const nothing = new Uint8Array(0);
    const bytes = list.binary.subarray(list.starts.binary[after] ?? list.binary.length);
    const ima = { after, format: 'binary', bytes } as const;
    const message = { challengeId: 0, quote: nothing, signature: nothing, pcrs: null, bootLog: null, ima };
    return encodeEvidenceRecord(KIND_EVIDENCE, encodeEvidence(message));
  }
}
