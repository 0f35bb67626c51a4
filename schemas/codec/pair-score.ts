/** What one trustor knows of one trustee for one service, and its Avro form in Confluent's wire format. */
import { AvroReader, LONG_BYTES_MAX, putDate, putLong, putName, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeString } from './strings.ts';

/** Satisfactions as they fade with one half-life; NaN without weight. */
export interface ScoreWindow {
  readonly mean: number;
  readonly deviation: number;
  /** Faded weight of all interactions, at the time of the newest. */
  readonly evidence: number;
}

export interface PairScore {
  readonly trustee: string;
  readonly service: string;
  readonly trustor: string;
  /** In [-1, 1]; NaN without weight. */
  readonly trust: number;
  readonly small: ScoreWindow;
  readonly big: ScoreWindow;
  readonly interactions: number;
  /** Time of the newest one, Unix milliseconds. */
  readonly at: number;
}

/** Places of a pair's numbers. */
export const PAIR_SCORE_NUMBERS = 9;
export const AT_PAIR_TRUST = 0;
/** Mean, deviation, evidence; then those of the big window. */
export const AT_PAIR_SMALL = 1;
export const AT_PAIR_BIG = 4;
export const AT_PAIR_INTERACTIONS = 7;
export const AT_PAIR_AT = 8;
const PAIR_DOUBLES = 7;

/** To be written, and reused; the names are slices of `names`. */
export class PairScoreView {
  names: Uint8Array = new Uint8Array(0);
  trusteeStart = 0;
  trusteeEnd = 0;
  serviceStart = 0;
  serviceEnd = 0;
  trustorStart = 0;
  trustorEnd = 0;
  readonly numbers: Float64Array = new Float64Array(PAIR_SCORE_NUMBERS);
}

export function encodePairView(writer: ByteWriter, schemaId: number, value: PairScoreView): void {
  const { names, numbers } = value;
  const nameBytes = value.trusteeEnd - value.trusteeStart + (value.serviceEnd - value.serviceStart);
  writer.ensure(nameBytes + value.trustorEnd - value.trustorStart + 5 * LONG_BYTES_MAX + 8 * PAIR_DOUBLES + 5);
  const { bytes, view } = writer;
  let at = putWireHeader(bytes, writer.position, schemaId);
  at = putName(view, bytes, at, names, value.trusteeStart, value.trusteeEnd);
  at = putName(view, bytes, at, names, value.serviceStart, value.serviceEnd);
  at = putName(view, bytes, at, names, value.trustorStart, value.trustorEnd);
  for (let i = 0; i < PAIR_DOUBLES; i++, at += 8) view.setFloat64(at, numbers[i], true);
  at = putLong(bytes, at, numbers[AT_PAIR_INTERACTIONS]);
  writer.position = putDate(view, at, numbers[AT_PAIR_AT]);
}

export function encodePairScore(writer: ByteWriter, schemaId: number, value: PairScore): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  for (const text of [value.trustee, value.service, value.trustor]) writeString(writer, text);
  const { small, big } = value;
  const windows = [small.mean, small.deviation, small.evidence, big.mean, big.deviation, big.evidence];
  writer.ensure(8 * PAIR_DOUBLES + 2 * LONG_BYTES_MAX);
  for (const number of [value.trust, ...windows]) {
    writer.view.setFloat64(writer.position, number, true);
    writer.position += 8;
  }
  for (const number of [value.interactions, value.at]) writer.position = putLong(writer.bytes, writer.position, number);
}

const avro = new AvroReader();

/** Throws AVRO_INVALID. */
export function decodePairScore(bytes: Uint8Array, start = 0, end = bytes.length): PairScore {
  avro.open(bytes, start, end);
  const value = {
    trustee: avro.string('trustee'),
    service: avro.string('service'),
    trustor: avro.string('trustor'),
    trust: avro.double('trust'),
    small: readWindow('small'),
    big: readWindow('big'),
    interactions: avro.long('interactions'),
    at: avro.long('at'),
  };
  avro.close();
  return value;
}

function readWindow(field: string): ScoreWindow {
  const mean = avro.double(`${field}.mean`);
  const deviation = avro.double(`${field}.deviation`);
  return { mean, deviation, evidence: avro.double(`${field}.evidence`) };
}
