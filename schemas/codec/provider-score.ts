/**
 * What all trustors together know of one trustee for one service and how it stands, and its Avro form in Confluent's wire
 * format.
 */
import { AvroReader, LONG_BYTES_MAX, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeLong, writeString } from './strings.ts';

/**
 * blacklisted: nobody is sent there, until it ends by itself. reintegrated: it has ended, and the next one is longer.
 * permanent: blacklisted until an operator decides otherwise.
 */
export type Standing = 'normal' | 'blacklisted' | 'reintegrated' | 'permanent';
export const STANDINGS: readonly Standing[] = ['normal', 'blacklisted', 'reintegrated', 'permanent'];

/** Over all trustors' interactions; NaN without weight. */
export interface SharedWindow {
  readonly mean: number;
  readonly evidence: number;
}

/** Times are Unix milliseconds. */
export interface ProviderScore {
  readonly trustee: string;
  readonly service: string;
  /** Of all trustors, each weighted by its evidence; NaN without any. */
  readonly trust: number;
  readonly small: SharedWindow;
  readonly big: SharedWindow;
  readonly interactions: number;
  readonly raters: number;
  /** Satisfaction of the earliest interaction. */
  readonly first: number;
  readonly at: number;
  readonly responseMs: number | null;
  readonly availability: number | null;
  readonly quality: number | null;
  readonly standing: Standing;
  /** 0: from the beginning. */
  readonly since: number;
  readonly until: number | null;
  readonly blacklistings: number;
  readonly says: string;
}

export function encodeProviderScore(writer: ByteWriter, schemaId: number, value: ProviderScore): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  writeString(writer, value.trustee);
  writeString(writer, value.service);
  const { small, big } = value;
  writer.ensure(40 + 3 * LONG_BYTES_MAX + 27);
  for (const number of [value.trust, small.mean, small.evidence, big.mean, big.evidence]) writeDouble(writer, number);
  writeLong(writer, value.interactions);
  writeLong(writer, value.raters);
  writeDouble(writer, value.first);
  writeLong(writer, value.at);
  for (const number of [value.responseMs, value.availability, value.quality]) {
    writer.u8(number === null ? 0 : 2);
    if (number !== null) writeDouble(writer, number);
  }
  writeString(writer, value.standing);
  writeLong(writer, value.since);
  writer.u8(value.until === null ? 0 : 2);
  if (value.until !== null) writeLong(writer, value.until);
  writeLong(writer, value.blacklistings);
  writeString(writer, value.says);
}

function writeDouble(writer: ByteWriter, value: number): void {
  writer.ensure(8);
  writer.view.setFloat64(writer.position, value, true);
  writer.position += 8;
}

const avro = new AvroReader();

/** Throws AVRO_INVALID. */
export function decodeProviderScore(bytes: Uint8Array, start = 0, end = bytes.length): ProviderScore {
  avro.open(bytes, start, end);
  const value = {
    trustee: avro.string('trustee'),
    service: avro.string('service'),
    trust: avro.double('trust'),
    small: { mean: avro.double('small.mean'), evidence: avro.double('small.evidence') },
    big: { mean: avro.double('big.mean'), evidence: avro.double('big.evidence') },
    interactions: avro.long('interactions'),
    raters: avro.long('raters'),
    first: avro.double('first'),
    at: avro.long('at'),
    responseMs: optional('responseMs'),
    availability: optional('availability'),
    quality: optional('quality'),
    standing: standingIn(),
    since: avro.long('since'),
    until: avro.isPresent('until') ? avro.long('until') : null,
    blacklistings: avro.long('blacklistings'),
    says: avro.string('says'),
  };
  avro.close();
  return value;
}

const optional = (field: string): number | null => (avro.isPresent(field) ? avro.double(field) : null);

function standingIn(): Standing {
  const text = avro.string('standing');
  return STANDINGS.find((standing) => standing === text) ?? avro.fail('standing', `${text} is no standing`);
}
