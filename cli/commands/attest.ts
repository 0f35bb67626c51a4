/** `msec attest check`: the verdict of the attestation over files. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  attestationKey,
  BOOT_LOG_BYTES_MAX,
  checkEvidence,
  type Evidence,
  IMA_LOG_BYTES_MAX,
  imaFormatOf,
  openReferences,
  POLICY_BYTES_MAX,
  parsePolicy,
  REFERENCES_BYTES_MAX,
  type References,
  type Verdict,
} from '../../actors/attest/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, note, paint, print, printJson, UsageError } from '../terminal.ts';

export interface CheckFlags extends CommonFlags {
  readonly policy: string;
  readonly key: string;
  readonly nonce: string;
  readonly signature?: string;
  readonly pcrs?: string;
  readonly ima?: string;
  readonly age?: number;
  readonly references?: string;
  readonly referencesSignature?: string;
  readonly referencesKey?: string;
}

const STRUCTURE_BYTES_MAX = 65_536;

export async function checkFiles(flags: CheckFlags, [quote, log]: readonly string[]): Promise<number> {
  if (!/^(?:[0-9a-fA-F]{2}){1,64}$/.test(flags.nonce)) throw new UsageError('--nonce takes hexadecimal digits');
  const policy = parsePolicy(read(flags.policy, POLICY_BYTES_MAX), flags.policy);
  const references = readReferences(flags);
  const key = attestationKey(read(flags.key, STRUCTURE_BYTES_MAX));
  const ima = flags.ima === undefined ? null : read(flags.ima, IMA_LOG_BYTES_MAX);
  const evidence: Evidence = {
    quote: read(quote!, STRUCTURE_BYTES_MAX),
    signature: read(flags.signature ?? `${quote}.sig`, STRUCTURE_BYTES_MAX),
    pcrs: flags.pcrs === undefined ? null : read(flags.pcrs, STRUCTURE_BYTES_MAX),
    bootLog: log === undefined ? null : read(log, BOOT_LOG_BYTES_MAX),
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

function readReferences({ references, referencesSignature, referencesKey }: CheckFlags): References | null {
  if (references === undefined) return null;
  if (referencesKey === undefined)
    throw new UsageError('--references needs --references-key: unsigned values count for nothing');
  const signature = read(referencesSignature ?? `${references}.sig`, STRUCTURE_BYTES_MAX);
  return openReferences(read(references, REFERENCES_BYTES_MAX), signature, [publicKey(referencesKey)], references);
}

function publicKey(path: string): KeyObject {
  const text = read(path, STRUCTURE_BYTES_MAX);
  try {
    return createPublicKey(text);
  } catch {
    throw new UsageError(`${path} is no public key in PEM`);
  }
}

function read(path: string, bytesMax: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new NoInputError(`${path} cannot be read`);
  }
  if (bytes.length > bytesMax)
    throw new NoInputError(`${path} has ${bytes.length} bytes, at most ${bytesMax} are read`);
  return bytes;
}
