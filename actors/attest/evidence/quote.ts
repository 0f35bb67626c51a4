/**
 * A quote is checked in this order, and no field of it is read before the signature over it holds: signature, magic and
 * type, signer, nonce, clock and counters, the digest of the PCR values.
 *
 * A key outside the endorsement and platform hierarchies quotes counters and firmware version with a constant of its
 * own added (part 1, 36.7): they are compared with its earlier ones alone, and the counters modulo 2^32.
 */
import {
  type Attest,
  decodeAttest,
  decodeSignature,
  type HashAlgorithm,
  hashOf,
  isSignatureOf,
  PCRS,
  pcrDigest,
  type QuoteAttest,
  type TpmSignature,
} from '../../../schemas/tpm/index.ts';
import type { AttestationKey } from './attestation-key.ts';
import type { Findings } from './finding.ts';
import { digestBytes } from './pcr-bank.ts';

/** What a quote said of its TPM, kept to be compared with the next one. */
export interface TpmClock {
  readonly clockMs: bigint;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly firmwareVersion: bigint;
}

/** Values under a signature, by bank and PCR. */
export type QuotedPcrs = ReadonlyMap<HashAlgorithm, ReadonlyMap<number, Uint8Array>>;

const GENERATED_VALUE = Buffer.from('ff544347', 'hex');
const GENERATED_VALUE_BYTES = 4;

/** The content of a quote that the key signed for this nonce; null with a finding otherwise. */
export function openQuote(
  attest: Uint8Array,
  signatureBytes: Uint8Array,
  { key, scheme, qualifiedName }: AttestationKey,
  nonce: Uint8Array,
  findings: Findings,
): QuoteAttest | null {
  let signature: TpmSignature;
  try {
    signature = decodeSignature(signatureBytes);
  } catch (thrown) {
    findings.add('evidence-unreadable', (thrown as Error).message);
    return null;
  }
  // Whoever forges would choose the weakest: the key's own scheme is the only one.
  if (signature.algorithm !== scheme.algorithm || signature.hash !== scheme.hash) {
    findings.add('signature-invalid', 'the signature is of another scheme than the key signs with');
    return null;
  }
  if (!isSignatureOf(signature, attest, key)) {
    findings.add('signature-invalid', 'the signature over the quote does not hold');
    return null;
  }
  const read = readSigned(attest, findings);
  if (read === null) return null;
  if (!isName(read.qualifiedSigner)) {
    findings.add('signer-unknown', 'the quote names a signer that is no Name');
    return null;
  }
  if (qualifiedName !== null && !read.qualifiedSigner.equals(qualifiedName)) {
    findings.add('signer-unknown', `the quote names the signer ${read.qualifiedSigner.toString('hex')}`);
    return null;
  }
  if (nonce.length === 0 || Buffer.compare(read.extraData, nonce) !== 0) {
    const got = read.extraData.length === 0 ? 'no nonce' : `the nonce ${read.extraData.toString('hex')}`;
    findings.add('nonce-wrong', `the quote holds ${got}, which is not the challenge's`);
    return null;
  }
  return read;
}

/** A hash algorithm, and as many bytes as it gives. */
function isName(bytes: Buffer): boolean {
  return bytes.length > 2 && hashOf(bytes.readUInt16BE())?.bytes === bytes.length - 2;
}

function readSigned(bytes: Uint8Array, findings: Findings): QuoteAttest | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, GENERATED_VALUE_BYTES));
  if (!head.equals(GENERATED_VALUE)) {
    findings.add('not-a-quote', 'what is signed does not begin as everything begins that a TPM says of itself');
    return null;
  }
  let read: Attest;
  try {
    read = decodeAttest(bytes);
  } catch (thrown) {
    findings.add('evidence-unreadable', (thrown as Error).message);
    return null;
  }
  if (read.type === 'quote') return read;
  findings.add('not-a-quote', 'what is signed is the certificate of a key, not a quote');
  return null;
}

/** Whether a 32-bit counter is behind another one, whatever constant was added to both. */
const isBehind = (now: number, before: number): boolean => ((now - before) | 0) < 0;

/** Whether the device was started anew since `before`, after which its logs begin anew too. */
export function checkClock(now: QuoteAttest, before: TpmClock | null, findings: Findings): { hasReset: boolean } {
  if (before === null) return { hasReset: true };
  const hasReset = now.resetCount !== before.resetCount;
  const back = (what: string) => findings.add('clock-back', `${what} since the last quote`);
  if (isBehind(now.resetCount, before.resetCount)) back('the count of resets fell');
  // A reset sets the count of restarts to zero.
  if (!hasReset && isBehind(now.restartCount, before.restartCount)) back('the count of restarts fell');
  // A TPM that lost power goes on from the time that it had written down, and says that its clock is not safe.
  if (now.clockMs <= before.clockMs && !(hasReset && !now.isClockSafe)) back('the clock of the TPM did not go on');
  if (!hasReset && now.restartCount === before.restartCount && now.firmwareVersion !== before.firmwareVersion)
    findings.add('firmware-changed', "the TPM's firmware version changed without a restart");
  return { hasReset };
}

/**
 * The quoted values: `values` are all of them, one after another in the order of the selection, as `tpm2_quote -F
 * values` writes them. They are believed once their digest is the one that was signed. Null with a finding otherwise.
 */
export function openPcrs(
  quote: QuoteAttest,
  values: Uint8Array,
  { scheme }: AttestationKey,
  findings: Findings,
): QuotedPcrs | null {
  const banks = new Map<HashAlgorithm, Map<number, Uint8Array>>();
  let at = 0;
  for (const { bank, pcrs } of quote.selections) {
    const name = hashOf(bank)!.name;
    if (banks.has(bank)) {
      findings.add('evidence-unreadable', `the quote selects the ${name} bank twice`);
      return null;
    }
    const of = new Map<number, Uint8Array>();
    for (const pcr of pcrs) {
      if (pcr >= PCRS) {
        findings.add('evidence-unreadable', `the quote selects PCR ${pcr}, which is none`);
        return null;
      }
      of.set(pcr, values.subarray(at, at + digestBytes(bank)));
      at += digestBytes(bank);
    }
    banks.set(bank, of);
  }
  if (at !== values.length) {
    findings.add('pcr-digest-wrong', `the values of the PCRs have ${values.length} bytes, the quote's have ${at}`);
    return null;
  }
  if (!pcrDigest([values], scheme.hash).equals(quote.pcrDigest)) {
    findings.add('pcr-digest-wrong', 'the values of the PCRs are not those that the TPM signed');
    return null;
  }
  return banks;
}
