/**
 * Hello messages of client and server (RFC 8446, 4.1.2 and 4.1.3): version u16 · random 32 · session id · cipher suites ·
 * compression · extensions. What was read before a part that is wrong stays.
 */

const RANDOM_BYTES = 32;
const SNI_BYTES_MAX = 255;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
/** What early drafts of 1.3 are taken for. */
export const DRAFT_BEFORE_16 = 0x7f01;

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

export class Hello {
  readonly isClient: boolean;
  /** As it stands in the message. */
  legacyVersion = 0;
  /** The first of supported_versions that exists, else that of the message. */
  version = 0;
  random: Uint8Array | null = null;
  sessionId: Uint8Array | null = null;
  sni: Uint8Array | null = null;
  hasSupportedVersions = false;
  hasTicket = false;
  hasEarlyData = false;
  /** Without GREASE (RFC 8701). */
  readonly ciphers: number[] = [];
  readonly extensions: number[] = [];
  readonly groups: number[] = [];
  readonly pointFormats: number[] = [];
  readonly signatureAlgorithms: number[] = [];
  readonly alpn: Uint8Array[] = [];
  readonly events: string[] = [];

  constructor(isClient: boolean) {
    this.isClient = isClient;
  }
}

export function isVersion(version: number): boolean {
  return (version >= 0x0300 && version <= TLS_1_3) || (version >= 0x7f01 && version <= 0x7f1c) || DRAFTS.has(version);
}
const DRAFTS: ReadonlySet<number> = new Set([0xfb17, 0xfb1a]);

/** Reserved values that mean nothing. */
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);

/** Thrown inside of this file alone: a part goes beyond its end. */
class Short extends Error {}

class Reader {
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
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

/** `bytes` are kept. `isShort`: the server's hello has neither session nor compression, as in early drafts of 1.3. */
export function readHello(bytes: Uint8Array, isClient: boolean): Hello {
  const hello = new Hello(isClient);
  const reader = new Reader(bytes);
  try {
    hello.legacyVersion = reader.word();
    const isDraft = hello.legacyVersion === TLS_1_3 || hello.legacyVersion >> 8 === 0x7f;
    const isEarly = hello.legacyVersion === TLS_1_3 || (hello.legacyVersion >= 0x7f01 && hello.legacyVersion < 0x7f10);
    hello.version = isEarly ? DRAFT_BEFORE_16 : hello.legacyVersion;
    hello.random = reader.take(RANDOM_BYTES);
    const isShort = !isClient && isDraft;
    if (!isShort) {
      const sessionId = reader.take(reader.byte());
      hello.sessionId = sessionId.length === 0 ? null : sessionId;
    }
    const ciphers = reader.take(isClient ? reader.word() : 2);
    if (ciphers.length % 2 !== 0) throw new Short();
    hello.ciphers.push(...wordsIn(ciphers).filter((cipher) => !isGrease(cipher)));
    if (!isShort) reader.take(isClient ? reader.byte() : 1);
    if (reader.left >= 2) readExtensions(hello, new Reader(reader.take(reader.word())));
  } catch (thrown) {
    if (!(thrown instanceof Short)) throw thrown;
    hello.events.push('HANDSHAKE_INVALID_LENGTH');
  }
  return hello;
}

function readExtensions(hello: Hello, reader: Reader): void {
  while (reader.left > 0) {
    const type = reader.word();
    const bytes = reader.take(reader.word());
    if (!readExtension(hello, type, bytes)) return;
    if (!isGrease(type)) hello.extensions.push(type);
  }
}

/** false: nothing behind it is read. */
function readExtension(hello: Hello, type: number, bytes: Uint8Array): boolean {
  const reader = new Reader(bytes);
  if (bytes.length === 0) {
    if (type === EXTENSION.sessionTicket) hello.hasTicket = true;
    if (type === EXTENSION.earlyData) hello.hasEarlyData = true;
    return true;
  }
  switch (type) {
    case EXTENSION.serverName:
      return readServerName(hello, reader);
    case EXTENSION.groups: {
      const groups = wordsIn(reader.take(reader.word()));
      if (hello.isClient) hello.groups.push(...groups.filter((group) => !isGrease(group)));
      return true;
    }
    case EXTENSION.pointFormats: {
      const formats = reader.take(reader.byte());
      if (hello.isClient) hello.pointFormats.push(...formats);
      return true;
    }
    case EXTENSION.signatureAlgorithms: {
      const algorithms = reader.take(reader.word());
      if (algorithms.length % 2 !== 0) throw new Short();
      if (hello.isClient) hello.signatureAlgorithms.push(...wordsIn(algorithms));
      return true;
    }
    case EXTENSION.alpn:
      readAlpn(hello, new Reader(reader.take(reader.word())));
      return true;
    case EXTENSION.supportedVersions:
      readVersions(hello, reader);
      return true;
    case EXTENSION.sessionTicket:
      hello.hasTicket = true;
      return true;
    case EXTENSION.earlyData:
      hello.hasEarlyData = true;
      return true;
    default:
      return true;
  }
}

function readServerName(hello: Hello, reader: Reader): boolean {
  reader.word();
  if (reader.byte() !== 0) {
    hello.events.push('INVALID_SNI_TYPE');
    return false;
  }
  const length = reader.word();
  if (length === 0 || length > SNI_BYTES_MAX || length > reader.left) {
    hello.events.push('INVALID_SNI_LENGTH');
    return false;
  }
  if (hello.sni === null) hello.sni = reader.take(length);
  else hello.events.push('MULTIPLE_SNI_EXTENSIONS');
  return true;
}

function readAlpn(hello: Hello, reader: Reader): void {
  while (reader.left > 0) {
    const length = reader.byte();
    if (length > reader.left) return;
    hello.alpn.push(reader.take(length));
  }
}

function readVersions(hello: Hello, reader: Reader): void {
  if (!hello.isClient) {
    hello.version = reader.word();
    hello.hasSupportedVersions = true;
    return;
  }
  const length = reader.byte();
  if (length < 2) throw new Short();
  const version = wordsIn(reader.take(length)).find(isVersion);
  if (version !== undefined) hello.version = version;
  hello.hasSupportedVersions = true;
}

function wordsIn(bytes: Uint8Array): number[] {
  const words: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) words.push((bytes[at]! << 8) | bytes[at + 1]!);
  return words;
}

/** Whether the server's hello says that its certificate will not be seen. */
export const hidesCertificate = (server: Hello, client: Hello | null): boolean =>
  server.legacyVersion === TLS_1_3 ||
  server.legacyVersion >> 8 === 0x7f ||
  (server.hasSupportedVersions && client?.hasSupportedVersions === true && server.version > TLS_1_2);
