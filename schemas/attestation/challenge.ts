/**
 * What a device is asked: the value of the topic attest.challenges, and byte for byte what a bridge hands to the device
 * (docs/specs/attestation-protocol.md). Big-endian, as the TPM has it.
 *
 *   challenge = version u8 1 · flags u8 (1 boot log wanted · 2 IMA list wanted) · challenge id u32
 *               issued at u64 ms · deadline u64 ms · IMA entries proven u32 · reset count u32
 *               nonce length u16 1..64, nonce · TPML_PCR_SELECTION to the end
 */
import { ByteWriter } from '../base.ts';
import { type PcrSelection, readPcrSelection, TpmReader, writePcrSelection, written } from '../tpm/index.ts';
import { FieldReader } from './field-reader.ts';

export interface Challenge {
  /** Counts up from 1 for each device; 0 is no challenge. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly issuedAtMs: number;
  /** What a bridge receives later counts as missing. */
  readonly deadlineMs: number;
  readonly nonce: Uint8Array;
  readonly selections: readonly PcrSelection[];
  /** Whether the policy needs the boot log, also where the TPM has not been reset since. */
  readonly wantsBootLog: boolean;
  readonly wantsIma: boolean;
  /** Of the device's IMA list: the evidence goes on behind them. */
  readonly imaEntries: number;
  /**
   * In the last quote that was accepted; RESET_COUNT_NONE where there is none. Where the device's quote has another, it
   * was started anew: then boot log and IMA list come whole.
   */
  readonly resetCount: number;
}

export const CHALLENGE_BYTES_MAX = 512;
export const NONCE_BYTES_MAX = 64;
export const RESET_COUNT_NONE = 0xffffffff;

const VERSION = 1;
const BOOT_LOG = 1;
const IMA = 2;

/** An own copy. */
export function encodeChallenge(challenge: Challenge): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(CHALLENGE_BYTES_MAX);
  writer.u8(VERSION);
  writer.u8((challenge.wantsBootLog ? BOOT_LOG : 0) | (challenge.wantsIma ? IMA : 0));
  writer.u32(challenge.id);
  writer.i64(challenge.issuedAtMs);
  writer.i64(challenge.deadlineMs);
  writer.u32(challenge.imaEntries);
  writer.u32(challenge.resetCount);
  writer.u16(challenge.nonce.length);
  writer.copy(challenge.nonce);
  writer.copy(written((selection) => writePcrSelection(selection, challenge.selections)));
  return writer.take();
}

/** EVIDENCE_INVALID; TPM_RESPONSE_INVALID where the selection is none. */
export function decodeChallenge(bytes: Uint8Array, start = 0, end = bytes.length): Challenge {
  const reader = new FieldReader(bytes, start, end, 'challenge');
  const version = reader.u8('version');
  if (version !== VERSION) throw reader.wrong('version', `is ${version}, not ${VERSION}`, 0);
  const flags = reader.u8('flags');
  const id = reader.u32('challenge id');
  if (id === 0) throw reader.wrong('challenge id', 'is 0, which is a notice', 2);
  const issuedAtMs = reader.u64('issued at');
  const deadlineMs = reader.u64('deadline');
  const imaEntries = reader.u32('IMA entries');
  const resetCount = reader.u32('reset count');
  const nonce = Buffer.from(reader.sized(16, NONCE_BYTES_MAX, 'nonce'));
  if (nonce.length === 0) throw reader.wrong('nonce', 'is empty: its answer would be good for any time');
  const rest = new TpmReader(reader.rest(), 'challenge');
  const selections = readPcrSelection(rest);
  rest.end();
  return {
    id,
    issuedAtMs,
    deadlineMs,
    nonce,
    selections,
    wantsBootLog: (flags & BOOT_LOG) !== 0,
    wantsIma: (flags & IMA) !== 0,
    imaEntries,
    resetCount,
  };
}
