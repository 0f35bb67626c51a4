/** "Who should serve S near here, for A?", as it comes from outside: checked once, and plain data from then on. */
import { MsecError } from '../../engine/index.ts';
import type { Place } from './place.ts';

export interface Near extends Place {
  readonly radiusM: number;
}

/** a, b, c and d of D = a·T + b·R + c·R′ + d·P; their sum is 1. */
export interface Weights {
  readonly trust: number;
  readonly reputation: number;
  readonly reliability: number;
  readonly popularity: number;
}

export interface Question {
  readonly service: string;
  readonly trustor: string;
  /** Null: anywhere. */
  readonly near: Near | null;
  /** Providers in the answer, at most. */
  readonly limit: number;
  /** Null: all that are known. Those whom nobody knows are newcomers. */
  readonly among: readonly string[] | null;
  readonly without: readonly string[];
  /** Null: by evidence. */
  readonly weights: Weights | null;
}

/** No name of a party: what everybody may expect is asked. */
export const NOBODY = '';
export const LIMIT_DEFAULT = 5;
export const LIMIT_MAX = 100;
export const NAMES_MAX = 1_000;
const NAME_BYTES_MAX = 128;
const RADIUS_M_MAX = 20_100_000;
const RADIUS_M_DEFAULT = 1_000;
const SUM_SLACK = 1e-9;

/** What may be asked, as it was written; what is absent or empty is not asked for. */
export interface AskedTexts {
  readonly service?: string | undefined;
  readonly trustor?: string | undefined;
  /** latitude,longitude in degrees. */
  readonly near?: string | undefined;
  /** Metres. */
  readonly radius?: string | undefined;
  readonly limit?: string | undefined;
  /** Names with commas between. */
  readonly among?: string | undefined;
  readonly without?: string | undefined;
  /** Four numbers with commas between: T, R, R′, P. */
  readonly weights?: string | undefined;
}

/** REQUEST_INVALID, with the field. */
export function questionOf(asked: AskedTexts): Question {
  const near = numbersIn(asked.near, 2, 'near', 'latitude,longitude in degrees');
  const radiusM = numberIn(asked.radius, 'radius') ?? RADIUS_M_DEFAULT;
  const weights = numbersIn(asked.weights, 4, 'weights', 'four numbers, of T, R, R′ and P');
  return checked({
    service: asked.service ?? '',
    trustor: asked.trustor ?? '',
    near: near === null ? null : { latitude: near[0]!, longitude: near[1]!, radiusM },
    limit: numberIn(asked.limit, 'limit') ?? LIMIT_DEFAULT,
    among: asked.among === undefined || asked.among === '' ? null : asked.among.split(','),
    without: asked.without === undefined || asked.without === '' ? [] : asked.without.split(','),
    weights:
      weights === null
        ? null
        : { trust: weights[0]!, reputation: weights[1]!, reliability: weights[2]!, popularity: weights[3]! },
  });
}

/** The same question where it can be answered. REQUEST_INVALID. */
export function checked(question: Question): Question {
  const { service, trustor, near, limit, among, without, weights } = question;
  name(service, 'service');
  name(trustor, 'for');
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    fail('limit', `limit is a whole number from 1 to ${LIMIT_MAX}.`);
  if (near !== null) {
    if (!(Math.abs(near.latitude) <= 90 && Math.abs(near.longitude) <= 180))
      fail('near', 'near is latitude,longitude in degrees, up to 90 and 180.');
    if (!(near.radiusM > 0 && near.radiusM <= RADIUS_M_MAX))
      fail('radius', `radius is a number of metres above 0, up to ${RADIUS_M_MAX}.`);
  }
  for (const [field, names] of [
    ['among', among ?? []],
    ['without', without],
  ] as const) {
    if (names.length > NAMES_MAX) fail(field, `${field} takes ${NAMES_MAX} names at most.`);
    for (const each of names) name(each, field);
  }
  if (weights !== null) {
    const all = [weights.trust, weights.reputation, weights.reliability, weights.popularity];
    const sum = all.reduce((total, each) => total + each, 0);
    if (!all.every((each) => each >= 0 && each <= 1) || !(Math.abs(sum - 1) <= SUM_SLACK))
      fail('weights', 'weights are four numbers from 0 to 1, of T, R, R′ and P, whose sum is 1.');
  }
  return question;
}

function name(text: string, field: string): void {
  if (text === '') fail(field, `${field} is a name; it is missing.`);
  const isPlain = [...text].every((letter) => letter > ' ' && letter !== '\x7f');
  if (!isPlain || Buffer.byteLength(text) > NAME_BYTES_MAX)
    fail(field, `${field} takes names of up to ${NAME_BYTES_MAX} bytes, without blanks.`);
}

function numberIn(text: string | undefined, field: string): number | null {
  return text === undefined || text === '' ? null : numberOf(text, field);
}

function numbersIn(text: string | undefined, count: number, field: string, form: string): number[] | null {
  if (text === undefined || text === '') return null;
  const parts = text.split(',');
  if (parts.length !== count) fail(field, `${field} is ${form}.`);
  return parts.map((part) => numberOf(part, field));
}

const NUMBER = /^-?\d{1,12}(?:\.\d{1,15})?$/;

function numberOf(text: string, field: string): number {
  if (!NUMBER.test(text)) fail(field, `${field}: ${JSON.stringify(text.slice(0, 40))} is no number.`);
  return Number(text);
}

function fail(field: string, message: string): never {
  throw new MsecError('REQUEST_INVALID', message, { field });
}
