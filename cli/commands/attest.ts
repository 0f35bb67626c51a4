/** `msec attest check`: the verdict of the attestation over files. */
import {
  attestationKey,
  BOOT_LOG_BYTES_MAX,
  checkEvidence,
  type Evidence,
  IMA_LOG_BYTES_MAX,
  imaFormatOf,
  POLICY_BYTES_MAX,
  parsePolicy,
  type Verdict,
} from '../../actors/attest/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { type ReferenceFlags, readFileOf, readReferences, STRUCTURE_BYTES_MAX } from '../reference-files.ts';
import { note, paint, print, printJson, UsageError } from '../terminal.ts';

export interface CheckFlags extends CommonFlags, ReferenceFlags {
  readonly policy: string;
  readonly key: string;
  readonly nonce: string;
  readonly signature?: string;
  readonly pcrs?: string;
  readonly ima?: string;
  readonly age?: number;
}

export async function checkFiles(flags: CheckFlags, [quote, log]: readonly string[]): Promise<number> {
  if (!/^(?:[0-9a-fA-F]{2}){1,64}$/.test(flags.nonce)) throw new UsageError('--nonce takes hexadecimal digits');
  const policy = parsePolicy(readFileOf(flags.policy, POLICY_BYTES_MAX), flags.policy);
  const references = readReferences(flags);
  const key = attestationKey(readFileOf(flags.key, STRUCTURE_BYTES_MAX));
  const ima = flags.ima === undefined ? null : readFileOf(flags.ima, IMA_LOG_BYTES_MAX);
  const evidence: Evidence = {
    quote: readFileOf(quote!, STRUCTURE_BYTES_MAX),
    signature: readFileOf(flags.signature ?? `${quote}.sig`, STRUCTURE_BYTES_MAX),
    pcrs: flags.pcrs === undefined ? null : readFileOf(flags.pcrs, STRUCTURE_BYTES_MAX),
    bootLog: log === undefined ? null : readFileOf(log, BOOT_LOG_BYTES_MAX),
    ima: ima === null ? null : { bytes: ima, format: imaFormatOf(ima), after: 0 },
  };
  const verdict = checkEvidence(evidence, {
    key,
    nonce: Buffer.from(flags.nonce, 'hex'),
    ageMs: flags.age === undefined ? null : flags.age * 1000,
    policy,
    references,
    before: null,
  });
  if (flags.json === true) printJson(viewOf(verdict));
  else tell(verdict, `${policy.name} ${policy.version}`);
  return verdict.isTrusted ? EXIT.ok.code : EXIT.data.code;
}

function viewOf(verdict: Verdict): object {
  if (!verdict.isTrusted) return { trusted: false, findings: verdict.findings, more: verdict.more };
  const { firmware, counts, state } = verdict;
  const { clockMs, firmwareVersion, ...clock } = state.clock;
  return {
    trusted: true,
    firmware,
    ...counts,
    clock: { clockMs: String(clockMs), ...clock, firmwareVersion: `0x${firmwareVersion.toString(16)}` },
  };
}

function tell(verdict: Verdict, policy: string): void {
  if (verdict.isTrusted) {
    const { firmware, counts } = verdict;
    note(paint('green', `Trusted by the policy ${policy}.`, process.stderr));
    if (firmware !== null) print(`firmware: ${firmware}`);
    print(`PCRs: ${counts.pcrs}`);
    print(`boot events: ${counts.bootEvents}`);
    print(`IMA entries: ${counts.imaEntries}`);
    return;
  }
  note(paint('red', `Not trusted by the policy ${policy}:`, process.stderr));
  for (const { reason, says } of verdict.findings) print(`${reason}: ${says}`);
  if (verdict.more > 0) print(`and ${verdict.more} more`);
}
