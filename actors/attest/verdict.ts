/** What a check is given, and what it answers. */
import type { AttestationKey } from './evidence/attestation-key.ts';
import type { Finding } from './evidence/finding.ts';
import type { ImaEntry } from './evidence/ima-entry.ts';
import type { ImaFormat } from './evidence/ima-log.ts';
import type { ImaState } from './evidence/ima-replay.ts';
import type { TpmClock } from './evidence/quote.ts';
import type { Policy } from './policy/policy.ts';
import type { References } from './policy/references.ts';

export interface ImaEvidence {
  readonly bytes: Uint8Array;
  readonly format: ImaFormat;
  /** How many entries of the device's list come before these; 0 for the whole list. */
  readonly after: number;
}

/** What a device shows. Whatever is null was not shown. */
export interface Evidence {
  /** TPMS_ATTEST. */
  readonly quote: Uint8Array | null;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array | null;
  /** The quoted values in the order of the selection; where null they are what the logs replay to. */
  readonly pcrs: Uint8Array | null;
  readonly bootLog: Uint8Array | null;
  readonly ima: ImaEvidence | null;
}

/** What was proven of a device by its last good quote. */
export interface ProvenState {
  readonly clock: TpmClock;
  readonly ima: ImaState | null;
}

/** Entries of the IMA list that went ahead of the quote, replayed and held against the policy; nothing has proven them yet. */
export interface ImaParts {
  /** The policy that they were held against: under another one they are to be shown again. */
  readonly policyId: string;
  /** How many entries came before the first part. */
  readonly from: number;
  readonly state: ImaState;
  /** What is to be held against the quoted PCRs. */
  readonly aggregates: readonly ImaAggregate[];
}

/** An entry that binds the list to the PCRs of this start. */
export type ImaAggregate = Pick<ImaEntry, 'number' | 'path' | 'algorithm' | 'fileDigest'>;

export interface Expectation {
  readonly key: AttestationKey;
  /** Of the challenge; an empty one proves nothing. */
  readonly nonce: Uint8Array;
  /** From the challenge to the arrival of the quote; null where nobody knows. */
  readonly ageMs: number | null;
  readonly policy: Policy;
  readonly references: References | null;
  readonly before: ProvenState | null;
  readonly parts?: ImaParts | null;
}

export interface Trusted {
  readonly isTrusted: true;
  /** The version whose reference values hold; null where the policy asks for none. */
  readonly firmware: string | null;
  readonly state: ProvenState;
  /** What was looked at. */
  readonly counts: { readonly pcrs: number; readonly bootEvents: number; readonly imaEntries: number };
}

export interface Distrusted {
  readonly isTrusted: false;
  /** At least one. */
  readonly findings: readonly Finding[];
  /** So many more were found. */
  readonly more: number;
}

export type Verdict = Trusted | Distrusted;
