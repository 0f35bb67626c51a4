/** Records of SSLv2: a length of 15 bits, or of 14 and a byte of padding, then the message's type, which counts to the length. */
import type { Direction } from '../direction.ts';
import { SSL_2, type TlsTransaction } from './tls-transaction.ts';
import type { Track } from './track.ts';

const MESSAGE = {
  error: 0,
  clientHello: 1,
  clientMasterKey: 2,
  clientFinished: 3,
  serverHello: 4,
  serverVerify: 5,
  serverFinished: 6,
  certificateRequest: 7,
  clientCertificate: 8,
} as const;
/** Version, and the lengths of cipher suites and of the session. */
const CLIENT_HELLO_BYTES = 6;

/** What the two have said of it. */
export class OldSession {
  hasClientHello = false;
  hasServerHello = false;
  hasMasterKey = false;
  hasNoSession = false;
}

export interface OldResult {
  /** Bytes that were used, of the header and of the rest. */
  readonly used: number;
  readonly faults: readonly string[];
  /** What follows is encrypted, both ways. */
  readonly isEncrypted: boolean;
}

const used = (count: number): OldResult => ({ used: count, faults: [], isEncrypted: false });
const fault = (...faults: readonly string[]): OldResult => ({ used: 0, faults, isEncrypted: false });

export function readOldRecord(
  tx: TlsTransaction,
  session: OldSession,
  tracks: readonly [Track, Track],
  direction: Direction,
  all: Uint8Array,
  at: number,
): OldResult {
  const track = tracks[direction];
  const header = readHeader(tx, track, direction, all, at);
  const body = at + header;
  const left = all.length - body;
  if (track.lengthBytes + track.length > left + track.processed) {
    track.required = track.length;
    return used(header);
  }
  if (left === 0) return used(header);
  if (track.length === 0) return fault('INVALID_SSLV2_HEADER', 'INVALID_SSL_RECORD');
  let isEncrypted = false;
  let taken = 0;
  if (track.type === MESSAGE.error) tx.note('ERROR_MESSAGE_ENCOUNTERED');
  else if (track.type === MESSAGE.clientHello) {
    if (left < CLIENT_HELLO_BYTES) return fault('INVALID_SSL_RECORD', 'INVALID_SSL_RECORD');
    tx.side(direction).version = (all[body]! << 8) | all[body + 1]!;
    if (all[body + 4] === 0 && all[body + 5] === 0) session.hasNoSession = true;
    session.hasClientHello = true;
    tx.hasClientHello = true;
    tx.state = 'client_hello';
    taken = CLIENT_HELLO_BYTES;
  } else if (track.type === MESSAGE.serverHello) {
    session.hasServerHello = true;
    tx.hasServerHello = true;
    tx.state = 'server_hello';
  } else if (track.type === MESSAGE.clientMasterKey) {
    session.hasMasterKey = true;
    tx.state = null;
  } else if (track.type <= MESSAGE.clientCertificate) {
    if (track.type === MESSAGE.clientCertificate && direction === 0) tx.state = 'client_keyx';
    isEncrypted = beginEncryption(tx, session, tracks, direction);
  }
  const rest = track.length + track.lengthBytes - track.processed - taken;
  track.processed = 0;
  return { used: header + taken + rest, faults: [], isEncrypted };
}

/** Used byte by byte, as they come; gives how many. */
function readHeader(tx: TlsTransaction, track: Track, direction: Direction, all: Uint8Array, at: number): number {
  if (track.processed === 0) track.lengthBytes = (all[at]! & 0x80) !== 0 ? 2 : 3;
  let count = 0;
  for (; track.processed <= track.lengthBytes && at + count < all.length; count += 1) {
    const byte = all[at + count]!;
    if (track.processed === 0) track.length = (byte & (track.lengthBytes === 2 ? 0x7f : 0x3f)) << 8;
    else if (track.processed === 1) track.length |= byte;
    else if (track.processed === track.lengthBytes) {
      track.type = byte;
      tx.side(direction).version = SSL_2;
    }
    track.processed += 1;
  }
  return count;
}

/** Behind both hellos. True: both have begun before. */
function beginEncryption(
  tx: TlsTransaction,
  session: OldSession,
  tracks: readonly [Track, Track],
  direction: Direction,
): boolean {
  if (!session.hasClientHello || !session.hasServerHello) return false;
  const have = tracks[0].isEncrypted && tracks[1].isEncrypted;
  if (direction === 1 || session.hasNoSession || session.hasMasterKey) tracks[direction].isEncrypted = true;
  if (direction === 1 || (!session.hasNoSession && session.hasMasterKey)) tx.state = null;
  return have;
}
