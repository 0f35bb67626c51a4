/** The verdict of this repository on a case, by the one function that everybody calls. */
import {
  type AttestationKey,
  attestationKey,
  checkEvidence,
  type Policy,
  parsePolicy,
} from '../../../actors/attest/index.ts';
import { MsecError } from '../../../engine/base/index.ts';
import { ALG_SHA256 } from '../../../schemas/tpm/index.ts';
import { type Attester, makeAttester } from '../../support/attester.ts';
import type { BootCase, Case, ImaCase, QuoteCase } from './cases.ts';

const HEAD = 'policy case 1\nquote at most 60 s old\nbank sha256\n';
const NONCE = Buffer.from('a challenge');

/** `accepted`, or the first reason why not. */
export function makeJudge(): (item: Case) => string {
  const attester = makeAttester('ecdsa');
  const key = attestationKey(attester.publicArea);
  const policies = new Map<string, Policy>();
  const policyOf = (text: string): Policy => {
    const known = policies.get(text) ?? parsePolicy(Buffer.from(HEAD + text));
    policies.set(text, known);
    return known;
  };
  return (item) => {
    try {
      if (item.kind === 'quote') return judgeQuote(item, policyOf);
      return item.kind === 'ima' ? judgeIma(item, attester, key, policyOf) : judgeBoot(item, attester, key, policyOf);
    } catch (error) {
      if (!(error instanceof MsecError)) throw error;
      return error.code;
    }
  };
}

const hex = (pcr: number, value: Buffer): string => `pcr ${pcr} is ${value.toString('hex')}`;

function judgeQuote({ key, attest, signature, nonce, pcrs }: QuoteCase, policyOf: (text: string) => Policy): string {
  const policy = policyOf(pcrs.map(([pcr, value]) => hex(pcr, value)).join('\n'));
  const values = Buffer.concat(pcrs.map(([, value]) => value));
  return outcome(
    checkEvidence(
      { quote: attest, signature, pcrs: values, bootLog: null, ima: null },
      { key: attestationKey(key), nonce, ageMs: 0, policy, references: null, before: null },
    ),
  );
}

function judgeIma(item: ImaCase, attester: Attester, key: AttestationKey, policyOf: (text: string) => Policy): string {
  const files = [...item.files].map(([path, digest]) => `file ${path} is sha256:${digest.toString('hex')}`);
  const policy = policyOf(
    ['pcr 10 from ima log', ...item.boot.map((value, pcr) => hex(pcr, value)), ...files].join('\n'),
  );
  const values = [...item.boot, item.quoted];
  const selections = [{ bank: ALG_SHA256, pcrs: values.map((_, pcr) => pcr) }] as const;
  const quote = attester.quote({ nonce: NONCE, selections, values });
  return outcome(
    checkEvidence(
      { ...quote, bootLog: null, ima: { bytes: item.list, format: 'ascii', after: 0 } },
      { key, nonce: NONCE, ageMs: 0, policy, references: null, before: null },
    ),
  );
}

function judgeBoot(
  { log, pcrs }: BootCase,
  attester: Attester,
  key: AttestationKey,
  policyOf: (text: string) => Policy,
): string {
  const policy = policyOf(pcrs.map(([pcr]) => `pcr ${pcr} from boot log`).join('\n'));
  const selections = [{ bank: ALG_SHA256, pcrs: pcrs.map(([pcr]) => pcr) }] as const;
  const quote = attester.quote({ nonce: NONCE, selections, values: pcrs.map(([, value]) => value) });
  return outcome(
    checkEvidence(
      { ...quote, bootLog: log, ima: null },
      { key, nonce: NONCE, ageMs: 0, policy, references: null, before: null },
    ),
  );
}

function outcome(verdict: ReturnType<typeof checkEvidence>): string {
  return verdict.isTrusted ? 'accepted' : verdict.findings[0]!.reason;
}
