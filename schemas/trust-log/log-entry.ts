/**
 * An entry of trust.log: an interaction that counted, with its place and the hash of the entry before it. What is hashed is
 * the Avro body, that is all of the record's value but the schema's id, which differs from registry to registry.
 *
 *   leaf(n)     = SHA-256(0x00 ‖ body(n)), and body(n) holds leaf(n − 1): the chain and the tree's leaves are the same hashes
 *   leaf(−1)    = SHA-256(0x00 ‖ "trust.log PARTITION"): no partition's log passes as another's
 */
import { AvroReader, putBytes, putLong } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { leafHash } from '../envelope/index.ts';
import { HASH_BYTES } from './log-tree.ts';

/** An interaction that changed the state of trust, on its way to the log. A view of the record it came in. */
export class Accepted {
  /** It holds in place of the one that had its id before. */
  isCorrection = false;
  /** bytes[start, end) is its Avro body. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
}

/** Times are Unix milliseconds. */
export interface LogEntry {
  readonly index: number;
  /** 32 bytes. */
  readonly previous: Uint8Array;
  readonly isCorrection: boolean;
  readonly trustee: string;
  /** Unique for trustor, trustee and service. */
  readonly id: string;
  readonly trustor: string;
  readonly service: string;
  readonly satisfaction: number;
  readonly weight: number;
  readonly timeMs: number;
  /** As it was measured; null where it was not. */
  readonly responseMs: number | null;
  readonly availability: number | null;
  readonly quality: number | null;
  /** In plain words; empty where none was given. */
  readonly reason: string;
}

/** Confluent's wire header: a zero byte and the schema's id. */
export const WIRE_HEADER_BYTES = 5;
/** Of an entry beside the trustee's name and the interaction. */
const HEAD_BYTES_MAX = 64;

const utf8 = new TextEncoder();
const avro = new AvroReader();

/** What the first entry of a partition has in place of a hash of one before it. */
export function logStart(partition: number): Uint8Array {
  return leafHash(utf8.encode(`trust.log ${partition}`));
}

/** Of a body, which is a value without its wire header. */
export const entryHash = (body: Uint8Array): Uint8Array => leafHash(body);

/** Writes the body; the trustee is names[start, end). */
export function encodeEntry(
  writer: ByteWriter,
  index: number,
  previous: Uint8Array,
  names: Uint8Array,
  start: number,
  end: number,
  accepted: Accepted,
): void {
  writer.ensure(HEAD_BYTES_MAX + end - start);
  const { bytes } = writer;
  let at = putLong(bytes, writer.position, index);
  for (let i = 0; i < HASH_BYTES; i++) bytes[at++] = previous[i]!;
  bytes[at++] = accepted.isCorrection ? 1 : 0;
  writer.position = putBytes(bytes, at, names, start, end);
  writer.copy(accepted.bytes, accepted.start, accepted.end);
}

/** Of a value with its wire header; an own copy. Throws AVRO_INVALID. */
export function decodeEntry(bytes: Uint8Array, start = 0, end = bytes.length): LogEntry {
  avro.open(bytes, start, end);
  const index = avro.long('index');
  const from = avro.fixed('previous', HASH_BYTES);
  const previous = bytes.slice(from, from + HASH_BYTES);
  const entry = {
    index,
    previous,
    isCorrection: avro.boolean('isCorrection'),
    trustee: avro.string('trustee'),
    id: avro.string('id'),
    trustor: avro.string('trustor'),
    service: avro.string('service'),
    satisfaction: avro.double('satisfaction'),
    weight: avro.double('weight'),
    timeMs: avro.long('time'),
    responseMs: measure('responseMs'),
    availability: measure('availability'),
    quality: measure('quality'),
    reason: avro.isPresent('reason') ? avro.string('reason') : '',
  };
  avro.close();
  return entry;
}

function measure(field: string): number | null {
  return avro.isPresent(field) ? avro.double(field) : null;
}
