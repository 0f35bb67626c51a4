/**
 * What all trustors together know of one trustee for one service and how it stands, and its Avro form in Confluent's wire
 * format.
 */
import { AvroReader, LONG_BYTES_MAX, putDate, putLong, putName, putWireHeader } from '../avro-bytes.ts';
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
export interface ProviderScore extends StandingNow {
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
}

/** Places of a provider's numbers; of windows the mean, then the evidence. */
export const PROVIDER_SCORE_NUMBERS = 12;
export const AT_PROVIDER_TRUST = 0;
export const AT_PROVIDER_SMALL = 1;
export const AT_PROVIDER_BIG = 3;
export const AT_PROVIDER_INTERACTIONS = 5;
export const AT_PROVIDER_RATERS = 6;
export const AT_PROVIDER_FIRST = 7;
export const AT_PROVIDER_AT = 8;
/** Response, availability, quality; NaN where it was not measured. */
export const AT_PROVIDER_PERFORMANCE = 9;

/** How a provider stands. */
export interface StandingNow {
  readonly standing: Standing;
  /** 0: from the beginning. */
  readonly since: number;
  readonly until: number | null;
  readonly blacklistings: number;
  readonly says: string;
}

export const NORMAL: StandingNow = { standing: 'normal', since: 0, until: null, blacklistings: 0, says: '' };

/** To be written, and reused: the trustee is names[0, trusteeEnd), the service names[serviceStart, nameEnd). */
export class ProviderScoreView {
  names: Uint8Array = new Uint8Array(0);
  trusteeEnd = 0;
  serviceStart = 0;
  nameEnd = 0;
  readonly numbers: Float64Array = new Float64Array(PROVIDER_SCORE_NUMBERS);
  standing: StandingNow = NORMAL;
}

export function encodeProviderView(writer: ByteWriter, schemaId: number, value: ProviderScoreView): void {
  const { names, numbers } = value;
  writer.ensure(value.nameEnd + 5 + 5 * LONG_BYTES_MAX + 9 * 9);
  const { bytes, view } = writer;
  let at = putWireHeader(bytes, writer.position, schemaId);
  at = putName(view, bytes, at, names, 0, value.trusteeEnd);
  at = putName(view, bytes, at, names, value.serviceStart, value.nameEnd);
  for (let i = AT_PROVIDER_TRUST; i < AT_PROVIDER_INTERACTIONS; i++, at += 8) view.setFloat64(at, numbers[i], true);
  at = putLong(bytes, at, numbers[AT_PROVIDER_INTERACTIONS]);
  at = putLong(bytes, at, numbers[AT_PROVIDER_RATERS]);
  view.setFloat64(at, numbers[AT_PROVIDER_FIRST], true);
  at = putDate(view, at + 8, numbers[AT_PROVIDER_AT]);
  for (let i = AT_PROVIDER_PERFORMANCE; i < PROVIDER_SCORE_NUMBERS; i++) {
    const isMeasured = !Number.isNaN(numbers[i]);
    bytes[at++] = isMeasured ? 2 : 0;
    if (!isMeasured) continue;
    view.setFloat64(at, numbers[i], true);
    at += 8;
  }
  writer.position = at;
  writeStanding(writer, value.standing);
}

function writeStanding(writer: ByteWriter, { standing, since, until, blacklistings, says }: StandingNow): void {
  writeString(writer, standing);
  writeLong(writer, since);
  writer.u8(until === null ? 0 : 2);
  if (until !== null) writeLong(writer, until);
  writeLong(writer, blacklistings);
  writeString(writer, says);
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
  writeStanding(writer, value);
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
