/**
 * Decides for each frame whether the device it names sent it, now and for the first time. Cheap checks first: layout,
 * registry, sequence, budget, and the signature or MAC last; nothing of a frame is looked at. State changes only for
 * envelopes whose seal holds, except for the budget that failures use up and for those that wait for their key.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  directiveFor,
  MsecError,
  type Output,
  type RecordWalk,
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
  KIND_RELEASED,
  KIND_SEALED_ENVELOPE,
  KIND_TRUST,
  KIND_UNSIGNED,
  MODE_BATCH,
  MODE_NONE,
  type OpeningKeys,
  PAYLOAD_BYTES_CEILING,
  type ReceiverKeys,
  readSealedHead,
  unseal,
} from '../../schemas/envelope/index.ts';
import {
  type DeviceTopics,
  FrameRecord,
  frameRecordCodec,
  type TrustTopics,
  VerifiedFrame,
} from '../../schemas/topics/index.ts';
import { BatchRun } from './batch-run.ts';
import { contentTag, contentTagAt } from './content-tag.ts';
import { ROW_BYTES } from './device-row.ts';
import { type AheadEnvelope, EnvelopesAhead } from './envelopes-ahead.ts';
import { FailureBudget, type FailureBudgetOptions } from './failure-budget.ts';
import { HeldFrames, type HeldList, heldCodec } from './held-frames.ts';
import { type KnownDevice, type KnownKey, type PackedText, packedTextCodec } from './known-device.ts';
import { KnownDevices } from './known-devices.ts';
import { keyUnknown, refusal, replayed } from './refusals.ts';
import { SealChecks } from './seal-checks.ts';
import { FRESH, OLD_EPOCH, OLD_SEQUENCE, REPEATED, SequenceWindow, type Verdict } from './sequence-window.ts';
import { type KnownTrust, knownTrustCodec, notAttested, TrustGate } from './trust-gate.ts';

/** How far a signed device time may lie after the bridge's receive time. */
export const CLOCK_AHEAD_MS_MAX = 120_000;
/** A frame that fails later is put aside with its whole sealed record, as it must not be written in clear. */
export const SEALED_BATCH_FRAMES_MAX = 64;

export interface VerifyOptions {
  /** Opens sealed records; of this thread. */
  readonly keys: OpeningKeys;
  /** What sessions are agreed on with; absent: there are none. */
  readonly receiverKeys?: ReceiverKeys;
  /** 'off' also takes unsigned envelopes and checks no signature: for benchmarks alone. Default 'required'. */
  readonly signatures?: 'required' | 'off';
  /**
   * What becomes of a device that signed two contents under one sequence, until it is reset: nothing of it passes, or its
   * readings are marked. Default 'quarantine'.
   */
  readonly conflicts?: 'quarantine' | 'mark';
  readonly budget?: FailureBudgetOptions;
}

export const verifyState: {
  readonly devices: ValuesDeclaration<PackedText>;
  readonly sequences: RowsDeclaration;
  readonly held: ValuesDeclaration<HeldList>;
  readonly trust: ValuesDeclaration<KnownTrust>;
} = {
  devices: values(packedTextCodec),
  sequences: rows(ROW_BYTES),
  held: values(heldCodec),
  trust: values(knownTrustCodec),
};

export type VerifyContext = ActorContext<
  Pick<DeviceTopics, 'frames'>,
  Pick<DeviceTopics, 'verified'> & Partial<Pick<TrustTopics, 'quarantine'>>,
  typeof verifyState
>;

/** What is handled at the moment: of the record that came, or of one that had waited. */
interface Arrival {
  keyId: number;
  /** When the bridge received it. */
  timestamp: number;
  frame: FrameRecord;
  /** Of what has waited: where it stands in its partition; else -1. */
  offset: number;
}

const NO_RECEIVER: ReceiverKeys = { receiverKey: () => null };

export class VerifyTask implements ActorTask<Pick<DeviceTopics, 'frames'>> {
  readonly #context: VerifyContext;
  readonly #out: Output<VerifiedFrame>;
  readonly #known: KnownDevices;
  readonly #arrival: Arrival = { keyId: -1, timestamp: 0, frame: new FrameRecord(), offset: -1 };
  readonly #window: SequenceWindow;
  readonly #budget: FailureBudget;
  readonly #held: HeldFrames;
  /** Null without attestation. */
  readonly #gate: TrustGate | null;
  readonly #openingKeys: OpeningKeys;
  readonly #isSignatureRequired: boolean;
  readonly #isQuarantined: boolean;
  readonly #ownEnvelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  /** The one at hand, and what was found out of it before its turn. */
  #envelope = this.#ownEnvelope;
  #aheadEnvelope: AheadEnvelope | null = null;
  readonly #ahead: EnvelopesAhead;
  readonly #frameCodec = frameRecordCodec();
  /** Records are walked: what is undone may be of any of them. */
  #isWalking = false;
  /** Something of the record at hand has become state or output: what fails now is not its refusal. */
  #isChanging = false;
  readonly #seals: SealChecks;
  readonly #verified = new VerifiedFrame();
  readonly #batch = new BatchRun(this.#verified);
  readonly watermarkDue: Float64Array;

  constructor(context: VerifyContext, options: VerifyOptions) {
    this.#context = context;
    this.#out = context.out.verified;
    const { devices, sequences, held, trust } = context.state;
    const { quarantine } = context.out;
    this.#gate = quarantine === undefined ? null : new TrustGate(trust, quarantine);
    this.#known = new KnownDevices(devices, sequences);
    this.#ahead = new EnvelopesAhead(this.#known);
    this.#window = new SequenceWindow(sequences);
    this.#budget = new FailureBudget(sequences, options.budget);
    this.#held = new HeldFrames(held);
    this.watermarkDue = this.#held.due;
    this.#openingKeys = options.keys;
    this.#seals = new SealChecks(this.#known, options.receiverKeys ?? NO_RECEIVER);
    this.#isSignatureRequired = options.signatures !== 'off';
    this.#isQuarantined = options.conflicts !== 'mark';
  }

  process(record: ActorRecord<FrameRecord>): void {
    const arrival = this.#arrival;
    arrival.keyId = record.keyId;
    arrival.timestamp = record.timestamp;
    arrival.frame = record.value;
    arrival.offset = -1;
    this.#isWalking = false;
    this.#aheadEnvelope = null;
    this.#handle();
  }

  /**
   * What is refused is sent away and not thrown: all since the savepoint would be undone and its signatures checked again.
   */
  processBatch(_input: 'frames', records: RecordWalk): void {
    this.#isWalking = true;
    while (records.next()) this.#walk(records);
  }

  #walk(records: RecordWalk): void {
    const arrival = this.#arrival;
    arrival.keyId = records.keyId;
    arrival.timestamp = records.timestamp;
    arrival.offset = -1;
    this.#isChanging = false;
    try {
      const { bytes, valueStart, valueEnd } = records;
      arrival.frame = this.#frameCodec.decode(bytes, valueStart, valueEnd);
      this.#aheadEnvelope = arrival.frame.kind === KIND_ENVELOPE ? this.#ahead.take(records) : null;
      this.#handle();
    } catch (thrown) {
      if (this.#isChanging || !(thrown instanceof MsecError) || directiveFor(thrown, 1, 2) !== 'dead-letter')
        throw thrown;
      this.#context.deadLetter(thrown);
    }
  }

  onWatermark(watermark: number): void {
    this.#held.takeExpired(watermark, (keyId, { timestamp, offset, record }) => {
      const reason = keyUnknown('of the envelope was not enrolled in time');
      this.#refuseKept({ keyId, timestamp, offset, frame: frameOf(record) }, reason);
    });
  }

  onRollback(): void {
    if (this.#isWalking) this.#known.forgetAll();
    else if (this.#arrival.keyId >= 0) this.#known.forget(this.#arrival.keyId);
    this.#held.rebuild();
  }

  #handle(): void {
    const { frame } = this.#arrival;
    if (frame.kind === KIND_ENVELOPE) this.#envelopeIn(frame.bytes, frame.start + 1, frame.end, '');
    else if (frame.kind === KIND_CONTROL) this.#control();
    else if (frame.kind === KIND_UNSIGNED) this.#unsigned(frame.bytes, frame.start + 1, frame.end, '');
    else if (frame.kind === KIND_TRUST || frame.kind === KIND_RELEASED) this.#ofAttestation();
    else this.#sealed();
  }

  #sealed(): void {
    const { kind, bytes, start, end } = this.#arrival.frame;
    const { keyId } = readSealedHead(bytes, start, end);
    const body = unseal(this.#openingKeys, this.#deviceId(), bytes, start, end);
    if (kind === KIND_SEALED_ENVELOPE) this.#envelopeIn(body, 0, body.length, keyId);
    else this.#unsigned(body, 0, body.length, keyId);
  }

  #envelopeIn(bytes: Uint8Array, start: number, end: number, sealKeyId: string): void {
    const ahead = this.#aheadEnvelope;
    const envelope = ahead === null ? this.#ownEnvelope : ahead.view;
    this.#envelope = envelope;
    const { keyId, timestamp } = this.#arrival;
    const isParsed = ahead === null ? envelope.tryParseOnly(bytes, start, end) : ahead.isParsed;
    if (!isParsed) throw envelope.error();
    const isBatch = envelope.mode === MODE_BATCH;
    if (isBatch && !this.#batch.frames.tryRead(envelope)) throw envelope.error();
    if (envelope.mode === MODE_NONE && this.#isSignatureRequired) {
      throw refusal('UNSIGNED', 'the envelope carries no signature', 'mode');
    }
    const keys = this.#context.keys;
    if (!envelope.isDevice(keys.arena, keys.startOf(keyId), keys.endOf(keyId))) {
      throw refusal('IDENTITY_MISMATCH', "the envelope names another device than the bridge's credential", 'deviceId');
    }
    const device = this.#device(keyId);
    let row = this.#known.row(keyId);
    this.#checkQuarantine(row);
    const key = this.#isSignatureRequired ? this.#keyOf(device) : null;
    if (key === null && this.#isSignatureRequired) return;
    if (key !== null) this.#seals.admit(envelope, key, timestamp);
    if (isBatch && sealKeyId !== '' && envelope.count > SEALED_BATCH_FRAMES_MAX) {
      throw refusal('ENVELOPE_INVALID', `a sealed batch may hold ${SEALED_BATCH_FRAMES_MAX} frames`, 'count');
    }
    const tag = isBatch ? 0 : tagOf(envelope, device);
    const verdict = isBatch
      ? this.#batch.verdict(envelope, device, this.#window, row)
      : this.#window.verdict(row, envelope.bootEpoch, envelope.sequence, tag);
    if (verdict === OLD_EPOCH || verdict === OLD_SEQUENCE) throw replayed(verdict, envelope);
    if (envelope.hasDeviceTime) this.#checkTime(isBatch, timestamp);
    if (key !== null && !this.#isSealGood(key, row)) return;
    if (verdict !== FRESH) {
      this.#notFresh(verdict, row);
      return;
    }
    this.#isChanging = true;
    if (row < 0) row = this.#known.createRow(keyId);
    if (isBatch) this.#batch.accept(this.#window, row);
    else this.#window.accept(row, envelope.bootEpoch, envelope.sequence, tag);
    this.#emit(device, key !== null, row, sealKeyId);
  }

  /** The envelope's key of the device; null where it now waits for it. */
  #keyOf(device: Readonly<KnownDevice>): KnownKey | null {
    const { keyIdHigh, keyIdLow } = this.#envelope;
    const key = device.key(keyIdHigh, keyIdLow);
    if (key !== null) return key;
    const name = this.#envelope.keyId();
    if (device.hasRetired(name) || !this.#isHeld()) throw keyUnknown(`${name} is no active key of the device`);
    this.#context.count('held');
    return null;
  }

  /** False where it has waited before, or there is no room. */
  #isHeld(): boolean {
    const { keyId, timestamp, frame, offset } = this.#arrival;
    if (offset >= 0) return false;
    const record = frame.bytes.slice(frame.start, frame.end);
    const isHeld = this.#held.hold(keyId, { timestamp, offset: this.#context.sourceOffset(), record });
    if (isHeld) this.#isChanging = true;
    return isHeld;
  }

  #checkTime(isBatch: boolean, timestamp: number): void {
    const latestMs = this.#envelope.deviceTimeMs + (isBatch ? this.#batch.frames.deltaMax : 0);
    if (latestMs <= timestamp + CLOCK_AHEAD_MS_MAX) return;
    const aheadMs = latestMs - timestamp;
    throw refusal('CLOCK_SKEW', `the signed time lies ${aheadMs} ms after the receive time`, 'deviceTime');
  }

  /** False: it was sent to the dead letters, and the failure charged. */
  #isSealGood(key: KnownKey, row: number): boolean {
    const { keyId, timestamp } = this.#arrival;
    if (this.#budget.isExhausted(row, timestamp)) {
      throw refusal('BUDGET_EXHAUSTED', 'too many bad signatures; this one was not checked', 'signature');
    }
    if (this.#seals.holds(this.#envelope, key, keyId, this.#aheadEnvelope)) return true;
    this.#isChanging = true;
    this.#budget.charge(row < 0 ? this.#known.createRow(keyId) : row, timestamp);
    this.#deadLetter(refusal('SIGNATURE_INVALID', 'the signature does not hold', 'signature'));
    return false;
  }

  /** The seal holds, and nothing of it is new. */
  #notFresh(verdict: Verdict, row: number): void {
    const { bootEpoch, sequence, count } = this.#envelope;
    if (verdict === REPEATED) {
      this.#context.count('duplicate', count);
      return;
    }
    this.#isChanging = true;
    this.#window.markSuspect(row);
    const which = count === 1 ? `sequence ${sequence}` : `a sequence from ${sequence} on`;
    const says = `boot epoch ${bootEpoch}, ${which} was signed for other content before`;
    this.#deadLetter(refusal('SEQUENCE_CONFLICT', says, 'sequence'));
  }

  #emit(device: Readonly<KnownDevice>, isVerified: boolean, row: number, sealKeyId: string): void {
    const { timestamp, frame } = this.#arrival;
    const envelope = this.#envelope;
    const { payloadStart, payloadEnd } = envelope;
    const verified = this.#verified;
    verified.facts = device.facts;
    verified.isVerified = isVerified;
    verified.isSuspect = this.#window.isSuspect(row);
    verified.receivedAtMs = timestamp;
    verified.bootEpoch = envelope.bootEpoch;
    verified.sequence = envelope.sequence;
    const { bytes, start } = envelope;
    verified.setContent(frame.bytes, frame.start, frame.end, sealKeyId, bytes, start, payloadStart, payloadEnd);
    if (envelope.mode === MODE_BATCH) {
      const batch = this.#batch;
      const repeated = envelope.count - batch.to;
      if (repeated > 0) this.#context.count('duplicate', repeated);
      verified.isOfBatch = true;
      batch.begin(timestamp);
      const gate = this.#gate;
      if (gate === null || gate.passes(this.#arrival.keyId, timestamp)) this.#out.emitRun(verified, batch);
      else {
        const { output, entry } = gate.hold(this.#arrival.keyId, verified);
        output.emitRun(entry, batch);
        this.#context.count('quarantined', batch.to);
      }
      return;
    }
    // Nothing is received before it happens. A clock within the tolerance that runs ahead must not push the watermark,
    // which the frames of all devices of the partition are measured by, ahead of the bridge's time.
    const isDeviceTime = envelope.hasDeviceTime && envelope.deviceTimeMs < timestamp;
    this.#pass(verified, isDeviceTime ? envelope.deviceTimeMs : timestamp);
  }

  /** On, or aside where the device is not trusted when the record at hand was received. */
  #pass(frame: VerifiedFrame, eventTimeMs: number): void {
    const gate = this.#gate;
    const { keyId, timestamp } = this.#arrival;
    if (gate === null || gate.passes(keyId, timestamp)) {
      this.#out.emit(frame, eventTimeMs);
      return;
    }
    const { output, entry } = gate.hold(keyId, frame);
    output.emit(entry, eventTimeMs);
    this.#context.count('quarantined');
  }

  /** Nothing that a device sends: only we write the kind. A frame that is released is held again where doubt is back. */
  #ofAttestation(): void {
    const gate = this.#gate;
    if (gate === null) throw notAttested();
    const { keyId, timestamp, frame } = this.#arrival;
    if (frame.kind === KIND_TRUST) {
      gate.hear(keyId, frame, timestamp);
      return;
    }
    const { frame: released, eventTimeMs } = gate.readReleased(frame);
    this.#device(keyId);
    this.#checkQuarantine(this.#known.row(keyId));
    this.#isChanging = true;
    this.#pass(released, eventTimeMs);
  }

  /**
   * A legacy device's raw frame: the bridge let it in, and nothing vouches for it beyond that. Not of a device that has
   * a key: whoever stole its token could leave out what the token cannot make.
   */
  #unsigned(bytes: Uint8Array, start: number, end: number, sealKeyId: string): void {
    const { keyId, timestamp, frame } = this.#arrival;
    const device = this.#device(keyId);
    this.#checkQuarantine(this.#known.row(keyId));
    if (device.hasKey && this.#isSignatureRequired) {
      throw refusal('UNSIGNED', 'the device has a key and must sign', 'signature');
    }
    const verified = this.#verified;
    verified.facts = device.facts;
    verified.isVerified = false;
    verified.isSuspect = this.#window.isSuspect(this.#known.row(keyId));
    verified.receivedAtMs = timestamp;
    verified.bootEpoch = 0;
    verified.sequence = 0;
    verified.setContent(frame.bytes, frame.start, frame.end, sealKeyId, bytes, start, start, end);
    this.#isChanging = true;
    this.#pass(verified, timestamp);
  }

  #device(keyId: number): Readonly<KnownDevice> {
    const device = this.#known.device(keyId);
    if (device === undefined) throw refusal('DEVICE_UNKNOWN', 'the device is not enrolled', 'deviceId');
    if (!device.isActive) throw refusal('DEVICE_REVOKED', 'the device was revoked', 'deviceId');
    return device;
  }

  /** Somebody else may hold its key: what is its own cannot be told from the other's. */
  #checkQuarantine(row: number): void {
    if (!this.#isQuarantined || !this.#window.isSuspect(row)) return;
    throw refusal('DEVICE_QUARANTINED', 'the device has signed two contents under one sequence', 'deviceId');
  }

  #deviceId(): string {
    return Buffer.from(this.#context.keys.bytesOf(this.#arrival.keyId)).toString('utf8');
  }

  /** The newest record of the device wins; a raised reset count forgets its sequences, failures and suspicion. */
  #control(): void {
    const { keyId, frame } = this.#arrival;
    const next = decodeDeviceRecord(frame.bytes, frame.start + 1, frame.end);
    if (next.deviceId !== this.#deviceId()) {
      throw refusal('IDENTITY_MISMATCH', "the control record names another device than the record's key", 'deviceId');
    }
    const known = this.#known.device(keyId);
    if (known !== undefined && known.revision >= next.revision) return;
    this.#isChanging = true;
    this.#aheadEnvelope = null;
    if (known !== undefined && known.resetCount !== next.resetCount) this.#known.removeRow(keyId);
    this.#known.setDevice(keyId, next);
    for (const { timestamp, offset, record } of this.#held.take(keyId)) {
      this.#handleKept({ keyId, timestamp, offset, frame: frameOf(record) });
    }
  }

  /** In its turn before everything that comes after the record that it waited for. */
  #handleKept(arrival: Arrival): void {
    Object.assign(this.#arrival, arrival);
    try {
      this.#handle();
    } catch (thrown) {
      if (!(thrown instanceof MsecError) || thrown.retriable) throw thrown;
      this.#refuseKept(arrival, thrown);
    }
  }

  #deadLetter(reason: MsecError): void {
    if (this.#arrival.offset >= 0) this.#refuseKept(this.#arrival, reason);
    else this.#context.deadLetter(reason);
  }

  #refuseKept({ keyId, timestamp, offset, frame }: Arrival, reason: MsecError): void {
    this.#context.deadLetterKept({ input: 'frames', keyId, timestamp, value: frame, offset }, reason);
  }
}

function frameOf(record: Uint8Array): FrameRecord {
  const frame = new FrameRecord();
  frame.kind = record[0]!;
  frame.bytes = record;
  frame.end = record.length;
  return frame;
}

/** Of what the device said under its sequence; see content-tag.ts. */
function tagOf(envelope: EnvelopeView, { tagKey0, tagKey1 }: Readonly<KnownDevice>): number {
  const { hasDeviceTime, deviceTimeMs, bytes, payloadStart, payloadEnd } = envelope;
  if (!hasDeviceTime) return contentTag(bytes, payloadStart, payloadEnd, tagKey0, tagKey1);
  return contentTagAt(deviceTimeMs, bytes, payloadStart, payloadEnd, tagKey0, tagKey1);
}
