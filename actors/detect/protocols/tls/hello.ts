/**
 * Hello messages of client and server (RFC 8446, 4.1.2 and 4.1.3): version u16 · random 32 · session id · cipher suites ·
 * compression · extensions. What was read before a part that is wrong stays, and so does what earlier hellos said.
 */
import { Ja3, Ja4 } from './fingerprints.ts';
import type { TlsSide, TlsTransaction } from './tls-transaction.ts';

const RANDOM_BYTES = 32;
const SNI_BYTES_MAX = 255;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
/** What early drafts of 1.3 are taken for. */
export const DRAFT_BEFORE_16 = 0x7f01;
const DRAFT_16 = 0x7f10;
const DRAFT_28 = 0x7f1c;

const EXTENSION = {
  serverName: 0,
  groups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  sessionTicket: 35,
  earlyData: 42,
  supportedVersions: 43,
} as const;

export const isDraft = (version: number): boolean => version >> 8 === 0x7f;

export function isVersion(version: number): boolean {
  return (
    (version >= 0x0300 && version <= TLS_1_3) || (version >= DRAFT_16 && version <= DRAFT_28) || OTHERS.has(version)
  );
}
const OTHERS: ReadonlySet<number> = new Set([DRAFT_BEFORE_16, 0xfb14, 0xfb15, 0xfb16, 0xfb17, 0xfb1a]);

/** Thrown inside of this file alone: a part goes beyond its end, or has another length than it can. */
class Short extends Error {}
/** Likewise: the rest of the extensions is not read. */
class Refused extends Error {}

class Reader {
  at: number;
  readonly bytes: Uint8Array;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new Short();
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  word(): number {
    const [high, low] = this.take(2);
    return (high! << 8) | low!;
  }
}

/** `side` has sent it, which need not be whose it is; `bytes` are kept. */
export function readHello(tx: TlsTransaction, side: TlsSide, isClient: boolean, bytes: Uint8Array): void {
  const hello = new HelloReader(tx, side, isClient, bytes);
  try {
    hello.read();
  } catch (thrown) {
    if (!(thrown instanceof Short)) throw thrown;
    tx.note('HANDSHAKE_INVALID_LENGTH');
  }
}

class HelloReader {
  readonly #tx: TlsTransaction;
  readonly #isClient: boolean;
  readonly #side: TlsSide;
  readonly #reader: Reader;
  readonly #ja4: Ja4 | null;

  constructor(tx: TlsTransaction, side: TlsSide, isClient: boolean, bytes: Uint8Array) {
    this.#tx = tx;
    this.#isClient = isClient;
    this.#side = side;
    this.#reader = new Reader(bytes, 0, bytes.length);
    if (isClient) side.ja4 ??= new Ja4();
    this.#ja4 = isClient ? side.ja4 : null;
  }

  read(): void {
    const [tx, reader, side] = [this.#tx, this.#reader, this.#side];
    this.#version();
    (this.#isClient ? tx.client : tx.server).random = reader.take(RANDOM_BYTES);
    // Hellos of servers in early drafts of 1.3 have neither session nor compression.
    const isShort = !this.#isClient && tx.isHidden;
    if (!isShort) this.#session();
    this.#ciphers();
    if (!isShort) reader.take(this.#isClient ? reader.byte() : 1);
    this.#extensions();
    side.ja3!.isWhole = true;
  }

  #version(): void {
    const [tx, side] = [this.#tx, this.#side];
    const version = this.#reader.word();
    side.version = version;
    this.#ja4?.seeVersion(version);
    if (!this.#isClient && (version === TLS_1_3 || isDraft(version))) tx.isHidden = true;
    const isEarly = version === TLS_1_3 || (version >= DRAFT_BEFORE_16 && version < DRAFT_16);
    if (isEarly) side.version = DRAFT_BEFORE_16;
    side.ja3 ??= new Ja3(version);
  }

  #session(): void {
    const { client, server } = this.#tx;
    const side = this.#side;
    const sessionId = this.#reader.take(this.#reader.byte());
    if (sessionId.length === 0 || side.sessionId !== null) return;
    side.sessionId = sessionId;
    if (this.#isClient || client.sessionId === null || server.sessionId === null) return;
    if (Buffer.compare(client.sessionId, server.sessionId) === 0) this.#tx.isResumed = true;
  }

  #ciphers(): void {
    const ciphers = this.#reader.take(this.#isClient ? this.#reader.word() : 2);
    if (ciphers.length % 2 !== 0) throw new Short();
    const numbers = wordsIn(ciphers);
    this.#ja4?.addCiphers(numbers);
    const { ja3 } = this.#side;
    if (ja3?.isWhole === false) ja3.add(numbers);
  }

  /** Where they end is counted, and where they are is read: the two need not agree. */
  #extensions(): void {
    const reader = this.#reader;
    const seen: number[] = [];
    const [groups, formats]: [number[], number[]] = [[], []];
    try {
      const length = reader.left >= 2 ? reader.word() : 0;
      if (length > reader.left) throw new Short();
      for (let counted = 0; counted < length; ) {
        const type = reader.word();
        const size = reader.word();
        if (size > reader.left) throw new Short();
        this.#extension(type, new Reader(reader.bytes, reader.at, reader.at + size), groups, formats);
        seen.push(type);
        this.#ja4?.addExtension(type);
        counted = (counted + size + 4) & 0xffff;
      }
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
    }
    const { ja3 } = this.#side;
    if (ja3?.isWhole !== false) return;
    ja3.add(seen);
    if (!this.#isClient) return;
    ja3.add(groups);
    ja3.add(formats);
  }

  /** Of some what was used of them is passed, of others their length. */
  #extension(type: number, own: Reader, groups: number[], formats: number[]): void {
    const read = this.#reading(type, own, groups, formats);
    if (read === null) {
      this.#reader.at = own.end;
      return;
    }
    try {
      if (own.left > 0) read();
    } catch (thrown) {
      if (!(thrown instanceof Short)) throw thrown;
      this.#tx.note('HANDSHAKE_INVALID_LENGTH');
      throw new Refused();
    }
    this.#reader.at = type === EXTENSION.alpn ? own.end : own.at;
  }

  /** null: it is passed. */
  #reading(type: number, own: Reader, groups: number[], formats: number[]): (() => void) | null {
    const tx = this.#tx;
    switch (type) {
      case EXTENSION.serverName:
        return () => this.#serverName(own);
      case EXTENSION.groups:
        return () => this.#groups(own, groups);
      case EXTENSION.pointFormats:
        return () => formats.push(...own.take(own.byte()));
      case EXTENSION.signatureAlgorithms:
        return () => this.#algorithms(own);
      case EXTENSION.alpn:
        return () => this.#alpn(own);
      case EXTENSION.supportedVersions:
        return () => this.#versions(own);
      case EXTENSION.sessionTicket:
        if (this.#isClient) tx.isResumed = true;
        return null;
      case EXTENSION.earlyData:
        if (this.#isClient) tx.hasEarlyData = true;
        return null;
      default:
        return null;
    }
  }

  #serverName(own: Reader): void {
    const [tx, side] = [this.#tx, this.#side];
    own.word();
    if (own.byte() !== 0) {
      tx.note('INVALID_SNI_TYPE');
      throw new Refused();
    }
    const length = own.word();
    if (length === 0 || length > SNI_BYTES_MAX || length > own.left) {
      tx.note('INVALID_SNI_LENGTH');
      throw new Refused();
    }
    const name = own.take(length);
    if (side.sni === null) side.sni = name;
    else tx.note('MULTIPLE_SNI_EXTENSIONS');
  }

  #groups(own: Reader, groups: number[]): void {
    const length = own.word();
    if (length > own.left) throw new Short();
    const isCounted = this.#isClient && this.#side.ja3?.isWhole === false;
    if (!isCounted) own.take(length);
    // Where half a group is left over the next byte is taken for its other half.
    else for (let done = 0; done < length; done += 2) groups.push(own.word());
  }

  #algorithms(own: Reader): void {
    const length = own.word();
    if (length % 2 !== 0) throw new Short();
    this.#ja4?.addAlgorithms(wordsIn(own.take(length)));
  }

  #alpn(own: Reader): void {
    const length = own.word();
    if (length > own.left) throw new Short();
    const end = own.at + length;
    const names: Uint8Array[] = [];
    while (own.at < end) {
      const size = own.byte();
      if (this.#isClient && size > own.left) throw new Short();
      if (own.at + size > end) break;
      const name = own.take(size);
      if (names.length === 0) this.#ja4?.setAlpn(name);
      names.push(name);
    }
    if (this.#side.alpn.length === 0) this.#side.alpn = names;
  }

  #versions(own: Reader): void {
    const [tx, side] = [this.#tx, this.#side];
    if (!this.#isClient) {
      const version = own.word();
      if (tx.hasNamedVersions && version > TLS_1_2) tx.isHidden = true;
      side.version = version;
      return;
    }
    const length = own.byte();
    if (length < 2) throw new Short();
    const version = wordsIn(own.take(length)).find(isVersion);
    if (version !== undefined) {
      side.version = version;
      this.#ja4?.seeVersion(version);
    }
    tx.hasNamedVersions = true;
  }
}

function wordsIn(bytes: Uint8Array): number[] {
  const words: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) words.push((bytes[at]! << 8) | bytes[at + 1]!);
  return words;
}
