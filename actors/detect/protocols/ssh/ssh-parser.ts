/**
 * SSH: the banners (RFC 4253, 4.2) and, up to the new keys, the records after them (6: length u32 · padding u8 · message
 * u8 …) with the lists of key exchange (7.1), of which HASSH makes a fingerprint. A flow is one transaction.
 */
import { createHash } from 'node:crypto';
import { type Direction, opposite } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, Transaction } from '../protocol.ts';

/** A longer banner is taken as far as it is there, and an event. */
const BANNER_BYTES_MAX = 256;
const RECORD_HEADER_BYTES = 6;
/** Of a longer record of key exchange no fingerprint is made. */
const RECORD_BYTES_MAX = 65_535;
const KEXINIT = 20;
const NEWKEYS = 21;
const COOKIE_BYTES = 16;
const LISTS = 10;

/** Progress of a direction. */
export const BANNER_DONE = 2;
export const FINISHED = 3;
const EMPTY = new Uint8Array(0);

/** What one side said. */
export class SshSide {
  protocol: Uint8Array = EMPTY;
  software: Uint8Array = EMPTY;
  /** Lists of key exchange as HASSH joins them, and their MD5. */
  hasshString: Uint8Array = EMPTY;
  hassh: Uint8Array = EMPTY;
  state: 'banner' | 'endOfBanner' | 'records' | 'finished' = 'banner';
}

export class SshTransaction implements Transaction {
  readonly id = 0;
  readonly events: string[] = [];
  readonly isUpdated: [boolean, boolean] = [true, true];
  readonly sides: readonly [SshSide, SshSide] = [new SshSide(), new SshSide()];

  get keptBytes(): number {
    const [client, server] = this.sides;
    return client.hasshString.length + server.hasshString.length;
  }

  get progress(): readonly [number, number] {
    const [client, server] = this.sides;
    if (client.state === 'finished' && server.state === 'finished') return [FINISHED, FINISHED];
    const of = ({ state }: SshSide): number => (state === 'records' || state === 'finished' ? BANNER_DONE : 0);
    return [of(client), of(server)];
  }
}

interface Line {
  readonly end: number;
  readonly next: number;
}

/** A line ends with LF, CR LF, or a CR that something follows; null: it does not end yet. */
function lineOf(bytes: Uint8Array): Line | null {
  const end = bytes.findIndex((byte) => byte === 10 || byte === 13);
  if (end === -1) return null;
  if (bytes[end] === 10) return { end, next: end + 1 };
  if (end + 1 === bytes.length) return null;
  return { end, next: bytes[end + 1] === 10 ? end + 2 : end + 1 };
}

export class SshParser implements Parser<SshTransaction> {
  hasFailed = false;
  isEncrypted: false | 'all' = false;
  private live: SshTransaction[];
  private readonly tx = new SshTransaction();
  private readonly pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  /** Bytes of a record that are not looked at. */
  private readonly skipped: [number, number] = [0, 0];
  /** Bytes of a record of keys whose head was read: its body is waited for as a whole. */
  private readonly keysLeft: [number, number] = [0, 0];

  constructor() {
    this.live = [this.tx];
  }

  get transactions(): readonly SshTransaction[] {
    return this.live;
  }

  data(direction: Direction, bytes: Uint8Array): void {
    this.tx.isUpdated[direction] = true;
    if (this.hasFailed || bytes.length === 0 || this.tx.progress[0] === FINISHED) return;
    const skipped = Math.min(this.skipped[direction], bytes.length);
    this.skipped[direction] -= skipped;
    if (skipped === bytes.length) return;
    const pending = this.pending[direction];
    const all = pending.join(bytes.subarray(skipped));
    const side = this.tx.sides[direction];
    const start = side.state === 'banner' || side.state === 'endOfBanner' ? this.banner(side, all) : 0;
    // Without an end of the banner nothing behind it is looked at; of one that is known all but its end is forgotten.
    if (start === null) pending.keep(all, side.state === 'banner' ? 0 : all.length - 1);
    else if (!this.hasFailed) pending.keep(all, this.records(direction, all, start));
    if (this.hasFailed) for (const one of this.pending) one.clear();
  }

  /** Suricata gives up, too. */
  gap(): void {
    this.hasFailed = true;
    for (const pending of this.pending) pending.clear();
  }

  unused(direction: Direction): number {
    return this.pending[direction].length;
  }

  required(direction: Direction): number {
    if (this.keysLeft[direction] > 0) return this.keysLeft[direction];
    const pending = this.pending[direction].peek();
    if (pending.length === 0) return 0;
    const { state } = this.tx.sides[direction];
    if (state === 'banner' || state === 'endOfBanner') return pending.length + 1;
    return RECORD_HEADER_BYTES;
  }

  passOver(direction: Direction): void {
    this.pending[direction].clear();
  }

  release(count: number): void {
    this.live = this.live.slice(count);
  }

  /** Where the records begin; null: the banner is not whole. */
  private banner(side: SshSide, bytes: Uint8Array): number | null {
    const line = lineOf(bytes);
    if (side.state === 'endOfBanner') return line?.next ?? null;
    if (line === null && bytes.length < BANNER_BYTES_MAX) return null;
    const text = new Uint8Array(bytes.subarray(0, line?.end));
    if (!readBanner(side, text)) {
      this.fail('invalid_banner');
      return bytes.length;
    }
    side.state = line === null ? 'endOfBanner' : 'records';
    if (text.length >= BANNER_BYTES_MAX) this.tx.events.push('long_banner');
    return line?.next ?? bytes.length;
  }

  /** How many bytes were used. */
  private records(direction: Direction, bytes: Uint8Array, start: number): number {
    const side = this.tx.sides[direction];
    let at = start;
    const keysLeft = this.keysLeft[direction];
    if (keysLeft > 0) {
      if (bytes.length - at < keysLeft) return at;
      readKeyExchange(side, bytes.subarray(at, at + keysLeft), direction);
      this.keysLeft[direction] = 0;
      at += keysLeft;
    }
    while (at + RECORD_HEADER_BYTES <= bytes.length) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at);
      const length = view.getUint32(0);
      if (length < 2) {
        this.fail('invalid_record');
        return at;
      }
      const code = bytes[at + 5]!;
      const end = at + 4 + length;
      if (code === KEXINIT) {
        if (length >= RECORD_BYTES_MAX) {
          if (end > bytes.length) this.tx.events.push('long_kex_record');
        } else if (end > bytes.length) {
          this.keysLeft[direction] = length - 2;
          return at + RECORD_HEADER_BYTES;
        } else readKeyExchange(side, bytes.subarray(at + RECORD_HEADER_BYTES, end), direction);
      }
      if (code === NEWKEYS) side.state = 'finished';
      if (end > bytes.length) {
        this.skipped[direction] = end - bytes.length;
        return bytes.length;
      }
      // Where the record of its keys is not whole, Suricata does not notice.
      if (code === NEWKEYS && this.tx.sides[opposite(direction)].state === 'finished') this.isEncrypted = 'all';
      at = end;
    }
    return at;
  }

  private fail(event: string): void {
    this.tx.events.push(event);
    this.hasFailed = true;
  }
}

/** `SSH-protocol-software comments`; false: it is none. */
function readBanner(side: SshSide, line: Uint8Array): boolean {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length);
  const dash = text.indexOf('-', 4);
  if (text.toString('latin1', 0, 4) !== 'SSH-' || dash <= 4) return false;
  const space = text.indexOf(' ', dash + 1);
  side.protocol = line.subarray(4, dash);
  // A space straight behind the dash does not end the software, which cannot be empty then.
  side.software = line.subarray(dash + 1, space === -1 || space === dash + 1 ? line.length : space);
  return true;
}

/** Of the client the algorithms it offers to send with, of the server its own. */
function readKeyExchange(side: SshSide, body: Uint8Array, direction: Direction): void {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const lists: Uint8Array[] = [];
  let at = COOKIE_BYTES;
  for (let index = 0; index < LISTS; index++) {
    if (at + 4 > body.length) return;
    const end = at + 4 + view.getUint32(at);
    if (end > body.length) return;
    lists.push(body.subarray(at + 4, end));
    at = end;
  }
  // A byte and a reserved word end it.
  if (at + 5 > body.length) return;
  const picked = [lists[0]!, lists[2 + direction]!, lists[4 + direction]!, lists[6 + direction]!];
  const separator = Uint8Array.of(0x3b);
  const joined = Buffer.concat(picked.flatMap((list, index) => (index === 0 ? [list] : [separator, list])));
  // Suricata appends those of a second exchange, and takes the hash of both.
  if (side.hasshString.length + joined.length > 2 * RECORD_BYTES_MAX) return;
  side.hasshString = Buffer.concat([side.hasshString, joined]);
  const hash = createHash('md5').update(side.hasshString).digest('hex');
  side.hassh = Buffer.concat([side.hassh, Buffer.from(hash, 'latin1')]);
}
