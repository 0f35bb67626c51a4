/** Times and addresses as EVE writes them. */
import type { JsonWriter } from '../json/index.ts';
import { PROTOCOL_NAMES } from './protocol-names.ts';

/** Records tell of now, and of when their flows began: the texts of some seconds are kept, each in its place. */
const SECONDS = 64;
const seconds = new Float64Array(SECONDS).fill(Number.NaN);
const secondTexts = new Array<Uint8Array>(SECONDS).fill(new Uint8Array(0));
const MICROS_DIGITS = 6;
const ZONE = Buffer.from('+0000');

function secondText(second: number): Uint8Array {
  const place = Math.abs(second) % SECONDS;
  if (seconds[place] !== second) {
    secondTexts[place] = Buffer.from(`${new Date(second * 1000).toISOString().slice(0, 19)}.`);
    seconds[place] = second;
  }
  return secondTexts[place]!;
}

/** Microseconds, in UTC whatever the machine's zone is. */
export function addTime(into: JsonWriter, name: Uint8Array, timeUs: number): void {
  const second = Math.floor(timeUs / 1_000_000);
  into.numbered(name, secondText(second), Math.floor(timeUs - second * 1_000_000), MICROS_DIGITS, ZONE);
}

export function timestamp(timeUs: number): string {
  const second = Math.floor(timeUs / 1_000_000);
  const micros = String(Math.floor(timeUs - second * 1_000_000)).padStart(MICROS_DIGITS, '0');
  return `${Buffer.from(secondText(second)).toString()}${micros}+0000`;
}

export function addAddress(
  into: JsonWriter,
  name: Uint8Array,
  version: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  if (version === 4) into.address(name, a);
  else into.string(name, addressV6(a, b, c, d));
}

/** In full, without shortening. */
const addressV6 = (a: number, b: number, c: number, d: number): string =>
  [a, b, c, d]
    .flatMap((word) => [word >>> 16, word & 0xffff])
    .map((half) => half.toString(16).padStart(4, '0'))
    .join(':');

export const protocolName = (protocol: number): string => PROTOCOL_NAMES[protocol] ?? String(protocol).padStart(3, '0');

const BEYOND_ASCII = /[\x80-\xff]/;

/** Rules are read byte by byte; their texts are UTF-8. */
export const decoded = (latin1: string): string =>
  BEYOND_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
