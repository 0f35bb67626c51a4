/** Who should serve whom, and why, as it is answered over a topic, and its Avro form in Confluent's wire format. */
import { AvroReader, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { type MeasureWeights, readStrings, readWeights, writeWeights } from './recommendation-request.ts';
import { writeDouble, writeLong, writeString, writeStrings } from './strings.ts';

export interface RecommendedProvider {
  readonly provider: string;
  readonly dependability: number;
  readonly trust: number | null;
  readonly reputation: number;
  readonly reliability: number | null;
  readonly popularity: number;
  readonly weights: MeasureWeights;
  readonly interactions: number;
  readonly raters: number;
  readonly distanceM: number | null;
  readonly standing: string;
  readonly isIntroduced: boolean;
  readonly says: readonly string[];
}

/** Times are Unix milliseconds. */
export interface RecommendationRecord {
  readonly request: string;
  readonly trustor: string;
  readonly service: string;
  readonly at: number;
  readonly considered: number;
  readonly barred: number;
  readonly providers: readonly RecommendedProvider[];
  /** A code, and what it means here; null where the request was answered. */
  readonly error: string | null;
  readonly message: string | null;
}

export function encodeRecommendation(writer: ByteWriter, schemaId: number, value: RecommendationRecord): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  for (const text of [value.request, value.trustor, value.service]) writeString(writer, text);
  for (const number of [value.at, value.considered, value.barred]) writeLong(writer, number);
  if (value.providers.length > 0) writeLong(writer, value.providers.length);
  for (const one of value.providers) writeProvider(writer, one);
  writeLong(writer, 0);
  for (const text of [value.error, value.message]) {
    writer.u8(text === null ? 0 : 2);
    if (text !== null) writeString(writer, text);
  }
}

function writeProvider(writer: ByteWriter, one: RecommendedProvider): void {
  writeString(writer, one.provider);
  writeDouble(writer, one.dependability);
  writeOptional(writer, one.trust);
  writeDouble(writer, one.reputation);
  writeOptional(writer, one.reliability);
  writeDouble(writer, one.popularity);
  writeWeights(writer, one.weights);
  for (const number of [one.interactions, one.raters]) writeLong(writer, number);
  writeOptional(writer, one.distanceM);
  writeString(writer, one.standing);
  writer.u8(one.isIntroduced ? 1 : 0);
  writeStrings(writer, one.says);
}

function writeOptional(writer: ByteWriter, value: number | null): void {
  writer.u8(value === null ? 0 : 2);
  if (value !== null) writeDouble(writer, value);
}

const avro = new AvroReader();

/** Throws AVRO_INVALID. */
export function decodeRecommendation(bytes: Uint8Array, start = 0, end = bytes.length): RecommendationRecord {
  avro.open(bytes, start, end);
  const value = {
    request: avro.string('request'),
    trustor: avro.string('trustor'),
    service: avro.string('service'),
    at: avro.long('at'),
    considered: avro.long('considered'),
    barred: avro.long('barred'),
    providers: readProviders(),
    error: avro.isPresent('error') ? avro.string('error') : null,
    message: avro.isPresent('message') ? avro.string('message') : null,
  };
  avro.close();
  return value;
}

function readProviders(): RecommendedProvider[] {
  const providers: RecommendedProvider[] = [];
  for (let count = avro.block('providers'); count > 0; count = avro.block('providers'))
    for (let i = 0; i < count; i++)
      providers.push({
        provider: avro.string('provider'),
        dependability: avro.double('dependability'),
        trust: optional('trust'),
        reputation: avro.double('reputation'),
        reliability: optional('reliability'),
        popularity: avro.double('popularity'),
        weights: readWeights(avro),
        interactions: avro.long('interactions'),
        raters: avro.long('raters'),
        distanceM: optional('distanceM'),
        standing: avro.string('standing'),
        isIntroduced: avro.boolean('isIntroduced'),
        says: readStrings(avro, 'says'),
      });
  return providers;
}

const optional = (field: string): number | null => (avro.isPresent(field) ? avro.double(field) : null);
