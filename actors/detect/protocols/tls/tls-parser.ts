/**
 * Takes records of TLS and SSL out of both directions (RFC 8446, 5.1): type u8 · version u16 · length u16 · content. As
 * Suricata does it: headers are used byte by byte, what is in a record only when all of it is there, but for data of the
 * application, of which nothing is kept.
 */
import type { Direction } from '../direction.ts';
import type { Parser } from '../protocol.ts';
import { isWhole } from './certificate.ts';
import { readMessages } from './handshake.ts';
import { Heartbeats } from './heartbeats.ts';
import { isVersion } from './hello.ts';
import { OldSession, readOldRecord } from './old-record.ts';
import { SSL_2, TlsTransaction } from './tls-transaction.ts';
import { Track } from './track.ts';

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, application: 23, heartbeat: 24 } as const;
const HEADER_BYTES = 5;
/** No record with something in it is shorter. */
const RECORD_BYTES_MIN = 6;
const RECORD_BYTES_MAX = (1 << 14) + 1024;
/** No handshake is in less. */
const HANDSHAKE_BYTES_MIN = 4;
const OLD_BITS = 0xc0;
const TLS_1_0 = 0x0301;
const TLS_1_1 = 0x0302;
const TLS_1_2 = 0x0303;

export class TlsParser implements Parser<TlsTransaction> {
  hasFailed = false;
  isEncrypted: boolean | 'all' = false;
  /** Records that were whole. */
  readonly shown: [number, number] = [0, 0];
  private live: readonly TlsTransaction[];
  private readonly tx = new TlsTransaction();
  private readonly tracks: readonly [Track, Track] = [new Track(), new Track()];
  private readonly heartbeats = new Heartbeats();
  private readonly oldSession = new OldSession();
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
    if (this.hasFailed || this.isEncrypted === 'all') return;
    const { tx, hasEnded } = this;
    tx.isUpdated.fill(true);
    if (isLast) hasEnded[direction] = true;
    const { pending } = this.tracks[direction];
    const all = pending.join(bytes);
    if (all.length === 0) {
      if (isLast) tx.isFinished = true;
      return;
    }
    const used = this.records(direction, all);
    if (used === null) return;
    pending.keep(all, used);
    if (this.tracks[direction].required > 0) return;
    if (isWhole(tx.asksClient ? tx.client.certificate : tx.server.certificate)) tx.isDone = true;
    if (hasEnded[0] && hasEnded[1]) tx.isFinished = true;
  }

  /** Suricata gives up, too. */
  gap(): void {
    this.fail();
  }

  unused(direction: Direction): number {
    return this.tracks[direction].pending.length;
  }

  required(direction: Direction): number {
    return this.tracks[direction].required;
  }

  passOver(direction: Direction): void {
    this.tracks[direction].pending.clear();
  }

  release(count: number): void {
    this.live = this.live.slice(count);
  }

  /** How many bytes were used; null: nothing more is read. */
  private records(direction: Direction, all: Uint8Array): number | null {
    const track = this.tracks[direction];
    const side = this.tx.side(direction);
    track.required = 0;
    if (track.processed === 0) this.tx.state = null;
    let left = Math.max(1, Math.floor(all.length / RECORD_BYTES_MIN));
    let at = 0;
    while (at < all.length && track.required === 0) {
      if (left < 0) return this.fail('TOO_MANY_RECORDS_IN_PACKET');
      left -= 1;
      if (track.processed === 0) {
        if ((all[at]! & OLD_BITS) !== 0) side.version = SSL_2;
        else if (side.version === SSL_2) side.version = 0;
      }
      const used = side.version === SSL_2 ? this.oldRecord(direction, all, at) : this.record(direction, all, at);
      if (used === null) return null;
      at += used;
    }
    return at;
  }

  private oldRecord(direction: Direction, all: Uint8Array, at: number): number | null {
    const { used, faults, isEncrypted } = readOldRecord(this.tx, this.oldSession, this.tracks, direction, all, at);
    if (faults.length > 0) return this.fail(...faults);
    if (isEncrypted) this.isEncrypted = 'all';
    return used;
  }

  private record(direction: Direction, all: Uint8Array, at: number): number | null {
    const track = this.tracks[direction];
    let used = 0;
    if (track.processed < HEADER_BYTES) {
      const side = this.tx.side(direction);
      const before = side.version;
      used = this.header(direction, all, at);
      if (track.processed < HEADER_BYTES) return used;
      if (track.type < RECORD.changeCipherSpec || track.type > RECORD.heartbeat) {
        this.tx.note('INVALID_RECORD_TYPE');
        if (before !== TLS_1_0 && before !== TLS_1_1) return this.fail();
        side.version = before;
        track.processed = 0;
        return all.length - at;
      }
      if (track.length === 0) return this.fail('INVALID_RECORD_LENGTH');
      if (!isVersion(side.version)) return this.fail('INVALID_RECORD_VERSION');
      if (track.length > RECORD_BYTES_MAX) return this.fail('INVALID_RECORD_LENGTH');
    }
    const left = all.length - at - used;
    if (track.type !== RECORD.application && track.length > left) {
      track.required = track.length;
      return used;
    }
    const count = Math.min(left, track.length + HEADER_BYTES - track.processed);
    if (count === 0) return used;
    if (!this.content(direction, track.type, all.subarray(at + used, at + used + count))) return null;
    track.processed += count;
    if (track.processed >= track.length + HEADER_BYTES) {
      this.shown[direction] += 1;
      track.processed = 0;
    }
    return used + count;
  }

  /** Gives how many bytes of it were there. A hello has said the version already. */
  private header(direction: Direction, all: Uint8Array, at: number): number {
    const { tx } = this;
    const track = this.tracks[direction];
    const side = tx.side(direction);
    const isKnown = (direction === 0 ? tx.hasClientHello : tx.hasServerHello) && side.version !== 0;
    let count = 0;
    for (; track.processed < HEADER_BYTES && at + count < all.length; count += 1) {
      const byte = all[at + count]!;
      if (track.processed === 0) track.type = byte;
      else if (track.processed === 1) side.version = isKnown ? side.version : byte << 8;
      else if (track.processed === 2) side.version = isKnown ? side.version : side.version | byte;
      else if (track.processed === 3) track.length = byte << 8;
      else track.length |= byte;
      track.processed += 1;
    }
    return count;
  }

  /** False: nothing more is read. Alerts say nothing that rules ask for. */
  private content(direction: Direction, type: number, bytes: Uint8Array): boolean {
    const { tx, tracks } = this;
    const hasChangedCipher = tracks[0].hasChangedCipher || tracks[1].hasChangedCipher;
    switch (type) {
      case RECORD.changeCipherSpec:
        tracks[direction].hasChangedCipher = true;
        return true;
      case RECORD.application:
        if (tx.hasEarlyData && !tx.hasServerHello) return true;
        tx.isDone = true;
        this.isEncrypted = true;
        return true;
      case RECORD.handshake: {
        // In 1.3 the change of ciphers says nothing as long as there is no server's hello.
        const isMiddlebox = tx.hasClientHello && tx.client.version > TLS_1_2 && !tx.hasServerHello;
        if (hasChangedCipher && !isMiddlebox) return true;
        if (bytes.length >= HANDSHAKE_BYTES_MIN) {
          if (readMessages(tx, tracks[direction], direction, bytes)) return true;
        } else tx.note('INVALID_SSL_RECORD');
        this.fail();
        return false;
      }
      case RECORD.heartbeat: {
        const fault = this.heartbeats.take(direction, bytes, hasChangedCipher);
        if (fault !== null) this.fail(fault);
        return fault === null;
      }
      default:
        return true;
    }
  }

  private fail(...events: readonly string[]): null {
    this.tx.note(...events);
    this.hasFailed = true;
    for (const track of this.tracks) track.clear();
    return null;
  }
}
