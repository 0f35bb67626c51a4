/** What gzip or zlib data that is there whole, or cut off, stands for. */
import { GzipHeader } from './gzip-header.ts';
import { Inflate } from './inflate.ts';

const GZIP_FIRST = 0x1f;
const NO_BYTES = new Uint8Array(0);

/** At most `bytesMax` of it; nothing where the data is not of that kind, or is damaged before. */
export function unwrapped(bytes: Uint8Array, kind: 'gzip' | 'zlib', bytesMax: number): Uint8Array {
  if ((bytes[0] === GZIP_FIRST) !== (kind === 'gzip')) return NO_BYTES;
  const header = new GzipHeader();
  let at = 0;
  for (let answer = 'more'; answer === 'more'; at += 1) {
    if (at === bytes.length) return NO_BYTES;
    answer = header.take(bytes[at]!);
    if (answer === 'fault') return NO_BYTES;
  }
  const inflate = new Inflate(bytesMax);
  inflate.push(bytes, at);
  return inflate.status === 'fault' ? NO_BYTES : inflate.output.subarray(0, inflate.length);
}
