/** JA3 and JA3S (MD5 over numbers of a hello) and JA4. */
import { createHash } from 'node:crypto';
import type { Hello } from './hello.ts';

const dashed = (numbers: readonly number[]): string => numbers.join('-');

/** Of a client's hello JA3, of a server's JA3S. */
export function ja3String({ isClient, legacyVersion, ciphers, extensions, groups, pointFormats }: Hello): string {
  const parts = [`${legacyVersion}`, dashed(ciphers), dashed(extensions)];
  return [...parts, ...(isClient ? [dashed(groups), dashed(pointFormats)] : [])].join(',');
}

export const ja3Hash = (string: string): string => createHash('md5').update(string).digest('hex');

const VERSIONS: Readonly<Record<number, string>> = {
  772: '13',
  771: '12',
  770: '11',
  769: '10',
  768: 's3',
  2: 's2',
};
const SERVER_NAME = 0;
const ALPN = 16;
const HASH_CHARACTERS = 12;

const hex = (number: number): string => number.toString(16).padStart(4, '0');
const count = (list: readonly unknown[]): string => `${Math.min(list.length, 99)}`.padStart(2, '0');
const shortHash = (text: string): string =>
  text === '' ? '0'.repeat(HASH_CHARACTERS) : createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);

/** The first and last character of the first protocol, where they are letters or digits. */
function alpnCharacters([first]: readonly Uint8Array[]): string {
  const text = first === undefined ? '' : Buffer.from(first).toString('latin1');
  const ends = `${text.at(0) ?? ''}${text.at(-1) ?? ''}`;
  return /^[0-9A-Za-z]{2}$/.test(ends) ? ends : '00';
}

export function ja4(hello: Hello): string {
  const { version, sni, ciphers, extensions, alpn, signatureAlgorithms } = hello;
  const first = [
    't',
    VERSIONS[version] ?? '00',
    sni === null ? 'i' : 'd',
    count(ciphers),
    count(extensions),
    alpnCharacters(alpn),
  ].join('');
  const sorted = ciphers.map(hex).toSorted().join(',');
  const others = extensions
    .filter((type) => type !== SERVER_NAME && type !== ALPN)
    .map(hex)
    .toSorted()
    .join(',');
  const algorithms = signatureAlgorithms.map(hex).join(',');
  return `${first}_${shortHash(sorted)}_${shortHash(algorithms === '' ? others : `${others}_${algorithms}`)}`;
}
