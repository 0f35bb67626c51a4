/**
 * What a device answers, or says of its own accord: byte for byte what it hands to a bridge, and behind a kind byte the
 * value of the topic attest.evidence (docs/specs/attestation-protocol.md). Big-endian.
 *
 *   evidence = version u8 1 · flags u8 · challenge id u32 · quote · signature · [PCR values] · [boot log] · [IMA list]
 *   flags    = 1 PCR values | 2 boot log | 4 IMA list | 8 the list is ASCII | 16 a part of the list, more follows
 *   quote, signature, PCR values = length u16 0..4096, bytes: TPMS_ATTEST, TPMT_SIGNATURE, values in the selection's order
 *   boot log = length u32, bytes as in binary_bios_measurements
 *   IMA list = entries before it u32 · length u32 · bytes as in binary_ or ascii_runtime_measurements
 *
 * A list that is longer than a message goes ahead in parts, which have entries alone; the quote proves them all. Challenge id 0 without quote and signature is a notice: entries of the IMA list that have just come.
 */
import { ByteWriter } from '../base.ts';
import { FieldReader } from './field-reader.ts';

export interface EvidenceMessage {
  /** 0: a notice. */
  readonly challengeId: number;
  readonly quote: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: Uint8Array | null;
  readonly bootLog: Uint8Array | null;
  readonly ima: {
    /** How many entries of the device's list come before these. */
    readonly after: number;
    readonly format: 'binary' | 'ascii';
    readonly bytes: Uint8Array;
  } | null;
  /** Entries that go ahead of the quote, which comes in a later message. */
  readonly isPart?: boolean;
}

/** The whole message. A bridge refuses what is larger without looking at it. */
export const EVIDENCE_BYTES_MAX = 512 * 1024;
export const EVIDENCE_STRUCTURE_BYTES_MAX = 4096;

const VERSION = 1;
const PCRS = 1;
const BOOT_LOG = 2;
const IMA = 4;
const ASCII = 8;
const PART = 16;

/** An own copy. */
export function encodeEvidence({ challengeId, quote, signature, pcrs, bootLog, ima, isPart }: EvidenceMessage) {
  const writer = new ByteWriter(1024);
  writer.u8(VERSION);
  const imaFlags = ima === null ? 0 : IMA | (ima.format === 'ascii' ? ASCII : 0);
  writer.u8((pcrs === null ? 0 : PCRS) | (bootLog === null ? 0 : BOOT_LOG) | imaFlags | (isPart === true ? PART : 0));
  writer.u32(challengeId);
  for (const part of [quote, signature, ...(pcrs === null ? [] : [pcrs])]) {
    writer.u16(part.length);
    writer.copy(part);
  }
  if (bootLog !== null) {
    writer.u32(bootLog.length);
    writer.copy(bootLog);
  }
  if (ima !== null) {
    writer.u32(ima.after);
    writer.u32(ima.bytes.length);
    writer.copy(ima.bytes);
  }
  return writer.take();
}

/** Views of the bytes. EVIDENCE_INVALID. */
export function decodeEvidence(bytes: Uint8Array, start = 0, end = bytes.length): EvidenceMessage {
  const reader = new FieldReader(bytes, start, end, 'evidence');
  if (end - start > EVIDENCE_BYTES_MAX)
    throw reader.wrong('length', `${end - start} bytes, at most ${EVIDENCE_BYTES_MAX} are allowed`, 0);
  const version = reader.u8('version');
  if (version !== VERSION) throw reader.wrong('version', `is ${version}, not ${VERSION}`, 0);
  const flags = reader.u8('flags');
  if (flags >= 2 * PART) throw reader.wrong('flags', `${flags} is not known`, 1);
  const challengeId = reader.u32('challenge id');
  const quote = reader.sized(16, EVIDENCE_STRUCTURE_BYTES_MAX, 'quote');
  const signature = reader.sized(16, EVIDENCE_STRUCTURE_BYTES_MAX, 'signature');
  const pcrs = (flags & PCRS) === 0 ? null : reader.sized(16, EVIDENCE_STRUCTURE_BYTES_MAX, 'PCR values');
  const bootLog = (flags & BOOT_LOG) === 0 ? null : reader.sized(32, EVIDENCE_BYTES_MAX, 'boot log');
  const ima = (flags & IMA) === 0 ? null : imaIn(reader, (flags & ASCII) !== 0);
  reader.end();
  const isPart = (flags & PART) !== 0;
  const hasMore = quote.length + signature.length > 0 || pcrs !== null || bootLog !== null;
  if (isPart && (challengeId === 0 || ima === null || hasMore))
    throw reader.wrong('flags', 'a part has a challenge id and entries of the IMA list, and nothing else', 1);
  return { challengeId, quote, signature, pcrs, bootLog, ima, ...(isPart ? { isPart } : {}) };
}

function imaIn(reader: FieldReader, isAscii: boolean): NonNullable<EvidenceMessage['ima']> {
  const after = reader.u32('IMA entries before');
  return {
    after,
    format: isAscii ? 'ascii' : 'binary',
    bytes: reader.sized(32, EVIDENCE_BYTES_MAX, 'IMA list'),
  };
}
