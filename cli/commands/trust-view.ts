/** Records of attestation and quarantine as people read them: what they are about, and never a payload. */
import { decodeChallenge, decodeEvidence, RELEASED_HEAD_BYTES, releasedTime } from '../../schemas/attestation/index.ts';
import { decodeDeviceRecord } from '../../schemas/device/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  DEVICE_QUARANTINE,
  KIND_DEVICE,
  quarantineCodec,
  type VerifiedFrame,
  verifiedFrameCodec,
} from '../../schemas/topics/index.ts';

const entries = quarantineCodec();
const frames = verifiedFrameCodec();
const time = (ms: number): string => new Date(ms).toISOString();

/** Null where the topic is another, or the record is broken. */
export function trustView(topic: string, value: Uint8Array): object | null {
  try {
    if (topic === DEVICE_QUARANTINE) return quarantineView(value);
    if (topic === ATTEST_CHALLENGES) return challengeView(value);
    return topic === ATTEST_EVIDENCE ? evidenceView(value) : null;
  } catch {
    return null;
  }
}

/** The record from its kind on. */
export function releasedView(value: Uint8Array): object {
  try {
    const eventTime = time(releasedTime(value, 1, value.length));
    const frame = frames.decode(value, 1 + RELEASED_HEAD_BYTES, value.length);
    return { kind: 'released frame', eventTime, ...frameView(frame) };
  } catch {
    return { kind: 'broken released frame', bytes: value.length };
  }
}

function quarantineView(value: Uint8Array): object {
  const { frame, transition } = entries.decode(value, 0, value.length);
  return frame === null ? { kind: 'device is back', transition } : { kind: 'held', ...frameView(frame) };
}

function frameView({ bootEpoch, sequence, receivedAtMs, sealKeyId, recordStart, recordEnd }: VerifiedFrame): object {
  const sealed = sealKeyId === '' ? {} : { keyId: sealKeyId };
  return { bootEpoch, sequence, receivedAt: time(receivedAtMs), ...sealed, bytes: recordEnd - recordStart };
}

function challengeView(value: Uint8Array): object {
  const { id, issuedAtMs, deadlineMs, imaEntries, wantsBootLog, wantsIma } = decodeChallenge(value);
  return { challenge: id, issuedAt: time(issuedAtMs), deadline: time(deadlineMs), imaEntries, wantsBootLog, wantsIma };
}

function evidenceView(value: Uint8Array): object {
  if (value[0] === KIND_DEVICE) {
    const { revision, state } = decodeDeviceRecord(value, 1, value.length);
    return { kind: 'registry change', revision, state };
  }
  const { challengeId, isPart, bootLog, ima } = decodeEvidence(value, 1, value.length);
  return {
    kind: isPart === true ? 'part of an IMA list' : challengeId === 0 ? 'notice' : 'evidence',
    challenge: challengeId,
    bootLogBytes: bootLog?.length ?? 0,
    ima: ima === null ? null : { after: ima.after, format: ima.format, bytes: ima.bytes.length },
    bytes: value.length,
  };
}
