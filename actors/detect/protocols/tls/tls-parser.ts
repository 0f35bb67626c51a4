/**
 * TLS and SSL up to the end of the handshake: the record layer (RFC 8446, 5.1: type u8 · version u16 · length u16), the
 * handshake messages that run across records (4: type u8 · length u24), alerts, and the hello of SSLv2. A flow is one
 * transaction. Behind the change of ciphers nothing can be read.
 */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, Transaction } from '../protocol.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { Heartbeats } from './heartbeats.ts';
import { type Hello, hidesCertificate, isVersion, readHello } from './hello.ts';

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, application: 23, heartbeat: 24 } as const;
const HANDSHAKE = { clientHello: 1, serverHello: 2, certificate: 11 } as const;
const STATES: { readonly [type: number]: NonNullable<TlsTransaction['state']> } = {
  1: 'client_hello',
  2: 'server_hello',
  12: 'server_keyx',
  16: 'client_keyx',
};
/** All that are known beside these: hello request, session ticket, certificate request to status, finished. */
const HANDSHAKES: ReadonlySet<number> = new Set([0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 21, 22]);
const RECORD_HEADER_BYTES = 5;
/** No record with something in it is shorter. */
const RECORD_BYTES_MIN = 6;
const RECORD_BYTES_MAX = (1 << 14) + 1024;
/** A longer handshake message is left out. */
export const MESSAGE_BYTES_MAX = 262_144;
const EVENTS_MAX = 255;
export const SSL_2 = 0x0002;
const TLS_1_0 = 0x0301;
const TLS_1_1 = 0x0302;
const TLS_1_2 = 0x0303;

/** Measured, roughly: what was read of a hello, and of certificates beside their bytes. */
const HELLO_COST_BYTES = 2048;
const CHAIN_COST = 2;

/** Progress of a direction. */
export const CERTIFICATE_READY = 1;
export const HANDSHAKE_DONE = 2;
export const FINISHED = 3;

export class TlsSide {
  /** 0: not known. */
  version = 0;
  hello: Hello | null = null;
  certificate: Certificate | null = null;
  /** Whole certificates, as they were sent. */
  chain: readonly Uint8Array[] = [];
  /** Bytes of all of them with their lengths. */
  chainLength = 0;

  get keptBytes(): number {
    return (this.hello === null ? 0 : HELLO_COST_BYTES) + CHAIN_COST * this.chainLength;
  }
}

export class TlsTransaction implements Transaction {
  readonly id = 0;
  readonly events: string[] = [];
  readonly client = new TlsSide();
  readonly server = new TlsSide();
  hasClientHello = false;
  hasServerHello = false;
  /** The latest of the messages that ssl_state names, in the data that came last. */
  state: 'client_hello' | 'server_hello' | 'client_keyx' | 'server_keyx' | null = null;
  isResumed = false;
  /** Its certificate will not be seen. */
  isHidden = false;
  isDone = false;
  isFinished = false;

  /** As in Suricata, so many and no more. */
  note(...events: readonly string[]): void {
    for (const event of events) if (this.events.length < EVENTS_MAX) this.events.push(event);
  }

  get keptBytes(): number {
    return this.client.keptBytes + this.server.keptBytes;
  }

  get progress(): readonly [number, number] {
    if (this.isFinished) return [FINISHED, FINISHED];
    if (this.isDone) return [HANDSHAKE_DONE, HANDSHAKE_DONE];
    const of = ({ certificate }: TlsSide): number => (certificate === null ? 0 : CERTIFICATE_READY);
    // With the server's certificate the client's direction has come as far, too, as in Suricata.
    return [Math.max(of(this.client), of(this.server)), of(this.server)];
  }
}

/** What is kept of a direction between its segments. */
class Track {
  readonly pending = new PendingBytes();
  /** Of an application record. */
  skipped = 0;
  /** A handshake message that is not whole. */
  message: { readonly type: number; readonly length: number; readonly bytes: Uint8Array[]; size: number } | null = null;
  hasChangedCipher = false;
  /** What is pending is a record of SSLv2, which is used byte by byte. */
  isOld = false;
}

export class TlsParser implements Parser<TlsTransaction> {
  hasFailed = false;
  isEncrypted = false;
  /** Records that were whole. */
  readonly shown: [number, number] = [0, 0];
  private live: readonly TlsTransaction[];
  private readonly tx = new TlsTransaction();
  private readonly tracks: readonly [Track, Track] = [new Track(), new Track()];
  private hasEarlyData = false;
  private readonly heartbeats = new Heartbeats();
  private readonly hasEnded: [boolean, boolean] = [false, false];

  constructor() {
    this.live = [this.tx];
  }

  get keptBytes(): number {
    return (this.tracks[0].message?.size ?? 0) + (this.tracks[1].message?.size ?? 0);
  }

  get transactions(): readonly TlsTransaction[] {
    return this.live;
  }

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    if (bytes.length > 0) this.records(direction, bytes);
    if (!isLast) return;
    this.hasEnded[direction] = true;
    if (bytes.length === 0 || (this.hasEnded[0] && this.hasEnded[1])) this.tx.isFinished = true;
  }

  /** Suricata gives up, too. */
  gap(): void {
    this.fail();
  }

  /** The header of a record is used at once. */
  unused(direction: Direction): number {
    const { pending, isOld } = this.tracks[direction];
    return isOld ? 0 : Math.max(0, pending.length - RECORD_HEADER_BYTES);
  }

  required(direction: Direction): number {
    const { pending, isOld } = this.tracks[direction];
    if (isOld || pending.length < RECORD_HEADER_BYTES) return 0;
    const header = pending.peek();
    return (header[3]! << 8) | header[4]!;
  }

  /** The header was used. */
  passOver(direction: Direction): void {
    const { pending, isOld } = this.tracks[direction];
    if (!isOld) pending.cut(RECORD_HEADER_BYTES);
  }

  release(count: number): void {
    this.live = this.live.slice(count);
  }

  private records(direction: Direction, bytes: Uint8Array): void {
    const track = this.tracks[direction];
    const skipped = Math.min(track.skipped, bytes.length);
    track.skipped -= skipped;
    if (skipped === bytes.length) return;
    if (track.pending.length === 0 && skipped === 0) this.tx.state = null;
    const all = track.pending.join(bytes.subarray(skipped));
    let at = 0;
    let left = Math.max(1, Math.floor(all.length / RECORD_BYTES_MIN));
    while (at < all.length && !this.hasFailed) {
      if (left < 0) {
        this.fail('TOO_MANY_RECORDS_IN_PACKET');
        return;
      }
      left -= 1;
      track.isOld = (all[at]! & 0xc0) !== 0;
      const next = track.isOld ? this.oldRecord(direction, all, at) : this.record(direction, all, at);
      if (next === null) break;
      at = next;
    }
    if (!this.hasFailed) track.pending.keep(all, Math.min(at, all.length));
  }

  /** Behind the record; null: it is not whole, or nothing more is read. */
  private record(direction: Direction, all: Uint8Array, at: number): number | null {
    const side = direction === 0 ? this.tx.client : this.tx.server;
    if (at + RECORD_HEADER_BYTES > all.length) return this.headerBegun(direction, side, all, at);
    const track = this.tracks[direction];
    const type = all[at]!;
    const length = (all[at + 3]! << 8) | all[at + 4]!;
    const before = side.version === SSL_2 ? 0 : side.version;
    const hasHello = direction === 0 ? this.tx.hasClientHello : this.tx.hasServerHello;
    side.version = hasHello && before !== 0 ? before : (all[at + 1]! << 8) | all[at + 2]!;
    if (type < RECORD.changeCipherSpec || type > RECORD.heartbeat) {
      this.tx.note('INVALID_RECORD_TYPE');
      if (before !== TLS_1_0 && before !== TLS_1_1) return this.fail();
      side.version = before;
      return all.length;
    }
    if (length === 0) return this.fail('INVALID_RECORD_LENGTH');
    if (!isVersion(side.version)) return this.fail('INVALID_RECORD_VERSION');
    if (length > RECORD_BYTES_MAX) return this.fail('INVALID_RECORD_LENGTH');
    const start = at + RECORD_HEADER_BYTES;
    const end = start + length;
    if (type === RECORD.application) {
      this.isEncrypted = true;
      if (start === all.length) return null;
      if (!this.hasEarlyData || this.tx.hasServerHello) this.tx.isDone = true;
      if (end > all.length) track.skipped = end - all.length;
      return Math.min(end, all.length);
    }
    if (end > all.length) return null;
    this.content(direction, type, all.subarray(start, end));
    this.shown[direction] += 1;
    return end;
  }

  /** The version is taken byte by byte, as far as they are there. */
  private headerBegun(direction: Direction, side: TlsSide, all: Uint8Array, at: number): null {
    if (side.version === SSL_2) side.version = 0;
    const hasHello = direction === 0 ? this.tx.hasClientHello : this.tx.hasServerHello;
    if ((!hasHello || side.version === 0) && at + 1 < all.length)
      side.version = (all[at + 1]! << 8) | (all[at + 2] ?? 0);
    return null;
  }

  /** Alerts say nothing that rules ask for. */
  private content(direction: Direction, type: number, bytes: Uint8Array): void {
    if (type === RECORD.changeCipherSpec) this.tracks[direction].hasChangedCipher = true;
    else if (type === RECORD.handshake) this.handshake(direction, bytes);
    else if (type === RECORD.heartbeat) {
      const fault = this.heartbeats.take(
        direction,
        bytes,
        this.tracks.some((track) => track.hasChangedCipher),
      );
      if (fault !== null) this.fail(fault);
    }
  }

  private handshake(direction: Direction, bytes: Uint8Array): void {
    const { tx, tracks } = this;
    // In 1.3 the change of ciphers says nothing as long as there is no server's hello.
    const isMiddlebox = tx.hasClientHello && tx.client.version > TLS_1_2 && !tx.hasServerHello;
    if ((tracks[0].hasChangedCipher || tracks[1].hasChangedCipher) && !isMiddlebox) return;
    if (bytes.length < 4) {
      this.fail('INVALID_SSL_RECORD');
      return;
    }
    let at = 0;
    while (at < bytes.length && !this.hasFailed) at = this.message(direction, bytes, at);
  }

  /** Behind the message, or behind as much of it as there is. */
  private message(direction: Direction, bytes: Uint8Array, at: number): number {
    const track = this.tracks[direction];
    if (track.message !== null) return this.rest(direction, bytes, at);
    if (at + 4 > bytes.length) {
      this.fail('INVALID_SSL_RECORD', 'INVALID_HANDSHAKE_MESSAGE');
      return bytes.length;
    }
    const type = bytes[at]!;
    const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const start = at + 4;
    if (!HANDSHAKES.has(type)) {
      if (!track.hasChangedCipher) this.tx.note('INVALID_HANDSHAKE_MESSAGE');
      return Math.min(start + length, bytes.length);
    }
    if (start + length > bytes.length) {
      track.message = { type, length, bytes: [], size: 0 };
      return this.rest(direction, bytes, start);
    }
    this.whole(direction, type, new Uint8Array(bytes.subarray(start, start + length)));
    return start + length;
  }

  private rest(direction: Direction, bytes: Uint8Array, at: number): number {
    const track = this.tracks[direction];
    const message = track.message!;
    const end = Math.min(bytes.length, at + message.length - message.size);
    message.size += end - at;
    if (message.length <= MESSAGE_BYTES_MAX) message.bytes.push(new Uint8Array(bytes.subarray(at, end)));
    if (message.size === message.length) {
      track.message = null;
      if (message.length <= MESSAGE_BYTES_MAX) this.whole(direction, message.type, Buffer.concat(message.bytes));
    }
    return end;
  }

  /** A whole message; `bytes` are kept. */
  private whole(direction: Direction, type: number, bytes: Uint8Array): void {
    const { tx } = this;
    const side = direction === 0 ? tx.client : tx.server;
    if (type === HANDSHAKE.clientHello) {
      tx.hasClientHello = true;
      this.hello(side, readHello(bytes, true));
    } else if (type === HANDSHAKE.serverHello) {
      tx.hasServerHello = true;
      this.hello(side, readHello(bytes, false));
    } else if (type === HANDSHAKE.certificate) this.certificates(side, bytes);
    tx.state = STATES[type] ?? tx.state;
  }

  private hello(side: TlsSide, hello: Hello): void {
    const { tx } = this;
    const { client } = tx;
    tx.note(...hello.events);
    side.version = hello.version;
    side.hello ??= hello;
    if (hello.isClient) {
      if (hello.hasTicket) tx.isResumed = true;
      if (hello.hasEarlyData) this.hasEarlyData = true;
      return;
    }
    if (hidesCertificate(hello, client.hello)) tx.isHidden = true;
    const asked = client.hello?.sessionId ?? null;
    if (asked !== null && hello.sessionId !== null && Buffer.compare(asked, hello.sessionId) === 0) tx.isResumed = true;
  }

  /** u24 length of all · for each: u24 length and the certificate. */
  private certificates(side: TlsSide, bytes: Uint8Array): void {
    const at24 = (at: number): number => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (bytes.length < 3 || 3 + at24(0) > bytes.length || side.chain.length > 0) return;
    const end = 3 + at24(0);
    side.chainLength = at24(0);
    const chain: Uint8Array[] = [];
    for (let at = 3; at < end; ) {
      const next = at + 3 > end ? Number.POSITIVE_INFINITY : at + 3 + at24(at);
      if (next > end) {
        this.tx.note('INVALID_CERTIFICATE');
        break;
      }
      const one = bytes.subarray(at + 3, next);
      at = next;
      // One that cannot be read is left out, and the next one is the first.
      const read = side.certificate ?? readCertificate(one);
      if (typeof read !== 'string') {
        side.certificate = read;
        chain.push(one);
        continue;
      }
      this.tx.note(read);
      // One that lies about whose it is ends the list.
      if (read === 'CERTIFICATE_INVALID_SUBJECT' || read === 'CERTIFICATE_INVALID_ISSUER') break;
      // As many that cannot be read are no mistake.
      if (this.tx.events.length === EVENTS_MAX) break;
    }
    side.chain = chain;
  }

  /** A record of SSLv2: a length of 15 bits, or of 14 and padding, then a type. */
  private oldRecord(direction: Direction, all: Uint8Array, at: number): number | null {
    const header = (all[at]! & 0x80) !== 0 ? 2 : 3;
    if (at + header + 1 > all.length) return null;
    const side = direction === 0 ? this.tx.client : this.tx.server;
    const length = ((all[at]! & (header === 2 ? 0x7f : 0x3f)) << 8) | all[at + 1]!;
    const end = at + header + length;
    side.version = SSL_2;
    if (end > all.length) return null;
    if (length === 0) return this.fail('INVALID_SSLV2_HEADER', 'INVALID_SSL_RECORD');
    const type = all[at + header]!;
    const body = at + header + 1;
    if (type === 0) this.tx.note('ERROR_MESSAGE_ENCOUNTERED');
    if (type === 1) {
      if (all.length - body < 6 || length < 7) return this.fail('INVALID_SSL_RECORD', 'INVALID_SSL_RECORD');
      this.tx.hasClientHello = true;
      this.tx.state = 'client_hello';
      side.version = (all[body]! << 8) | all[body + 1]!;
    }
    if (type === 4) {
      this.tx.hasServerHello = true;
      this.tx.state = 'server_hello';
    }
    return end;
  }

  private fail(...events: readonly string[]): null {
    this.tx.note(...events);
    this.hasFailed = true;
    for (const track of this.tracks) {
      track.pending.clear();
      track.message = null;
    }
    return null;
  }
}
