/**
 * DNP3 over TCP: frames, segments of the transport in them, and the fragments that these make. Each fragment of either side
 * is a transaction of its own. Suricata's limits and order.
 */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, ProbeAnswer, Transaction } from '../protocol.ts';
import { type Dnp3Object, readObjects } from './dnp3-fragment.ts';
import {
  copyUserData,
  countedLength,
  frameLength,
  HEADER_BYTES,
  isDataChecked,
  isHeaderChecked,
  isStart,
  isTooShort,
  isUserData,
  type LinkHeader,
  linkHeader,
  userBytes,
} from './dnp3-frame.ts';

/** With more live transactions the flow is flooded: those that are so many behind the newest count as complete. */
export const TRANSACTIONS_MAX = 500;
/** Of a fragment no more is kept; devices send up to 2,048. */
const FRAGMENT_BYTES_MAX = 65_536;
const BANNER = Buffer.from('DNP3');
const BANNER_BYTES_MAX = 256;

const FINAL = 0x80;
const FIRST = 0x40;
const SEQUENCES = 64;
const CONFIRM = 0;
/** Control and function; of a response the internal indications behind them. */
const HEAD_BYTES = [2, 4] as const;

const OPEN = [0, 0] as const;
const COMPLETE = [1, 1] as const;
const EMPTY = new Uint8Array(0);

export class Dnp3Transaction implements Transaction {
  readonly id: number;
  readonly isOneSided: Direction;
  readonly events: string[] = [];
  /** A whole one is asked about in any case; one of several segments with each but the first. */
  readonly isUpdated: [boolean, boolean] = [false, false];
  readonly link: LinkHeader;
  readonly control: number;
  readonly function: number;
  /** Of a response: the first octet is the higher one. */
  readonly indications: number;
  readonly objects: Dnp3Object[] = [];
  transport: number;
  /** The last segment has come. */
  isDone = false;
  /** All its objects were read. */
  isRead = false;
  readonly #flood: Flood;
  #buffer: Uint8Array = EMPTY;
  #length = 0;

  constructor(id: number, direction: Direction, frame: Uint8Array, flood: Flood) {
    const at = HEADER_BYTES;
    this.id = id;
    this.isOneSided = direction;
    this.#flood = flood;
    this.link = linkHeader(frame, 0);
    this.transport = frame[at]!;
    this.control = frame[at + 1]!;
    this.function = frame[at + 2]!;
    this.indications = direction === 1 ? (frame[at + 3]! << 8) | frame[at + 4]! : 0;
  }

  get progress(): readonly [number, number] {
    return this.isRead || this.#flood.isOver(this.id) ? COMPLETE : OPEN;
  }

  /** The fragment so far. */
  get fragment(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  get keptBytes(): number {
    return this.#buffer.length;
  }

  add(frame: Uint8Array): void {
    const needed = this.#length + frame.length;
    if (needed > FRAGMENT_BYTES_MAX) return;
    if (needed > this.#buffer.length) {
      const buffer = new Uint8Array(this.#length === 0 ? needed : 2 * needed);
      buffer.set(this.fragment);
      this.#buffer = buffer;
    }
    this.#length = copyUserData(frame, 0, frame.length, this.#buffer, this.#length);
  }

  finish(): void {
    this.isDone = true;
    const reading = readObjects(this.fragment, HEAD_BYTES[this.isOneSided], this.objects);
    if (reading === 'unknown') this.events.push('UNKNOWN_OBJECT');
    this.isRead = reading === 'complete';
  }

  /** The next segment of the same fragment. */
  isContinuedBy(link: LinkHeader, transport: number): boolean {
    const { source, destination } = this.link;
    const isSame = source === link.source && destination === link.destination;
    return !this.isDone && isSame && (this.transport + 1) % SEQUENCES === transport % SEQUENCES;
  }
}

/** How many transactions there were, and whether too many are left. */
class Flood {
  isFlooded = false;
  count = 0;

  isOver(id: number): boolean {
    return this.isFlooded && this.count - id > TRANSACTIONS_MAX;
  }
}

export class Dnp3Parser implements Parser<Dnp3Transaction> {
  transactions: Dnp3Transaction[] = [];
  hasFailed = false;
  readonly #pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  readonly #flood = new Flood();
  /** The newest transaction, while it is there: what is wrong with a frame is told of it. */
  #newest: Dnp3Transaction | null = null;

  get keptBytes(): number {
    return this.#pending[0].length + this.#pending[1].length;
  }

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    const pending = this.#pending[direction];
    if (direction === 1 && pending.length === 0 && hasBanner(bytes)) return;
    const all = pending.join(bytes);
    let at = 0;
    while (at >= 0 && at + HEADER_BYTES <= all.length) {
      const end = this.#frame(direction, all, at);
      if (end === at) break;
      at = end;
    }
    if (at < 0) this.gap();
    else pending.keep(all, at);
  }

  /** Suricata gives up, too. */
  gap(): void {
    this.hasFailed = true;
    for (const pending of this.#pending) pending.clear();
  }

  release(count: number): void {
    for (const tx of this.transactions.splice(0, count)) this.#forget(tx, this.transactions.length);
  }

  releaseWhere(isDone: (tx: Dnp3Transaction) => boolean): void {
    let left = this.transactions.length;
    // Each release may end the flood, and with it what makes those behind it complete.
    this.transactions = this.transactions.filter((tx) => {
      if (!isDone(tx)) return true;
      this.#forget(tx, --left);
      return false;
    });
  }

  #forget(tx: Dnp3Transaction, left: number): void {
    if (tx === this.#newest) this.#newest = null;
    if (left < TRANSACTIONS_MAX) this.#flood.isFlooded = false;
  }

  /** The place behind the frame; `at`: it is not whole; -1: this is no DNP3. */
  #frame(direction: Direction, bytes: Uint8Array, at: number): number {
    if (!isStart(bytes, at)) return -1;
    if (!isHeaderChecked(bytes, at)) return this.#fail('BAD_LINK_CRC');
    const counted = countedLength(bytes, at);
    if (isTooShort(counted)) return this.#fail('LEN_TOO_SMALL');
    const end = at + frameLength(counted);
    if (end > bytes.length) return at;
    if (!isUserData(bytes, at)) return end;
    if (userBytes(counted) < 1 + HEAD_BYTES[direction]) {
      this.#fail('LEN_TOO_SMALL');
      return direction === 0 ? end : -1;
    }
    if (isDataChecked(bytes, at, end)) this.#segment(direction, bytes.subarray(at, end));
    else this.#fail('BAD_TRANSPORT_CRC');
    return end;
  }

  #fail(event: string): -1 {
    this.#newest?.events.push(event);
    return -1;
  }

  #segment(direction: Direction, frame: Uint8Array): void {
    const transport = frame[HEADER_BYTES]!;
    const tx = (transport & FIRST) === 0 ? this.#continued(direction, frame, transport) : this.#begin(direction, frame);
    if (tx === null) return;
    tx.add(frame);
    if ((transport & FINAL) !== 0) tx.finish();
  }

  #continued(direction: Direction, frame: Uint8Array, transport: number): Dnp3Transaction | null {
    const link = linkHeader(frame, 0);
    const tx = this.transactions.find((one) => one.isOneSided === direction && one.isContinuedBy(link, transport));
    if (tx === undefined) return null;
    tx.transport = transport;
    tx.isUpdated[direction] = true;
    return tx;
  }

  #begin(direction: Direction, frame: Uint8Array): Dnp3Transaction | null {
    if (direction === 0 && frame[HEADER_BYTES + 2] === CONFIRM) return null;
    const tx = new Dnp3Transaction(this.#flood.count++, direction, frame, this.#flood);
    this.transactions.push(tx);
    this.#newest = tx;
    if (this.transactions.length > TRANSACTIONS_MAX) {
      tx.events.push('FLOODED');
      this.#flood.isFlooded = true;
    }
    return tx;
  }
}

const hasBanner = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(BANNER);

const isPrintable = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, BANNER_BYTES_MAX).every((byte) => byte >= 0x20 && byte < 0x7f);

/** Some devices greet with their name; else it is a header, which tells whose it is. */
export function probe(bytes: Uint8Array, direction: Direction): ProbeAnswer {
  if (hasBanner(bytes) && isPrintable(bytes)) return direction === 0 ? 'reversed' : 'yes';
  if (bytes.length < HEADER_BYTES) return 'more';
  if (!isStart(bytes, 0) || isTooShort(countedLength(bytes, 0))) return 'no';
  const isOfMaster = (linkHeader(bytes, 0).control & 0x80) !== 0;
  return isOfMaster === (direction === 0) ? 'yes' : 'reversed';
}
