/** The IMA list against the quoted PCR and the file rules of the policy. */
import { ALG_SHA1, type HashAlgorithm } from '../../../schemas/tpm/index.ts';
import type { Findings } from '../evidence/finding.ts';
import { describeEntry, type ImaEntry } from '../evidence/ima-entry.ts';
import {
  extendAll,
  type ImaReplay,
  type ImaState,
  imaStart,
  isBootAggregate,
  replayIma,
} from '../evidence/ima-replay.ts';
import type { QuotedPcrs } from '../evidence/quote.ts';
import type { Expectation, ImaAggregate, ImaParts } from '../verdict.ts';
import { allowedFirmware, firmwareText } from './firmware.ts';
import { IMA_PCR, ruleOf } from './policy.ts';
import { BANKS, fileDigest } from './values.ts';

export interface ImaCase {
  /** Null where no list was shown. */
  readonly entries: readonly ImaEntry[] | null;
  readonly after: number;
  /** Null after a start of the device. */
  readonly before: ImaState | null;
  readonly quoted: QuotedPcrs;
}

const BOOT_AGGREGATE = 'boot_aggregate';
/** One at the start, and one for each kexec since. */
const AGGREGATES_MAX = 16;

/** What is proven now; null where the policy asks for no list, or with a finding. */
export function checkIma(expectation: Expectation, given: ImaCase, findings: Findings): ImaState | null {
  const { policy } = expectation;
  if (policy.pcrs.get(IMA_PCR)?.from !== 'ima log') return null;
  const missing = (says: string) => {
    findings.add('evidence-missing', says, { log: 'ima' });
    return null;
  };
  const { entries, after, before, quoted } = given;
  if (entries === null) return missing('the policy asks for the IMA log, and none was shown');
  const value = quoted.get(policy.bank)?.get(IMA_PCR);
  // Told already: the quote lacks it.
  if (value === undefined) return null;
  const state = before?.bank === policy.bank ? before : imaStart(policy.bank);
  if (after !== state.entries)
    return missing(`the IMA log goes on behind entry ${after}, what is proven ends with entry ${state.entries}`);
  // A list that is empty for ever would have PCR 10 at zeros, and no file in it.
  if (state.entries + entries.length === 0) return missing('the IMA log is empty: not even the start was measured');
  const replay = replayIma(entries, state, value, policy.imaDigests);
  tellReplay(replay, entries, state, findings);
  for (const aggregate of expectation.parts?.aggregates ?? []) checkAggregate(aggregate, quoted, findings);
  for (const entry of entries) checkEntry(entry, expectation, quoted, findings);
  return replay.state;
}

/** Where the list of the evidence goes on: behind the parts where there were some. Null with a finding. */
export function imaAfterParts(
  before: ImaState | null,
  parts: ImaParts | null,
  { policy }: Pick<Expectation, 'policy'>,
  findings: Findings,
): ImaState | null {
  if (parts === null) return before;
  const start = before?.bank === policy.bank ? before : imaStart(policy.bank);
  if (parts.from !== start.entries) {
    const says = `the IMA log goes on behind entry ${parts.from}, what is proven ends with entry ${start.entries}`;
    findings.add('evidence-missing', says, { log: 'ima' });
    return null;
  }
  return { ...parts.state, ahead: Math.max(0, start.ahead - (parts.state.entries - start.entries)) };
}

/** A part that goes ahead of its quote: what it says against the device is believed at once, and what it proves is open. */
export function checkImaPart(
  entries: readonly ImaEntry[],
  before: ImaParts,
  expectation: ImaExpectation,
  findings: Findings,
): ImaParts {
  const { state, aggregates } = before;
  const { brokenAt, value } = extendAll(entries, state, expectation.policy.imaDigests);
  tellBroken(entries[brokenAt], findings);
  const later: ImaAggregate[] = [...aggregates];
  for (const entry of entries) {
    if (isAggregate(entry)) {
      const { number, path, algorithm, fileDigest } = entry;
      later.push({ number, path, algorithm, fileDigest: Buffer.from(fileDigest) });
    } else checkEntry(entry, expectation, new Map(), findings);
  }
  if (later.length > AGGREGATES_MAX)
    findings.add('boot-aggregate-wrong', `more than ${AGGREGATES_MAX} boot aggregates`, { log: 'ima' });
  return { ...before, state: { ...state, value, entries: state.entries + entries.length }, aggregates: later };
}

const isAggregate = ({ number, path, isViolation }: ImaEntry): boolean =>
  !isViolation && (number === 1 || path === BOOT_AGGREGATE);

function tellBroken(entry: ImaEntry | undefined, findings: Findings): void {
  if (entry === undefined) return;
  const says = `${describeEntry(entry)}: its digest is not that of what it says`;
  findings.add('ima-entry-wrong', says, { log: 'ima', entry: entry.number, path: entry.path });
}

function tellReplay(
  { brokenAt, proven }: ImaReplay,
  entries: readonly ImaEntry[],
  { ahead }: ImaState,
  findings: Findings,
): void {
  tellBroken(entries[brokenAt], findings);
  if (proven < 0) {
    findings.add('ima-log-wrong', `no part of the IMA log replays to what the TPM signed of PCR ${IMA_PCR}`, {
      log: 'ima',
      pcr: IMA_PCR,
    });
  } else if (ahead > 0 && proven < ahead && proven < entries.length) {
    const says = `the quote proves ${proven} entries, the list was ${ahead} ahead of the last quote`;
    findings.add('ima-behind', says, { log: 'ima' });
  } else if (ahead > entries.length) {
    const says = `the list has ${entries.length} entries behind the last quote, it had ${ahead}`;
    findings.add('ima-behind', says, { log: 'ima' });
  }
}

/**
 * Entries that nothing proves, as a device tells them when they come: what it says against itself is believed at once.
 * Its boot aggregate says nothing without a quote.
 */
export function checkImaNotice(entries: readonly ImaEntry[], expectation: ImaExpectation, findings: Findings): void {
  if (expectation.policy.pcrs.get(IMA_PCR)?.from !== 'ima log') return;
  for (const entry of entries)
    if (entry.number !== 1 && entry.path !== BOOT_AGGREGATE) checkEntry(entry, expectation, new Map(), findings);
}

export type ImaExpectation = Pick<Expectation, 'policy' | 'references'>;

/** Also of entries that are not proven yet: what a device says against itself is believed at once. */
function checkEntry(
  entry: ImaEntry,
  { policy, references }: ImaExpectation,
  quoted: QuotedPcrs,
  findings: Findings,
): void {
  const place = { log: 'ima', entry: entry.number, path: entry.path } as const;
  if (entry.pcr !== IMA_PCR)
    findings.add('ima-entry-wrong', `${describeEntry(entry)}: it is of PCR ${entry.pcr}, not ${IMA_PCR}`, place);
  if (entry.isViolation) {
    if (!policy.areViolationsAllowed)
      findings.add('ima-violation', `${describeEntry(entry)}: it was changed while it was measured`, place);
    return;
  }
  if (isAggregate(entry)) {
    checkAggregate(entry, quoted, findings);
    return;
  }
  const rule = ruleOf(policy, entry.path);
  if (rule === undefined) {
    findings.add('file-unknown', `${describeEntry(entry)}: no rule of the policy names it`, place);
    return;
  }
  if (rule.allows.kind === 'any') return;
  const digest = fileDigest(entry.algorithm, entry.fileDigest);
  if (rule.allows.kind === 'digests') {
    if (!rule.allows.digests.has(digest))
      findings.add('file-changed', `${describeEntry(entry)}: it is ${digest}, which the policy does not allow`, place);
    return;
  }
  // A system that was updated has files of two versions at a time; each must be of one that is allowed.
  const versions = references === null ? [] : allowedFirmware(policy, references);
  const known = versions.map(({ files }) => files.get(entry.path));
  if (known.some((digests) => digests?.has(digest) === true)) return;
  const firmware = firmwareText(policy);
  if (known.every((digests) => digests === undefined))
    findings.add('file-unknown', `${describeEntry(entry)}: the firmware ${firmware} has no such file`, place);
  else
    findings.add(
      'file-changed',
      `${describeEntry(entry)}: it is ${digest}, never so in the firmware ${firmware}`,
      place,
    );
}

/** The first entry, and one that a kexec adds, binds the list to the PCRs of this start. */
function checkAggregate(entry: ImaAggregate, quoted: QuotedPcrs, findings: Findings): void {
  const place = { log: 'ima', entry: entry.number, path: entry.path } as const;
  const wrong = (says: string) => findings.add('boot-aggregate-wrong', `${describeEntry(entry)}: ${says}`, place);
  if (entry.path !== BOOT_AGGREGATE) {
    wrong(`the first entry must be ${BOOT_AGGREGATE}`);
    return;
  }
  const bank = bankOf(entry.algorithm);
  const values = bank === undefined ? undefined : quoted.get(bank);
  const fits = isBootAggregate(entry.fileDigest, bank ?? ALG_SHA1, (pcr) => values?.get(pcr));
  if (fits === null)
    wrong(`the quote lacks PCRs 0 to 7 of the ${entry.algorithm} bank, so that nothing can be compared`);
  else if (!fits) wrong('it is not the digest of the PCRs that were quoted');
}

const bankOf = (algorithm: string): HashAlgorithm | undefined => BANKS.get(algorithm);
