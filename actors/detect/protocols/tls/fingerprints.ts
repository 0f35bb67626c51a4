/** JA3 and JA3S (MD5 over numbers of hellos) and JA4. GREASE (RFC 8701) is in none of them. */
import { createHash } from 'node:crypto';

/** Reserved values that mean nothing. */
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);

const withoutGrease = (numbers: readonly number[]): number[] => numbers.filter((number) => !isGrease(number));

/** A list more is added to no longer text: one whole hello has less. */
const TEXT_MAX = 524_288;

/** Of the hellos of one side, until one is whole. */
export class Ja3 {
  text: string;
  /** What follows says nothing any more. */
  isWhole = false;

  constructor(version: number) {
    this.text = `${version}`;
  }

  add(numbers: readonly number[]): void {
    if (this.text.length < TEXT_MAX) this.text += `,${withoutGrease(numbers).join('-')}`;
  }

  /** null: no hello was whole. */
  get hash(): string | null {
    return this.isWhole ? createHash('md5').update(this.text).digest('hex') : null;
  }
}

const VERSIONS: Readonly<Record<number, string>> = {
  772: '13',
  771: '12',
  770: '11',
  769: '10',
  768: 's3',
};
const SERVER_NAME = 0;
const ALPN = 16;
const HASH_CHARACTERS = 12;
/** As many of each list are kept of all hellos together. */
const NUMBERS_MAX = 65_536;
const NUMBER_BYTES = 8;

const hex = (number: number): string => number.toString(16).padStart(4, '0');
const count = (number: number): string => `${Math.min(number, 99)}`.padStart(2, '0');
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);

/** Of all hellos of the client together. */
export class Ja4 {
  #version = 0;
  #alpn = '00';
  readonly #ciphers: number[] = [];
  readonly #extensions: number[] = [];
  readonly #algorithms: number[] = [];

  /** The highest one counts. */
  seeVersion(version: number): void {
    if (!isGrease(version)) this.#version = Math.max(this.#version, version);
  }

  addCiphers(numbers: readonly number[]): void {
    add(this.#ciphers, numbers);
  }

  addExtension(type: number): void {
    add(this.#extensions, [type]);
  }

  addAlgorithms(numbers: readonly number[]): void {
    add(this.#algorithms, numbers);
  }

  /** The first and last character of the first protocol, or such digits of it where they are not both letters or digits. */
  setAlpn(protocol: Uint8Array): void {
    if (protocol.length === 0) return;
    const [first, last] = [protocol[0]!, protocol.at(-1)!];
    if (protocol.length === 2 && isGrease((first << 8) | last)) return;
    const ends = String.fromCharCode(first, last);
    this.#alpn = /^[0-9A-Za-z]{2}$/.test(ends) ? ends : `${(first >> 4).toString(16)}${(last & 15).toString(16)}`;
  }

  get keptBytes(): number {
    return NUMBER_BYTES * (this.#ciphers.length + this.#extensions.length + this.#algorithms.length);
  }

  get hash(): string {
    const [ciphers, extensions] = [this.#ciphers, this.#extensions];
    const first = [
      't',
      VERSIONS[this.#version] ?? '00',
      extensions.includes(SERVER_NAME) ? 'd' : 'i',
      count(ciphers.length),
      count(extensions.length),
      this.#alpn,
    ].join('');
    const others = extensions.filter((type) => type !== SERVER_NAME && type !== ALPN);
    return [
      first,
      shortHash(ciphers.map(hex).toSorted().join(',')),
      shortHash(`${others.map(hex).toSorted().join(',')}_${this.#algorithms.map(hex).join(',')}`),
    ].join('_');
  }
}

function add(list: number[], numbers: readonly number[]): void {
  for (const number of numbers) if (!isGrease(number) && list.length < NUMBERS_MAX) list.push(number);
}
