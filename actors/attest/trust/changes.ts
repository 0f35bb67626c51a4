/**
 * How a device's row changes: pure, so that the task only orders it. Trust comes from one place alone, `proved`, which a
 * verdict of trust leads to; everything else that happens to evidence ends in `doubted`.
 */
import type { DeviceRecord } from '../../../schemas/device/index.ts';
import type { Trusted } from '../verdict.ts';
import { because, inState, type OpenChallenge, type TrustRow, type Why } from './trust-row.ts';

export interface TrustTerms {
  /** From a proof to the next challenge. */
  readonly intervalMs: number;
  /** By this share the interval is shorter or longer, each time anew. */
  readonly jitter: number;
  /** From a challenge to its deadline. */
  readonly deadlineMs: number;
  /** From a doubt to the next challenge; doubles with each in a row, up to the interval. */
  readonly retryMs: number;
  /** So many failures in a row, of evidence that was shown, are quarantine. */
  readonly failuresMax: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const DOUBLINGS_MAX = 16;

export function newRow(at: number): TrustRow {
  const why = because('never-proven', 'it has not proved its state yet');
  return {
    ...{ revision: 0, resetCount: 0, isActive: true, key: null },
    ...{ state: 'unknown', since: at, why, transitions: 0 },
    history: [{ at, state: 'unknown', reason: why.reason, says: why.says }],
    ...{ failures: 0, misses: 0, lastId: 0, answeredId: 0, open: null, parts: null, dueAt: NEVER },
    ...{ provenAt: 0, trustedUntil: 0, firmware: '', proven: null, policy: '' },
  };
}

/** What the registry says. A new key, or a reset by an operator, begins anew; null where the record is an old one. */
export function registered(before: TrustRow | undefined, record: DeviceRecord, at: number): TrustRow | null {
  const row = before ?? newRow(at);
  if (record.revision <= row.revision) return null;
  const key = record.attestationKey ?? null;
  const isActive = record.state === 'active';
  const { revision, resetCount } = record;
  const known = { ...row, revision, resetCount, isActive, key };
  if (!isActive) {
    const ended = { ...known, open: null, parts: null, dueAt: NEVER };
    return inState(ended, 'revoked', because('revoked', 'an operator has revoked the device'), at);
  }
  if (before !== undefined && row.isActive && key === row.key && resetCount === row.resetCount) return known;
  const proven = key === row.key ? row.proven : null;
  const anew = { ...known, proven, failures: 0, misses: 0, open: null, parts: null, dueAt: key === null ? NEVER : at };
  if (key === null) return inState(anew, 'unknown', because('no-key', 'it has no attestation key'), at);
  if (before === undefined) return anew;
  return inState(
    anew,
    'unknown',
    because('never-proven', 'it has a new key or was reset, and proved nothing since'),
    at,
  );
}

export function challenged(row: TrustRow, open: OpenChallenge, graceMs: number): TrustRow {
  return { ...row, lastId: open.id, open, parts: null, dueAt: open.deadlineMs + graceMs };
}

/** `spread` is uniform in [-1, 1). */
export function proved(
  row: TrustRow,
  verdict: Trusted,
  at: number,
  { policy, spread, terms }: { readonly policy: string; readonly spread: number; readonly terms: TrustTerms },
): TrustRow {
  const { firmware, counts } = verdict;
  const nextAt = at + Math.round(terms.intervalMs * (1 + terms.jitter * spread));
  const of = firmware === null ? '' : ` of the firmware ${firmware}`;
  const says = `${plural(counts.pcrs, 'PCR', 'PCRs')}${of}, ${plural(counts.imaEntries, 'entry', 'entries')} of the IMA list`;
  const next = {
    ...row,
    ...{ failures: 0, misses: 0, open: null, parts: null, dueAt: nextAt },
    answeredId: row.open?.id ?? row.answeredId,
    provenAt: at,
    trustedUntil: nextAt + terms.deadlineMs,
    ...{ firmware: firmware ?? '', proven: verdict.state, policy },
  };
  return inState(next, 'trusted', because('proven', says), at);
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** `isShown`: evidence came and does not hold; else none came. */
export function doubted(row: TrustRow, why: Why, at: number, isShown: boolean, terms: TrustTerms): TrustRow {
  const failures = isShown ? row.failures + 1 : row.failures;
  const misses = isShown ? 0 : row.misses + 1;
  const doublings = Math.min(DOUBLINGS_MAX, failures + misses - 1);
  const dueAt = at + Math.min(terms.intervalMs, terms.retryMs * 2 ** doublings);
  const next = { ...row, failures, misses, open: null, parts: null, dueAt, trustedUntil: 0 };
  return inState(next, stateInDoubt(row, failures, isShown, terms), why, at);
}

/** Whoever is silent may be switched off: quarantine, in which no session begins, is for what was shown. */
function stateInDoubt({ state }: TrustRow, failures: number, isShown: boolean, { failuresMax }: TrustTerms) {
  if (state === 'quarantined' || (isShown && failures >= failuresMax)) return 'quarantined';
  return state === 'unknown' && !isShown ? 'unknown' : 'suspect';
}
