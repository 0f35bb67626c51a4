/**
 * What the actor keeps of one device: its state of trust with its last changes, the challenge that is open, what its last
 * good quote proved, and when something is due. A value of keyed state: replaced as a whole, never changed.
 */
import { type Codec, jsonCodec } from '../../../engine/index.ts';
import type { Attestation, TrustState, TrustTransition } from '../../../schemas/index.ts';
import type { HashAlgorithm } from '../../../schemas/tpm/index.ts';
import type { ImaState } from '../evidence/ima-replay.ts';
import type { ImaParts, ProvenState } from '../verdict.ts';

export const HISTORY_MAX = 8;
/** An attacker must not choose how much is kept of what is said about it. */
const SAYS_CHARS_MAX = 400;

export interface OpenChallenge {
  readonly id: number;
  readonly nonce: Uint8Array;
  readonly issuedAtMs: number;
  readonly deadlineMs: number;
}

/** Why a state is what it is, and where that stands. */
export interface Why {
  readonly reason: string;
  readonly says: string;
  readonly log: 'boot' | 'ima' | '';
  readonly entry: number;
  readonly pcr: number;
  readonly path: string;
}

export interface TrustRow {
  /** Of the registry's record, as are the next three. */
  readonly revision: number;
  readonly resetCount: number;
  readonly isActive: boolean;
  /** Its attestation key's public area, base64; null where it has none. */
  readonly key: string | null;
  readonly state: TrustState;
  readonly since: number;
  readonly why: Why;
  readonly transitions: number;
  readonly history: readonly TrustTransition[];
  /** Checks of shown evidence in a row that it did not pass. */
  readonly failures: number;
  /** Challenges in a row that it did not answer. */
  readonly misses: number;
  /** Of the challenge that was issued last, and of the one that was answered last with good evidence. */
  readonly lastId: number;
  readonly answeredId: number;
  readonly open: OpenChallenge | null;
  /** What has come of the IMA list for the open challenge, ahead of its quote. */
  readonly parts: ImaParts | null;
  /** When the open challenge is over or the next one is to be issued; Infinity where nothing is to come. */
  readonly dueAt: number;
  readonly provenAt: number;
  readonly trustedUntil: number;
  readonly firmware: string;
  readonly proven: ProvenState | null;
  /** The policy under which that was proven. */
  readonly policy: string;
}

export function because(reason: string, says: string, place: Partial<Omit<Why, 'reason' | 'says'>> = {}): Why {
  const short = says.length > SAYS_CHARS_MAX ? `${says.slice(0, SAYS_CHARS_MAX - 1)}…` : says;
  const path = (place.path ?? '').slice(0, SAYS_CHARS_MAX);
  return { reason, says: short, log: place.log ?? '', entry: place.entry ?? 0, pcr: place.pcr ?? -1, path };
}

/** The row in a state, for a reason: a change of state counts and is remembered, a new reason alone is not. */
export function inState(row: TrustRow, state: TrustState, why: Why, at: number): TrustRow {
  if (row.state === state) return { ...row, why };
  const change = { at, state, reason: why.reason, says: why.says };
  const history = [change, ...row.history].slice(0, HISTORY_MAX);
  return { ...row, state, why, since: at, transitions: row.transitions + 1, history };
}

export function attestationOf(device: string, row: TrustRow): Attestation {
  const { state, since, firmware, provenAt, failures, transitions, history } = row;
  const trustedUntil = state === 'trusted' ? row.trustedUntil : 0;
  return { device, state, since, ...row.why, firmware, provenAt, trustedUntil, failures, transitions, history };
}

type PlainIma = readonly [HashAlgorithm, string, number, number];

interface PlainRow extends Omit<TrustRow, 'open' | 'proven' | 'dueAt' | 'parts'> {
  readonly dueAt: number | null;
  readonly open: (Omit<OpenChallenge, 'nonce'> & { readonly nonce: string }) | null;
  readonly proven: {
    readonly clock: readonly [string, number, number, string];
    readonly ima: PlainIma | null;
  } | null;
  /** Absent where there are none. */
  readonly parts?: {
    readonly policyId: string;
    readonly from: number;
    readonly ima: PlainIma;
    readonly aggregates: readonly (readonly [number, string, string, string])[];
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const json = jsonCodec<PlainRow>();

export const trustRowCodec: Codec<TrustRow> = {
  format: 'msec.trust-row/1',
  decode(bytes, start, end) {
    const { open, proven, dueAt, parts, ...row } = json.decode(bytes, start, end);
    return {
      ...row,
      dueAt: dueAt ?? Number.POSITIVE_INFINITY,
      open: open === null ? null : { ...open, nonce: Buffer.from(open.nonce, 'base64') },
      proven: proven === null ? null : provenOf(proven),
      parts: parts === undefined ? null : partsOf(parts),
    };
  },
  encode({ open, proven, dueAt, parts, ...row }, writer) {
    const plain: PlainRow = {
      ...row,
      dueAt: dueAt === Number.POSITIVE_INFINITY ? null : dueAt,
      open: open === null ? null : { ...open, nonce: base64(open.nonce) },
      proven: proven === null ? null : plainOf(proven),
      ...(parts === null ? {} : { parts: plainParts(parts) }),
    };
    json.encode(plain, writer);
  },
};

function plainOf({ clock, ima }: ProvenState): NonNullable<PlainRow['proven']> {
  return {
    clock: [String(clock.clockMs), clock.resetCount, clock.restartCount, String(clock.firmwareVersion)],
    ima: ima === null ? null : plainIma(ima),
  };
}

function provenOf({ clock, ima }: NonNullable<PlainRow['proven']>): ProvenState {
  const [clockMs, resetCount, restartCount, firmwareVersion] = clock;
  return {
    clock: { clockMs: BigInt(clockMs), resetCount, restartCount, firmwareVersion: BigInt(firmwareVersion) },
    ima: ima === null ? null : imaOf(ima),
  };
}

const plainIma = ({ bank, value, entries, ahead }: ImaState): PlainIma => [bank, base64(value), entries, ahead];

function imaOf([bank, value, entries, ahead]: PlainIma): ImaState {
  return { bank, value: Buffer.from(value, 'base64'), entries, ahead };
}

function plainParts({ policyId, from, state, aggregates }: ImaParts): NonNullable<PlainRow['parts']> {
  const plain = aggregates.map(({ number, path, algorithm, fileDigest }) => {
    return [number, path, algorithm, base64(fileDigest)] as const;
  });
  return { policyId, from, ima: plainIma(state), aggregates: plain };
}

function partsOf({ policyId, from, ima, aggregates }: NonNullable<PlainRow['parts']>): ImaParts {
  const whole = aggregates.map(([number, path, algorithm, digest]) => {
    return { number, path, algorithm, fileDigest: Buffer.from(digest, 'base64') };
  });
  return { policyId, from, state: imaOf(ima), aggregates: whole };
}
