/** Messages of the handshake: hellos, certificates and what tells how far it has come. */
import type { Direction } from '../direction.ts';
import { isWhole, readCertificate } from './certificate.ts';
import { readHello } from './hello.ts';
import type { TlsSide, TlsTransaction } from './tls-transaction.ts';
import type { Track } from './track.ts';

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const CERTIFICATE_REQUEST = 13;
const STATES: { readonly [type: number]: NonNullable<TlsTransaction['state']> } = {
  [CLIENT_HELLO]: 'client_hello',
  [SERVER_HELLO]: 'server_hello',
  12: 'server_keyx',
  16: 'client_keyx',
};
/** All that are known beside these: hello request, session ticket, certificate request to status, finished. */
const KNOWN: ReadonlySet<number> = new Set([0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 21, 22]);
const HEADER_BYTES = 4;
/** A longer message is left out. */
export const MESSAGE_BYTES_MAX = 262_144;

/** Those of a record; what is not whole goes on in the next one. False: the record is not as it should be. */
export function readMessages(tx: TlsTransaction, track: Track, direction: Direction, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    if (track.message !== null) {
      at = goOn(tx, track, direction, bytes, at);
      continue;
    }
    if (at + HEADER_BYTES > bytes.length) {
      tx.note('INVALID_SSL_RECORD', 'INVALID_HANDSHAKE_MESSAGE');
      return false;
    }
    const type = bytes[at]!;
    const length = at24(bytes, at + 1);
    at += HEADER_BYTES;
    if (!KNOWN.has(type)) {
      // What is encrypted may look like anything.
      if (!track.hasChangedCipher) tx.note('INVALID_HANDSHAKE_MESSAGE');
      at = Math.min(at + length, bytes.length);
    } else if (at + length > bytes.length) {
      track.message = { type, length, bytes: [], size: 0 };
      // Without a byte of it there is nothing to go on with yet.
      at = goOn(tx, track, direction, bytes, at);
    } else {
      read(tx, direction, type, new Uint8Array(bytes.subarray(at, at + length)));
      at += length;
    }
  }
  return true;
}

function goOn(tx: TlsTransaction, track: Track, direction: Direction, bytes: Uint8Array, at: number): number {
  const message = track.message!;
  const end = Math.min(bytes.length, at + message.length - message.size);
  message.size += end - at;
  if (message.length <= MESSAGE_BYTES_MAX) message.bytes.push(new Uint8Array(bytes.subarray(at, end)));
  if (message.size === message.length) {
    track.message = null;
    if (message.length <= MESSAGE_BYTES_MAX) read(tx, direction, message.type, Buffer.concat(message.bytes));
  }
  return end;
}

/** A whole message; `bytes` are kept. One without a byte says nothing. */
function read(tx: TlsTransaction, direction: Direction, type: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  tx.state = STATES[type] ?? tx.state;
  if (type === CLIENT_HELLO || type === SERVER_HELLO) {
    readHello(tx, tx.side(direction), type === CLIENT_HELLO, bytes);
    if (type === CLIENT_HELLO) tx.hasClientHello = true;
    else tx.hasServerHello = true;
  } else if (type === CERTIFICATE) readCertificates(tx, tx.side(direction), bytes);
  else if (type === CERTIFICATE_REQUEST && direction === 1) {
    tx.state = null;
    tx.asksClient = true;
  }
}

/** u24 length of all · for each: u24 length and the certificate. */
function readCertificates(tx: TlsTransaction, side: TlsSide, bytes: Uint8Array): void {
  if (bytes.length < 3 || 3 + at24(bytes, 0) > bytes.length || side.hasChain) return;
  const end = 3 + at24(bytes, 0);
  side.hasChain = true;
  side.chainLength = end - 3;
  const chain: Uint8Array[] = [];
  side.chain = chain;
  for (let at = 3; at < end; ) {
    const next = at + 3 > end ? Number.POSITIVE_INFINITY : at + 3 + at24(bytes, at);
    if (next > end) {
      tx.note('INVALID_CERTIFICATE');
      return;
    }
    const one = bytes.subarray(at + 3, next);
    at = next;
    if (side.certificate === null) {
      // One that cannot be read is left out, and the next one is the first.
      const certificate = readCertificate(one);
      if (typeof certificate === 'string') {
        tx.note(certificate);
        // As many that cannot be read are no mistake, and one that lies about whose it is ends the list.
        if (tx.isFullOfEvents || certificate === 'CERTIFICATE_INVALID_SUBJECT') return;
        continue;
      }
      side.certificate = certificate;
      if (!isWhole(certificate)) {
        tx.note('CERTIFICATE_INVALID_ISSUER');
        return;
      }
    }
    chain.push(one);
  }
}

const at24 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
