/**
 * Asks each device for evidence, judges what comes, and says in the device's own partition of device.frames whether its
 * frames pass. Time is event time of attest.evidence, which the engine keeps going; what is due lies in the keyed state
 * and outlives a restart. There is no way to trust but a verdict of trust for the open challenge, in time: what is
 * missing, late, unreadable, of another challenge, or thrown on the way is distrust.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  ByteSlice,
  errorData,
  MsecError,
  type Output,
  type Random,
  type ValuesDeclaration,
  values,
} from '../../../engine/index.ts';
import {
  decodeEvidence,
  type EvidenceMessage,
  encodeChallenge,
  encodeTrustWord,
  RESET_COUNT_NONE,
} from '../../../schemas/attestation/index.ts';
import { decodeDeviceRecord } from '../../../schemas/device/index.ts';
import type { TrustInteraction } from '../../../schemas/index.ts';
import {
  type DeviceTopics,
  type EvidenceRecord,
  FrameRecord,
  KIND_DEVICE,
  type ReputationTopics,
  type TrustTopics,
} from '../../../schemas/topics/index.ts';
import type { HashAlgorithm, PcrSelection } from '../../../schemas/tpm/index.ts';
import { checkEvidence, checkNotice, checkPart } from '../check.ts';
import type { Finding } from '../evidence/finding.ts';
import { type ImaState, imaStart } from '../evidence/ima-replay.ts';
import { IMA_PCR, type Policy } from '../policy/policy.ts';
import type { References } from '../policy/references.ts';
import type { ImaParts, Verdict } from '../verdict.ts';
import { challenged, doubted, newRow, proved, registered, type TrustTerms } from './changes.ts';
import { checkInteraction } from './check-interaction.ts';
import { DueQueue } from './due-queue.ts';
import { KeyCache } from './key-cache.ts';
import { attestationOf, because, type OpenChallenge, type TrustRow, trustRowCodec, type Why } from './trust-row.ts';

export interface AttestOptions {
  readonly policy: Policy;
  readonly references: References | null;
  /** Changes whenever policy or references do: then every IMA list is looked at from its beginning again. */
  readonly policyId: string;
  readonly terms: TrustTerms;
  /** What becomes of frames of a device without an attestation key. */
  readonly keyless: 'hold' | 'pass';
  /** Nonces come from here: the system's, outside of a simulation. They are state before they are sent. */
  readonly random: Random;
  /** For tests. */
  readonly check?: typeof checkEvidence;
}

type AttestInputs = Pick<TrustTopics, 'evidence'>;
/** `interactions` is not there where nobody keeps scores. */
export type AttestOutputs = Pick<TrustTopics, 'challenges' | 'attestation'> &
  Pick<DeviceTopics, 'frames'> &
  Pick<ReputationTopics, 'interactions'>;

export const attestState: { readonly devices: ValuesDeclaration<TrustRow> } = { devices: values(trustRowCodec) };

export type AttestContext = ActorContext<AttestInputs, AttestOutputs, typeof attestState>;

const NONCE_BYTES = 32;
/** Evidence that a bridge received in time may stand in the log a little behind the time that ends it. */
export const DEADLINE_GRACE_MS = 250;
const BOOT_PCRS = 10;
const FOREVER = Number.MAX_SAFE_INTEGER;

export class AttestTask implements ActorTask<AttestInputs> {
  readonly #context: AttestContext;
  readonly #options: AttestOptions;
  readonly #check: typeof checkEvidence;
  readonly #selections: readonly PcrSelection[];
  readonly #keys = new KeyCache();
  readonly #due = new DueQueue();
  readonly #slice = new ByteSlice();
  readonly #frame = new FrameRecord();
  readonly #interactions: Output<TrustInteraction> | null;
  readonly watermarkDue: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);

  constructor(context: AttestContext, options: AttestOptions) {
    this.#context = context;
    this.#options = options;
    this.#check = options.check ?? checkEvidence;
    this.#selections = [selectionOf(options.policy)];
    const { interactions }: Partial<AttestContext['out']> = context.out;
    this.#interactions = interactions ?? null;
    this.#rebuild();
  }

  process({ keyId, timestamp, value }: ActorRecord<EvidenceRecord>): void {
    if (value.kind === KIND_DEVICE) this.#registered(keyId, value, timestamp);
    else this.#evidence(keyId, value, timestamp);
  }

  onWatermark(watermark: number): void {
    while (this.#due.firstAt <= watermark) {
      const keyId = this.#due.pop();
      const row = this.#context.state.devices.get(keyId);
      // Out of date: a later entry has the time that counts.
      if (row === undefined || row.dueAt > watermark) continue;
      if (row.open === null) this.#challenge(keyId, row, watermark);
      else this.#missed(keyId, row, row.open, watermark);
    }
    this.watermarkDue[0] = this.#due.firstAt;
  }

  onRollback(): void {
    this.#keys.clear();
    this.#rebuild();
  }

  #rebuild(): void {
    this.#due.clear();
    for (const { keyId, value } of this.#context.state.devices.entries()) this.#due.push(value.dueAt, keyId);
    this.watermarkDue[0] = this.#due.firstAt;
  }

  #registered(keyId: number, { bytes, start, end }: EvidenceRecord, at: number): void {
    const record = decodeDeviceRecord(bytes, start, end);
    if (record.deviceId !== this.#deviceId(keyId))
      throw new MsecError('IDENTITY_MISMATCH', "the registry record names another device than the record's key", {
        field: 'deviceId',
      });
    const before = this.#context.state.devices.get(keyId);
    const row = registered(before, record, at);
    if (row === null) return;
    // Nothing that is told has changed, such as a new signing key.
    if (before !== undefined && row.state === before.state && row.why === before.why) this.#keep(keyId, row);
    else this.#tell(keyId, row, at);
  }

  #challenge(keyId: number, row: TrustRow, at: number): void {
    const { policyId, policy, random, terms } = this.#options;
    if (row.state === 'trusted' && at >= row.trustedUntil) {
      const says = 'its trust had ended before it was asked: the engine did not run, or stood still';
      this.#doubt(keyId, row, because('evidence-missing', says), at, false);
      return;
    }
    const open: OpenChallenge = {
      id: row.lastId + 1,
      nonce: random.bytes(NONCE_BYTES),
      issuedAtMs: at,
      // Whoever is trusted is so until this deadline, and was told so.
      deadlineMs: row.state === 'trusted' ? row.trustedUntil : at + terms.deadlineMs,
    };
    const before = this.#provenOf(row);
    const bytes = encodeChallenge({
      ...open,
      selections: this.#selections,
      wantsBootLog: [...policy.pcrs.values()].some(({ from }) => from === 'boot log') || row.state !== 'trusted',
      wantsIma: wantsIma(policy),
      imaEntries: row.policy === policyId ? (before?.ima?.entries ?? 0) : 0,
      resetCount: before?.clock.resetCount ?? RESET_COUNT_NONE,
    });
    this.#slice.bytes = bytes;
    this.#slice.end = bytes.length;
    this.#context.out.challenges.emitFor(keyId, this.#slice, at);
    this.#context.count('challenges');
    this.#keep(keyId, challenged(row, open, DEADLINE_GRACE_MS));
  }

  #missed(keyId: number, row: TrustRow, { id, deadlineMs }: OpenChallenge, at: number): void {
    const says = `no evidence came by the deadline of challenge ${id}, ${new Date(deadlineMs).toISOString()}`;
    this.#doubt(keyId, row, because('evidence-missing', says), at, false);
  }

  #evidence(keyId: number, { bytes, start, end }: EvidenceRecord, at: number): void {
    const row = this.#context.state.devices.get(keyId);
    if (row === undefined) throw new MsecError('DEVICE_UNKNOWN', 'the device is not enrolled', { field: 'deviceId' });
    if (!row.isActive) throw new MsecError('DEVICE_REVOKED', 'the device was revoked', { field: 'deviceId' });
    if (row.key === null)
      throw new MsecError('KEY_UNKNOWN', 'the device has no attestation key', { field: 'attestationKey' });
    let message: EvidenceMessage;
    try {
      message = decodeEvidence(bytes, start, end);
    } catch (thrown) {
      this.#doubt(keyId, row, because('evidence-unreadable', errorData(thrown).message), at, true);
      return;
    }
    if (message.challengeId === 0) this.#notice(keyId, row, message, at);
    else if (this.#isOfOpen(keyId, row, message, at)) {
      if (message.isPart === true) this.#part(keyId, row, message, at);
      else this.#answer(keyId, row, row.key, message, at);
    }
  }

  /** What a device tells between two challenges counts against it alone. */
  #notice(keyId: number, row: TrustRow, { ima }: EvidenceMessage, at: number): void {
    if (ima === null) {
      this.#doubt(keyId, row, because('evidence-unreadable', 'a notice without entries of the IMA list'), at, true);
      return;
    }
    const findings = checkNotice(ima, this.#options);
    if (findings.length > 0) this.#doubt(keyId, row, whyOf(findings, 0), at, true);
    else this.#context.count('notices');
  }

  /** Whether it is for the open challenge, in time; else it is a repeat, or distrust. */
  #isOfOpen(keyId: number, row: TrustRow, { challengeId }: EvidenceMessage, at: number): boolean {
    const { open, answeredId, lastId } = row;
    if (open?.id !== challengeId) {
      // Sent again by a bridge or a client that saw no answer; or late, which was told as missing already.
      if (challengeId === answeredId || (open === null && challengeId === lastId)) {
        this.#context.count('repeated');
        return false;
      }
      const says = `it answers challenge ${challengeId}, and ${open === null ? 'none' : open.id} is open`;
      this.#doubt(keyId, row, because('nonce-wrong', says), at, true);
      return false;
    }
    if (at <= open.deadlineMs) return true;
    const says = `evidence came ${at - open.deadlineMs} ms after the deadline of challenge ${open.id}`;
    this.#doubt(keyId, row, because('evidence-missing', says), at, false);
    return false;
  }

  /** Only a state of the replay is kept, however long the list is. */
  #part(keyId: number, row: TrustRow, { ima }: EvidenceMessage, at: number): void {
    const { policy, policyId } = this.#options;
    if (ima === null || !wantsIma(policy)) return;
    const start = partsFrom(ima.after, this.#provenOf(row)?.ima ?? null, policy.bank, policyId);
    const before = this.#partsOf(row) ?? start;
    if (before !== null && ima.after < before.state.entries) {
      this.#context.count('repeated');
      return;
    }
    if (before === null || ima.after > before.state.entries) {
      const says = `a part of the IMA log begins behind entry ${ima.after}, and what comes before is not known`;
      this.#doubt(keyId, row, because('evidence-missing', says, { log: 'ima' }), at, true);
      return;
    }
    const { parts, findings } = checkPart(ima, before, this.#options);
    if (parts === null) {
      this.#doubt(keyId, row, whyOf(findings, 0), at, true);
      return;
    }
    this.#keep(keyId, { ...row, parts });
    this.#context.count('parts');
  }

  #answer(keyId: number, row: TrustRow, key: string, message: EvidenceMessage, at: number): void {
    const { open } = row;
    if (open === null) return;
    const verdict = this.#judge(keyId, row, key, message, open, at);
    if (!verdict.isTrusted) {
      this.#doubt(keyId, row, whyOf(verdict.findings, verdict.more), at, true);
      return;
    }
    const { policyId, random, terms } = this.#options;
    const spread = random.u32() / 2 ** 31 - 1;
    this.#tell(keyId, proved(row, verdict, at, { policy: policyId, spread, terms }), at);
    this.#context.count('proofs');
    this.#interactions?.emitFor(keyId, checkInteraction(`proof-${open.id}`, true, 'it proved its state', at), at);
  }

  #judge(
    keyId: number,
    row: TrustRow,
    keyText: string,
    { quote, signature, pcrs, bootLog, ima }: EvidenceMessage,
    { nonce, issuedAtMs }: OpenChallenge,
    at: number,
  ): Verdict {
    try {
      const key = this.#keys.key(keyId, keyText);
      const shown = (bytes: Uint8Array) => (bytes.length === 0 ? null : bytes);
      const evidence = { quote: shown(quote), signature: shown(signature), pcrs, bootLog, ima };
      const { policy, references } = this.#options;
      return this.#check(evidence, {
        ...{ key, nonce, policy, references },
        ageMs: at - issuedAtMs,
        before: this.#provenOf(row),
        parts: this.#partsOf(row),
      });
    } catch (thrown) {
      return { isTrusted: false, findings: [{ reason: 'check-failed', says: errorData(thrown).message }], more: 0 };
    }
  }

  /** Files that were measured before a rule changed are to be shown again. */
  #provenOf({ proven, policy }: TrustRow): TrustRow['proven'] {
    return proven === null || policy === this.#options.policyId ? proven : { ...proven, ima: null };
  }

  #partsOf({ parts }: TrustRow): TrustRow['parts'] {
    return parts?.policyId === this.#options.policyId ? parts : null;
  }

  #doubt(keyId: number, row: TrustRow, why: Why, at: number, isShown: boolean): void {
    this.#context.count(isShown ? 'failures' : 'misses');
    this.#tell(keyId, doubted(row, why, at, isShown, this.#options.terms), at);
    const says = why.says === '' ? why.reason : `${why.reason}: ${why.says}`;
    this.#interactions?.emitFor(keyId, checkInteraction(`doubt-${row.lastId}-${at}`, false, says, at), at);
  }

  /** To readers, and, where it is about its frames, to whoever verifies these. */
  #tell(keyId: number, row: TrustRow, at: number): void {
    const { out, state } = this.#context;
    const before = state.devices.get(keyId) ?? newRow(at);
    this.#keep(keyId, row);
    out.attestation.emitFor(keyId, attestationOf(this.#deviceId(keyId), row), at);
    const passes = this.#passesWithoutKey(row);
    const isTrusted = row.state === 'trusted' || passes;
    if (!isTrusted && before.state !== 'trusted' && !this.#passesWithoutKey(before)) return;
    const untilMs = passes ? FOREVER : isTrusted ? row.trustedUntil : 0;
    const frame = this.#frame;
    frame.bytes = encodeTrustWord({ isTrusted, untilMs, transition: row.transitions });
    frame.end = frame.bytes.length;
    out.frames.emitFor(keyId, frame, at);
  }

  #passesWithoutKey({ key, isActive, revision }: TrustRow): boolean {
    return this.#options.keyless === 'pass' && key === null && isActive && revision > 0;
  }

  #keep(keyId: number, row: TrustRow): void {
    this.#context.state.devices.set(keyId, row);
    this.#due.push(row.dueAt, keyId);
    this.watermarkDue[0] = this.#due.firstAt;
  }

  #deviceId(keyId: number): string {
    return Buffer.from(this.#context.keys.bytesOf(keyId)).toString('latin1');
  }
}

const wantsIma = ({ pcrs }: Policy): boolean => pcrs.get(IMA_PCR)?.from === 'ima log';

/** Of a list that was begun anew, or that goes on behind what is proven; null where it does neither. */
function partsFrom(after: number, proven: ImaState | null, bank: HashAlgorithm, policyId: string): ImaParts | null {
  const state = proven?.bank === bank && after === proven.entries ? proven : imaStart(bank);
  return after === state.entries ? { policyId, from: after, state: { ...state, ahead: 0 }, aggregates: [] } : null;
}

/** What the policy names, and what a boot aggregate is made of. */
function selectionOf(policy: Policy): PcrSelection {
  const boot = wantsIma(policy) ? Array.from({ length: BOOT_PCRS }, (_, pcr) => pcr) : [];
  return { bank: policy.bank, pcrs: [...new Set([...policy.pcrs.keys(), ...boot])].sort((a, b) => a - b) };
}

/** The finding that names an entry of a log, where one does: that is what whoever asks why has to look at. */
function whyOf(findings: readonly Finding[], more: number): Why {
  const first = findings.find(({ entry }) => entry !== undefined) ?? findings[0];
  if (first === undefined) return because('check-failed', 'the check ended without a result');
  const others = findings.length - 1 + more;
  const says = others === 0 ? first.says : `${first.says}; and ${others} more`;
  return because(first.reason, says, first);
}
