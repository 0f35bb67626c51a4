/**
 * The replay of an IMA list by increments: the value of the PCR and the number of entries that a quote has proven are
 * kept, and the next list begins behind them. The list may be ahead of the quote, since the kernel extends while a quote
 * is made; what is ahead must be proven by the next one.
 */
import { ALG_SHA1, type HashAlgorithm } from '../../../schemas/tpm/index.ts';
import { type ImaEntry, isZeros } from './ima-entry.ts';
import { digestBytes, digestOf, extended } from './pcr-bank.ts';

export interface ImaState {
  readonly bank: HashAlgorithm;
  /** Of the PCR, after `entries`. */
  readonly value: Uint8Array;
  /** That a quote has proven, from the start of the device. */
  readonly entries: number;
  /** Of the list that was ahead of the last quote. */
  readonly ahead: number;
}

/** After a start of the device. */
export function imaStart(bank: HashAlgorithm): ImaState {
  return { bank, value: Buffer.alloc(digestBytes(bank)), entries: 0, ahead: 0 };
}

/**
 * How digests get into banks other than SHA-1: `hashed` is the hash of the template data (Linux 5.8 and newer),
 * `padded` the SHA-1 digest filled with zeros.
 */
export type ImaDigests = 'hashed' | 'padded';

export interface ImaReplay {
  /** The first entry whose digest is not that of its data, counted in `entries`; -1 where there is none. */
  readonly brokenAt: number;
  /** How many of `entries` the quote proves; -1 where no number of them gives the quoted value. */
  readonly proven: number;
  /** Null where nothing is proven. */
  readonly state: ImaState | null;
}

/** `quoted` is the value of the PCR under the signature, `entries` those from `state.entries` on. */
export function replayIma(
  entries: readonly ImaEntry[],
  state: ImaState,
  quoted: Uint8Array,
  digests: ImaDigests = 'hashed',
): ImaReplay {
  const { bank } = state;
  const isProof = (value: Uint8Array) => Buffer.compare(value, quoted) === 0;
  let value = state.value;
  let proven = isProof(value) ? 0 : -1;
  let provenValue = value;
  let brokenAt = -1;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (brokenAt < 0 && !isConsistent(entry)) brokenAt = i;
    value = extended(bank, value, bankDigest(bank, entry, digests));
    if (proven < 0 && isProof(value)) {
      proven = i + 1;
      provenValue = value;
    }
  }
  if (proven < 0) return { brokenAt, proven, state: null };
  const next = { bank, value: provenValue, entries: state.entries + proven, ahead: entries.length - proven };
  return { brokenAt, proven, state: next };
}

/** Without a quote: the value behind all of them, and the first whose digest is not that of its data. */
export function extendAll(
  entries: readonly ImaEntry[],
  { bank, value: from }: ImaState,
  digests: ImaDigests,
): { readonly brokenAt: number; readonly value: Uint8Array } {
  let value = from;
  let brokenAt = -1;
  for (const [i, entry] of entries.entries()) {
    if (brokenAt < 0 && !isConsistent(entry)) brokenAt = i;
    value = extended(bank, value, bankDigest(bank, entry, digests));
  }
  return { brokenAt, value };
}

/** Whether the digest that the list shows is that of the data it shows. */
const isConsistent = ({ data, templateDigest, isViolation }: ImaEntry): boolean =>
  isViolation || Buffer.compare(digestOf(ALG_SHA1, data), templateDigest) === 0;

/** What an entry extends a bank by. A violation extends ones: no file has such a digest. */
export function bankDigest(bank: HashAlgorithm, { data, isViolation }: ImaEntry, digests: ImaDigests): Uint8Array {
  const bytes = digestBytes(bank);
  if (isViolation) return Buffer.alloc(bytes, 0xff);
  if (bank === ALG_SHA1 || digests === 'hashed') return digestOf(bank, data);
  const padded = Buffer.alloc(bytes);
  padded.set(digestOf(ALG_SHA1, data));
  return padded;
}

const BOOT_PCRS = 8;
/** Linux 5.8 and newer count what the boot loader measured too, except for SHA-1. */
const BOOT_PCRS_WITH_LOADER = 10;

/**
 * Whether a digest is the boot aggregate of these PCRs, which the first entry of a list binds it to. Null where the
 * values that would be needed are not all there.
 */
export function isBootAggregate(
  digest: Uint8Array,
  bank: HashAlgorithm,
  pcrValue: (pcr: number) => Uint8Array | undefined,
): boolean | null {
  if (isZeros(digest)) return false;
  const counts = bank === ALG_SHA1 ? [BOOT_PCRS] : [BOOT_PCRS_WITH_LOADER, BOOT_PCRS];
  let isKnown = false;
  for (const count of counts) {
    const values = Array.from({ length: count }, (_, pcr) => pcrValue(pcr));
    if (values.some((value) => value === undefined)) continue;
    isKnown = true;
    if (digestOf(bank, Buffer.concat(values as Uint8Array[])).equals(digest)) return true;
  }
  return isKnown ? false : null;
}
