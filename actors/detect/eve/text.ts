/** Times and addresses as EVE writes them. */
import { PROTOCOL_NAMES } from './protocol-names.ts';

/** Records tell of now, and of when their flows began: the texts of some seconds are kept, each in its place. */
const SECONDS = 64;
const seconds = new Float64Array(SECONDS).fill(Number.NaN);
const secondTexts = new Array<string>(SECONDS).fill('');

/** Microseconds, in UTC whatever the machine's zone is. */
export function timestamp(timeUs: number): string {
  const second = Math.floor(timeUs / 1_000_000);
  const place = Math.abs(second) % SECONDS;
  if (seconds[place] !== second) {
    secondTexts[place] = new Date(second * 1000).toISOString().slice(0, 19);
    seconds[place] = second;
  }
  // A seventh digit in front, so that those behind it are six.
  const micros = String(1_000_000 + Math.floor(timeUs - second * 1_000_000)).slice(1);
  return `${secondTexts[place]!}.${micros}+0000`;
}

/** So do the same addresses come again: texts of the latest ones, each in the place of its last bits. */
const ADDRESSES = 4096;
const addresses = new Int32Array(ADDRESSES);
const addressTexts = new Array<string>(ADDRESSES).fill('');

function addressV4(address: number): string {
  const place = (address ^ (address >>> 12)) & (ADDRESSES - 1);
  if (addresses[place] !== address || addressTexts[place] === '') {
    addresses[place] = address;
    addressTexts[place] = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  }
  return addressTexts[place]!;
}

/** IPv6 in full, without shortening. */
export function address(version: number, a: number, b: number, c: number, d: number): string {
  if (version === 4) return addressV4(a | 0);
  return [a, b, c, d]
    .flatMap((word) => [word >>> 16, word & 0xffff])
    .map((half) => half.toString(16).padStart(4, '0'))
    .join(':');
}

export const protocolName = (protocol: number): string => PROTOCOL_NAMES[protocol] ?? String(protocol).padStart(3, '0');

const BEYOND_ASCII = /[\x80-\xff]/;

/** Rules are read byte by byte; their texts are UTF-8. */
export const decoded = (latin1: string): string =>
  BEYOND_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
