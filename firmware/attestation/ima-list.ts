/**
 * Where the entries of an IMA list lie, so that only new ones are sent: binary_runtime_measurements in the machine's own
 * byte order, which is little-endian, or ascii_runtime_measurements. A last entry that is not whole yet is left out.
 *
 *   entry = pcr u32 · template digest 20 · name length u32 · name · ("ima": digest 20 · path length u32 · path |
 *           others: data length u32 · data)
 */
import { MsecError } from '../../engine/base/index.ts';

export interface ImaEntries {
  readonly format: 'binary' | 'ascii';
  /** How many entries of the list come before `bytes`. */
  readonly after: number;
  readonly bytes: Uint8Array;
  /** How many there are up to the end of `bytes`. */
  readonly entries: number;
  /** Whether that is the end of the list. */
  readonly isWhole: boolean;
}

const DIGEST_BYTES = 20;
const NAME_BYTES_MAX = 32;
const LF = 0x0a;

/**
 * Without the first `skip` entries; from its beginning where it has fewer: then it began anew. No more than `bytesMax` of
 * whole entries. EVIDENCE_INVALID.
 */
export function imaEntriesBehind(list: Uint8Array, skip: number, bytesMax = Number.POSITIVE_INFINITY): ImaEntries {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  // The ASCII form begins with the digits of a PCR; the binary one with a PCR of 32 bits, whose last byte is zero.
  const format = bytes.length >= 4 && bytes[3] !== 0 ? 'ascii' : 'binary';
  const endOf = format === 'ascii' ? lineEnd : entryEnd;
  let [at, entries] = [0, 0];
  for (let end = endOf(bytes, 0); end > 0 && entries < skip; end = endOf(bytes, at)) {
    at = end;
    entries++;
  }
  const after = entries < skip ? 0 : skip;
  if (after === 0) [at, entries] = [0, 0];
  const from = at;
  let end = endOf(bytes, at);
  for (; end > 0 && end - from <= bytesMax; end = endOf(bytes, at)) {
    at = end;
    entries++;
  }
  return { format, after, bytes: bytes.subarray(from, at), entries, isWhole: end === 0 };
}

/** 0 where no whole entry begins there. */
function lineEnd(bytes: Buffer, at: number): number {
  return bytes.indexOf(LF, at) + 1;
}

function entryEnd(bytes: Buffer, start: number): number {
  let at = start + 4 + DIGEST_BYTES;
  if (at + 4 > bytes.length) return 0;
  const nameLength = bytes.readUInt32LE(at);
  if (nameLength === 0 || nameLength > NAME_BYTES_MAX) {
    throw new MsecError(
      'EVIDENCE_INVALID',
      `the IMA list, template name at byte ${at}: a length of ${nameLength}; is it binary_runtime_measurements?`,
      { field: 'template name', byteOffset: at },
    );
  }
  at += 4;
  if (at + nameLength > bytes.length) return 0;
  const isOldest = bytes.toString('latin1', at, at + nameLength) === 'ima';
  at += nameLength + (isOldest ? DIGEST_BYTES : 0);
  if (at + 4 > bytes.length) return 0;
  at += 4 + bytes.readUInt32LE(at);
  return at <= bytes.length ? at : 0;
}
