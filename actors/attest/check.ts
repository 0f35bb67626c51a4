/**
 * The judgement of one device's evidence against a policy. A pure function: no clock, no chance, no file. It begins at
 * distrust, and only a check that came to its end without a finding gives trust; whatever is thrown on the way is a
 * finding too.
 */
import { errorData } from '../../engine/index.ts';
import type { QuoteAttest } from '../../schemas/tpm/index.ts';
import { type BootLog, parseBootLog } from './evidence/boot-log.ts';
import { type Finding, Findings } from './evidence/finding.ts';
import type { ImaEntry } from './evidence/ima-entry.ts';
import { parseImaLog } from './evidence/ima-log.ts';
import { checkClock, openPcrs, openQuote, type QuotedPcrs, type TpmClock } from './evidence/quote.ts';
import { valuesFromLogs } from './evidence/values-from-logs.ts';
import { checkBootLog, checkPcrs } from './policy/check-boot.ts';
import { checkIma, checkImaNotice, checkImaPart, type ImaExpectation, imaAfterParts } from './policy/check-ima.ts';
import type { Evidence, Expectation, ImaEvidence, ImaParts, Trusted, Verdict } from './verdict.ts';

export function checkEvidence(evidence: Evidence | null, expectation: Expectation): Verdict {
  const findings = new Findings();
  try {
    const trusted = judge(evidence, expectation, findings);
    if (trusted !== null && findings.isEmpty) return trusted;
  } catch (thrown) {
    findings.add('check-failed', errorData(thrown).message);
  }
  if (findings.isEmpty) findings.add('check-failed', 'the check ended without a result');
  return { isTrusted: false, findings: findings.all, more: findings.more };
}

/** What the entries of a notice say against the device; nothing that they say speaks for it. */
export function checkNotice(ima: ImaEvidence, expectation: ImaExpectation): readonly Finding[] {
  const findings = new Findings();
  readUnproven(ima, findings, (entries) => checkImaNotice(entries, expectation, findings));
  return findings.all;
}

/** The entries of a part that goes ahead of its quote, behind what came before: null with findings against the device. */
export function checkPart(
  ima: ImaEvidence,
  before: ImaParts,
  expectation: ImaExpectation,
): { readonly parts: ImaParts | null; readonly findings: readonly Finding[] } {
  const findings = new Findings();
  const parts = readUnproven(ima, findings, (entries) => checkImaPart(entries, before, expectation, findings));
  return { parts: findings.isEmpty ? (parts ?? null) : null, findings: findings.all };
}

function readUnproven<T>(
  ima: ImaEvidence,
  findings: Findings,
  check: (entries: readonly ImaEntry[]) => T,
): T | undefined {
  try {
    return check(parseImaLog(ima.bytes, ima.format, ima.after + 1));
  } catch (thrown) {
    const { code, message } = errorData(thrown);
    findings.add(code === 'EVIDENCE_INVALID' ? 'evidence-unreadable' : 'check-failed', message, { log: 'ima' });
    return undefined;
  }
}

function judge(evidence: Evidence | null, expectation: Expectation, findings: Findings): Trusted | null {
  const { key, nonce, policy, before } = expectation;
  const { quote: quoteBytes = null, signature = null } = evidence ?? {};
  if (evidence === null || quoteBytes === null || signature === null) {
    findings.add(
      'evidence-missing',
      quoteBytes === null ? 'no quote was shown' : 'no signature of the quote was shown',
    );
    return null;
  }
  const quote = openQuote(quoteBytes, signature, key, nonce, findings);
  if (quote === null) return null;
  checkAge(expectation, findings);
  if (!quote.isClockSafe && !policy.isUnsafeClockAllowed)
    findings.add('clock-unsafe', 'the TPM says that its clock is not safe');
  const { hasReset } = checkClock(quote, before?.clock ?? null, findings);
  const bootLog = readBootLog(evidence, findings);
  const entries = readIma(evidence, findings);
  if (bootLog === undefined || entries === undefined) return null;
  const { parts = null } = expectation;
  const imaBefore = imaAfterParts(hasReset ? null : (before?.ima ?? null), parts, expectation, findings);
  const values = evidence.pcrs ?? valuesFromLogs(quote.selections, bootLog, entries, imaBefore, policy.imaDigests);
  const quoted = openPcrs(quote, values, key, findings);
  if (quoted === null) return null;
  if (bootLog !== null) checkBootLog(bootLog, quoted, findings);
  const firmware = checkPcrs(expectation, quoted, bootLog, findings);
  const after = evidence.ima?.after ?? 0;
  const ima = checkIma(expectation, { entries, after, before: imaBefore, quoted }, findings);
  if (!findings.isEmpty) return null;
  return {
    isTrusted: true,
    firmware,
    state: { clock: clockOf(quote), ima },
    counts: { pcrs: countOf(quoted), bootEvents: bootLog?.events.length ?? 0, imaEntries: ima?.entries ?? 0 },
  };
}

function checkAge({ ageMs, policy }: Expectation, findings: Findings): void {
  const most = policy.ageMsMax / 1000;
  if (ageMs === null)
    findings.add('evidence-missing', `how old the quote is was not said; it may be ${most} s at most`);
  // Written so that a NaN is too old.
  else if (!(ageMs >= 0 && ageMs <= policy.ageMsMax))
    findings.add('quote-old', `the quote is ${ageMs / 1000} s old, ${most} s are the most`);
}

/** undefined with a finding where it is unreadable. */
function readBootLog({ bootLog }: Evidence, findings: Findings): BootLog | null | undefined {
  if (bootLog === null) return null;
  return readable(() => parseBootLog(bootLog), 'boot', findings);
}

function readIma({ ima }: Evidence, findings: Findings) {
  if (ima === null) return null;
  return readable(() => parseImaLog(ima.bytes, ima.format, ima.after + 1), 'ima', findings);
}

function readable<T>(read: () => T, log: 'boot' | 'ima', findings: Findings): T | undefined {
  try {
    return read();
  } catch (thrown) {
    const { code, message } = errorData(thrown);
    if (code !== 'EVIDENCE_INVALID') throw thrown;
    findings.add('evidence-unreadable', message, { log });
    return undefined;
  }
}

function clockOf({ clockMs, resetCount, restartCount, firmwareVersion }: QuoteAttest): TpmClock {
  return { clockMs, resetCount, restartCount, firmwareVersion };
}

function countOf(quoted: QuotedPcrs): number {
  let count = 0;
  for (const values of quoted.values()) count += values.size;
  return count;
}
