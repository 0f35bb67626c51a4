/** Who should serve whom, as it is asked over a topic, and its Avro form in Confluent's wire format. */
import { AvroReader, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeDouble, writeLong, writeString, writeStrings } from './strings.ts';

/** Of D = a·T + b·R + c·R′ + d·P, in this order. */
export interface MeasureWeights {
  readonly trust: number;
  readonly reputation: number;
  readonly reliability: number;
  readonly popularity: number;
}

export interface RecommendationRequest {
  readonly id: string;
  readonly trustor: string;
  readonly service: string;
  readonly limit: number | null;
  readonly near: { readonly latitude: number; readonly longitude: number; readonly radiusM: number } | null;
  readonly among: readonly string[] | null;
  readonly without: readonly string[];
  readonly weights: MeasureWeights | null;
}

const NAMES_MAX = 10_000;

export function encodeRecommendationRequest(writer: ByteWriter, schemaId: number, value: RecommendationRequest): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  for (const text of [value.id, value.trustor, value.service]) writeString(writer, text);
  writer.u8(value.limit === null ? 0 : 2);
  if (value.limit !== null) writeLong(writer, value.limit);
  writer.u8(value.near === null ? 0 : 2);
  if (value.near !== null)
    for (const number of [value.near.latitude, value.near.longitude, value.near.radiusM]) writeDouble(writer, number);
  writer.u8(value.among === null ? 0 : 2);
  if (value.among !== null) writeStrings(writer, value.among);
  writeStrings(writer, value.without);
  writer.u8(value.weights === null ? 0 : 2);
  if (value.weights !== null) writeWeights(writer, value.weights);
}

export function writeWeights(writer: ByteWriter, weights: MeasureWeights): void {
  const { trust, reputation, reliability, popularity } = weights;
  for (const number of [trust, reputation, reliability, popularity]) writeDouble(writer, number);
}

const avro = new AvroReader();

/** Throws AVRO_INVALID. */
export function decodeRecommendationRequest(bytes: Uint8Array, start = 0, end = bytes.length): RecommendationRequest {
  avro.open(bytes, start, end);
  const value = {
    id: avro.string('id'),
    trustor: avro.string('trustor'),
    service: avro.string('service'),
    limit: avro.isPresent('limit') ? avro.long('limit') : null,
    near: avro.isPresent('near')
      ? {
          latitude: avro.double('latitude'),
          longitude: avro.double('longitude'),
          radiusM: avro.double('radiusM'),
        }
      : null,
    among: avro.isPresent('among') ? readStrings(avro, 'among') : null,
    without: readStrings(avro, 'without'),
    weights: avro.isPresent('weights') ? readWeights(avro) : null,
  };
  avro.close();
  return value;
}

export function readWeights(reader: AvroReader): MeasureWeights {
  return {
    trust: reader.double('weights.trust'),
    reputation: reader.double('weights.reputation'),
    reliability: reader.double('weights.reliability'),
    popularity: reader.double('weights.popularity'),
  };
}

export function readStrings(reader: AvroReader, field: string): string[] {
  const texts: string[] = [];
  for (let count = reader.block(field); count > 0; count = reader.block(field)) {
    if (texts.length + count > NAMES_MAX) reader.fail(field, `there are more than ${NAMES_MAX} texts`);
    for (let i = 0; i < count; i++) texts.push(reader.string(field));
  }
  return texts;
}
