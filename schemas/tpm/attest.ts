/**
 * What a TPM says of itself under a signature (TPMS_ATTEST, part 2, 10.12.8): a quote of PCRs, or that an object is
 * loaded in it. Only a restricted key may be believed: it signs nothing from outside that begins like this.
 *
 *   attest  = magic u32 0xff544347 · type u16 · qualifiedSigner 2B · extraData 2B · clock u64 · resetCount u32 ·
 *             restartCount u32 · safe u8 · firmwareVersion u64 · attested
 *   quote   = PCR selection · pcrDigest 2B
 *   certify = name 2B · qualifiedName 2B
 */
import { GENERATED_VALUE, ST_ATTEST_CERTIFY, ST_ATTEST_QUOTE } from './constants.ts';
import { type PcrSelection, readPcrSelection } from './pcr-selection.ts';
import { TpmReader } from './tpm-reader.ts';

interface AttestCommon {
  readonly qualifiedSigner: Buffer;
  /** What the one who asked gave along: a nonce. */
  readonly extraData: Buffer;
  /** Milliseconds that the TPM has run, over all restarts. */
  readonly clockMs: bigint;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly isClockSafe: boolean;
  readonly firmwareVersion: bigint;
}

export interface QuoteAttest extends AttestCommon {
  readonly type: 'quote';
  readonly selections: readonly PcrSelection[];
  readonly pcrDigest: Buffer;
}

export interface CertifyAttest extends AttestCommon {
  readonly type: 'certify';
  readonly name: Buffer;
  readonly qualifiedName: Buffer;
}

export type Attest = QuoteAttest | CertifyAttest;

const NAME_BYTES_MAX = 66;
const EXTRA_BYTES_MAX = 66;
const DIGEST_BYTES_MAX = 64;

/** All of `bytes` as a TPMS_ATTEST of these two types. TPM_RESPONSE_INVALID. */
export function decodeAttest(bytes: Uint8Array): Attest {
  const reader = new TpmReader(bytes, 'attestation');
  if (reader.u32('magic') !== GENERATED_VALUE) throw reader.wrong('magic', 'must be 0xff544347', 0);
  const typeAt = reader.position;
  const type = reader.u16('type');
  const common: AttestCommon = {
    qualifiedSigner: reader.sized('qualified signer', NAME_BYTES_MAX),
    extraData: reader.sized('extra data', EXTRA_BYTES_MAX),
    clockMs: reader.u64('clock'),
    resetCount: reader.u32('reset count'),
    restartCount: reader.u32('restart count'),
    isClockSafe: readYesNo(reader, 'safe'),
    firmwareVersion: reader.u64('firmware version'),
  };
  let attest: Attest;
  if (type === ST_ATTEST_QUOTE) {
    const selections = readPcrSelection(reader);
    attest = { type: 'quote', ...common, selections, pcrDigest: reader.sized('PCR digest', DIGEST_BYTES_MAX) };
  } else if (type === ST_ATTEST_CERTIFY) {
    const name = reader.sized('name', NAME_BYTES_MAX);
    attest = { type: 'certify', ...common, name, qualifiedName: reader.sized('qualified name', NAME_BYTES_MAX) };
  } else throw reader.wrong('type', `0x${type.toString(16)} is not supported`, typeAt);
  reader.end();
  return attest;
}

function readYesNo(reader: TpmReader, field: string): boolean {
  const at = reader.position;
  const value = reader.u8(field);
  if (value > 1) throw reader.wrong(field, 'must be 0 or 1', at);
  return value === 1;
}
