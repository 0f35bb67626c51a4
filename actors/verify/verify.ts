/**
 * Decides for each frame whether the device it names sent it, now and for the first time. Cheap checks first: layout,
 * registry, sequence, budget, and the signature last; nothing of the payload is looked at. State changes only for
 * frames whose signature holds, except for the budget that failures use up.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  halfSipHash13,
  MsecError,
  type Output,
  type RowsDeclaration,
  rows,
  type ValuesDeclaration,
  values,
} from '../../engine/index.ts';
import { decodeDeviceRecord } from '../../schemas/device/index.ts';
import {
  EnvelopeView,
  KIND_CONTROL,
  KIND_ENVELOPE,
  KIND_SEALED_ENVELOPE,
  KIND_UNSIGNED,
  MODE_FRAME,
  type OpeningKeys,
  PAYLOAD_BYTES_CEILING,
  readSealedHead,
  SignatureVerifier,
  unseal,
} from '../../schemas/envelope/index.ts';
import { type DeviceTopics, type FrameRecord, VerifiedFrame } from '../../schemas/topics/index.ts';
import { ROW_BYTES } from './device-row.ts';
import { FailureBudget, type FailureBudgetOptions } from './failure-budget.ts';
import { KnownDevice, knownDeviceCodec } from './known-device.ts';
import { KnownDevices } from './known-devices.ts';
import { CONFLICTING, OLD_EPOCH, OLD_SEQUENCE, REPEATED, SequenceWindow, type Verdict } from './sequence-window.ts';

/** How far a signed device time may lie after the bridge's receive time. */
export const CLOCK_AHEAD_MS_MAX = 120_000;

export interface VerifyOptions {
  /** Opens sealed records; of this thread. */
  readonly keys: OpeningKeys;
  /** 'off' also takes unsigned envelopes and checks no signature: for benchmarks alone. Default 'required'. */
  readonly signatures?: 'required' | 'off';
  readonly budget?: FailureBudgetOptions;
}

export const verifyState: { readonly devices: ValuesDeclaration<KnownDevice>; readonly sequences: RowsDeclaration } = {
  devices: values(knownDeviceCodec),
  sequences: rows(ROW_BYTES),
};

export type VerifyContext = ActorContext<
  Pick<DeviceTopics, 'frames'>,
  Pick<DeviceTopics, 'verified'>,
  typeof verifyState
>;

export class VerifyTask implements ActorTask<Pick<DeviceTopics, 'frames'>> {
  readonly #context: VerifyContext;
  readonly #out: Output<VerifiedFrame>;
  readonly #known: KnownDevices;
  /** Of the record that is being handled. */
  #keyId = -1;
  readonly #window: SequenceWindow;
  readonly #budget: FailureBudget;
  readonly #openingKeys: OpeningKeys;
  readonly #isSignatureRequired: boolean;
  readonly #envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  readonly #verifier = new SignatureVerifier();
  readonly #verified = new VerifiedFrame();

  constructor(context: VerifyContext, options: VerifyOptions) {
    this.#context = context;
    this.#out = context.out.verified;
    const { devices, sequences } = context.state;
    this.#known = new KnownDevices(devices, sequences);
    this.#window = new SequenceWindow(sequences);
    this.#budget = new FailureBudget(sequences, options.budget);
    this.#openingKeys = options.keys;
    this.#isSignatureRequired = options.signatures !== 'off';
  }

  process(record: ActorRecord<FrameRecord>): void {
    const frame = record.value;
    this.#keyId = record.keyId;
    if (frame.kind === KIND_ENVELOPE) this.#envelopeIn(record, frame.bytes, frame.start + 1, frame.end, '');
    else if (frame.kind === KIND_CONTROL) this.#control(record);
    else if (frame.kind === KIND_UNSIGNED) this.#unsigned(record, frame.bytes, frame.start + 1, frame.end, '');
    else this.#sealed(record);
  }

  onRollback(): void {
    if (this.#keyId >= 0) this.#known.forget(this.#keyId);
  }

  #sealed(record: ActorRecord<FrameRecord>): void {
    const { kind, bytes, start, end } = record.value;
    const { keyId } = readSealedHead(bytes, start, end);
    const body = unseal(this.#openingKeys, record.keyText(), bytes, start, end);
    if (kind === KIND_SEALED_ENVELOPE) this.#envelopeIn(record, body, 0, body.length, keyId);
    else this.#unsigned(record, body, 0, body.length, keyId);
  }

  #envelopeIn(
    record: ActorRecord<FrameRecord>,
    bytes: Uint8Array,
    start: number,
    end: number,
    sealKeyId: string,
  ): void {
    const envelope = this.#envelope;
    const { keyId, timestamp } = record;
    if (!envelope.tryParseOnly(bytes, start, end)) throw envelope.error();
    const isSigned = envelope.mode === MODE_FRAME;
    if (!isSigned && this.#isSignatureRequired) throw refusal('UNSIGNED', 'the envelope carries no signature', 'mode');
    const keys = this.#context.keys;
    if (!envelope.isDevice(keys.arena, keys.startOf(keyId), keys.endOf(keyId))) {
      throw refusal('IDENTITY_MISMATCH', "the envelope names another device than the bridge's credential", 'deviceId');
    }
    const device = this.#device(keyId);
    const key = this.#isSignatureRequired ? device.key(envelope.keyIdHigh, envelope.keyIdLow) : null;
    if (key === null && this.#isSignatureRequired) {
      throw refusal('KEY_UNKNOWN', `key ${envelope.keyId()} is no active key of the device`, 'keyId');
    }
    const { bootEpoch, sequence } = envelope;
    const tag = tagOf(envelope, device);
    let row = this.#known.row(keyId);
    const verdict = this.#window.verdict(row, bootEpoch, sequence, tag);
    if (verdict === OLD_EPOCH || verdict === OLD_SEQUENCE) throw replayed(verdict, envelope);
    if (envelope.hasDeviceTime && envelope.deviceTimeMs > timestamp + CLOCK_AHEAD_MS_MAX) {
      const aheadMs = envelope.deviceTimeMs - timestamp;
      throw refusal('CLOCK_SKEW', `the signed time lies ${aheadMs} ms after the receive time`, 'deviceTime');
    }
    if (key !== null) {
      if (this.#budget.isExhausted(row, timestamp)) {
        throw refusal('BUDGET_EXHAUSTED', 'too many bad signatures; this one was not checked', 'signature');
      }
      if (!this.#verifier.isSignedBy(envelope, key)) {
        this.#budget.charge(row < 0 ? this.#known.createRow(keyId) : row, timestamp);
        this.#context.deadLetter(refusal('SIGNATURE_INVALID', 'the signature does not hold', 'signature'));
        return;
      }
    }
    if (verdict === REPEATED) {
      this.#context.count('duplicate');
      return;
    }
    if (verdict === CONFLICTING) {
      this.#window.markSuspect(row);
      const says = `boot epoch ${bootEpoch}, sequence ${sequence} was signed for other content before`;
      this.#context.deadLetter(refusal('SEQUENCE_CONFLICT', says, 'sequence'));
      return;
    }
    if (row < 0) row = this.#known.createRow(keyId);
    this.#window.accept(row, bootEpoch, sequence, tag);
    const verified = this.#verified;
    verified.facts = device.facts;
    verified.isVerified = key !== null;
    verified.isSuspect = this.#window.isSuspect(row);
    verified.receivedAtMs = timestamp;
    verified.bootEpoch = bootEpoch;
    verified.sequence = sequence;
    const { bytes: raw, start: rawStart, end: rawEnd } = record.value;
    const { payloadStart, payloadEnd } = envelope;
    verified.setContent(raw, rawStart, rawEnd, sealKeyId, bytes, start, payloadStart, payloadEnd);
    // Nothing is received before it happens. A clock within the tolerance that runs ahead must not push the watermark,
    // which the frames of all devices of the partition are measured by, ahead of the bridge's time.
    const isDeviceTime = envelope.hasDeviceTime && envelope.deviceTimeMs < timestamp;
    this.#out.emit(verified, isDeviceTime ? envelope.deviceTimeMs : timestamp);
  }

  /**
   * A legacy device's raw frame: the bridge let it in, and nothing vouches for it beyond that. Not of a device that has
   * a key: whoever stole its token could leave out what the token cannot make.
   */
  #unsigned(record: ActorRecord<FrameRecord>, bytes: Uint8Array, start: number, end: number, sealKeyId: string): void {
    const device = this.#device(record.keyId);
    if (device.hasKey && this.#isSignatureRequired) {
      throw refusal('UNSIGNED', 'the device has a key and must sign', 'signature');
    }
    const verified = this.#verified;
    verified.facts = device.facts;
    verified.isVerified = false;
    verified.isSuspect = this.#window.isSuspect(this.#known.row(record.keyId));
    verified.receivedAtMs = record.timestamp;
    verified.bootEpoch = 0;
    verified.sequence = 0;
    const { bytes: raw, start: rawStart, end: rawEnd } = record.value;
    verified.setContent(raw, rawStart, rawEnd, sealKeyId, bytes, start, start, end);
    this.#out.emit(verified, record.timestamp);
  }

  #device(keyId: number): Readonly<KnownDevice> {
    const device = this.#known.device(keyId);
    if (device === undefined) throw refusal('DEVICE_UNKNOWN', 'the device is not enrolled', 'deviceId');
    if (!device.isActive) throw refusal('DEVICE_REVOKED', 'the device was revoked', 'deviceId');
    return device;
  }

  /** The newest record of the device wins; a raised reset count forgets its sequences, failures and suspicion. */
  #control(record: ActorRecord<FrameRecord>): void {
    const { bytes, start, end } = record.value;
    const next = decodeDeviceRecord(bytes, start + 1, end);
    if (next.deviceId !== record.keyText()) {
      throw refusal('IDENTITY_MISMATCH', "the control record names another device than the record's key", 'deviceId');
    }
    const known = this.#known.device(record.keyId);
    if (known !== undefined && known.record.revision >= next.revision) return;
    if (known !== undefined && known.record.resetCount !== next.resetCount) this.#known.removeRow(record.keyId);
    this.#known.setDevice(record.keyId, new KnownDevice(next));
  }
}

/**
 * Of what the device said under its sequence: the device time, the payload and its length. Not of the key and the
 * signature, so that the same content signed anew is a repeat and nobody can make a contradiction of somebody else's
 * frame by turning its s into n − s. Never 0, which stands for "not seen" in the window.
 */
function tagOf(envelope: EnvelopeView, device: Readonly<KnownDevice>): number {
  const from = envelope.deviceIdEnd + 8;
  const key0 = envelope.hasDeviceTime ? ~device.tagKey0 : device.tagKey0;
  return halfSipHash13(envelope.bytes, from, envelope.signatureStart, key0, device.tagKey1) >>> 0 || 1;
}

type Refusal =
  | 'BUDGET_EXHAUSTED'
  | 'CLOCK_SKEW'
  | 'DEVICE_REVOKED'
  | 'DEVICE_UNKNOWN'
  | 'IDENTITY_MISMATCH'
  | 'KEY_UNKNOWN'
  | 'REPLAYED'
  | 'SEQUENCE_CONFLICT'
  | 'SIGNATURE_INVALID'
  | 'UNSIGNED';

function refusal(code: Refusal, says: string, field: string): MsecError {
  return new MsecError(code, says, { field });
}

function replayed(verdict: Verdict, { bootEpoch, sequence }: EnvelopeView): MsecError {
  return verdict === OLD_EPOCH
    ? refusal('REPLAYED', `boot epoch ${bootEpoch} was followed by a higher one`, 'bootEpoch')
    : refusal('REPLAYED', `sequence ${sequence} lies before the last 1024 of boot epoch ${bootEpoch}`, 'sequence');
}
