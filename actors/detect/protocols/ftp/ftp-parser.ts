/**
 * FTP (RFC 959, RFC 2428), its control connection: a command and its replies are a transaction. A reply belongs to the oldest
 * one that is open. What the data connections carry is `ftp-data`.
 */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { ExpectedTransfer, Parser, Transaction } from '../protocol.ts';
import { commandIn } from './ftp-commands.ts';

export const PORT_DONE = 1;
export const FINISHED = 2;
/** Suricata's ftp_max_line_len, and its number of transactions. */
const LINE_BYTES_MAX = 4096;
const TRANSACTIONS_MAX = 1024;
const TRANSFER_CHARS_MIN = 6;
/** In the line of a command that transfers it. */
const NAME_AT = 5;
const FILE_NAME_BYTES_MAX = 4095;
/** More of one transaction are not kept. */
const REPLIES_MAX = 1024;
const REPLY_COST_BYTES = 32;

/** Of the connection: the latest command, and the latest line that names a port. */
export interface FtpState {
  command: string | null;
  portLine: string;
}

export class FtpTransaction implements Transaction {
  readonly id: number;
  readonly state: FtpState;
  /** null: none of the known. */
  command: string | null;
  /** The whole line. */
  readonly request: string;
  readonly isRequestTruncated: boolean;
  readonly replies: string[] = [];
  keptBytes: number;
  isReplyTruncated = false;
  port = 0;
  isActive = false;
  readonly progress: [number, number] = [0, 0];
  /** Of what the client says Suricata does not note it. */
  readonly isUpdated: [boolean, boolean] = [false, false];
  readonly events: string[] = [];

  constructor(id: number, state: FtpState, command: string | null, request: string, isTruncated: boolean) {
    this.id = id;
    this.state = state;
    this.command = command;
    this.request = request;
    this.keptBytes = request.length;
    this.isRequestTruncated = isTruncated;
    if (command === 'PORT') this.progress[0] = PORT_DONE;
    if (isTruncated) this.events.push('request_command_too_long');
  }

  finish(): void {
    this.progress[0] = FINISHED;
    this.progress[1] = FINISHED;
  }
}

type Line = { readonly text: string; readonly isTruncated: boolean };

export class FtpParser implements Parser<FtpTransaction> {
  readonly transactions: FtpTransaction[] = [];
  hasFailed = false;
  upgradesTo: string | null = null;
  readonly #pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  /** Up to the next end of a line all is left out. */
  readonly #skips: [boolean, boolean] = [false, false];
  readonly #state: FtpState = { command: null, portLine: '' };
  /** Agreed on, and not used yet. */
  #port = 0;
  #isActive = false;
  #transferDirection: Direction = 0;
  readonly #expected: ExpectedTransfer[] = [];
  #count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    this.#transferDirection = 0;
    for (const line of this.#lines(direction, bytes)) {
      if (this.hasFailed) break;
      if (direction === 0) this.#request(line);
      else this.#reply(line);
    }
  }

  gap(): void {
    this.hasFailed = true;
  }

  unused(direction: Direction): number {
    return this.#pending[direction].length;
  }

  required(direction: Direction): number {
    const { length } = this.#pending[direction];
    return length === 0 ? 0 : length + 1;
  }

  passOver(direction: Direction): void {
    this.#pending[direction].clear();
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }

  *#lines(direction: Direction, bytes: Uint8Array): Generator<Line> {
    const pending = this.#pending[direction];
    const all = pending.join(bytes);
    let at = 0;
    while (at < all.length) {
      const end = all.indexOf(0x0a, at);
      const isWhole = end !== -1;
      const stop = isWhole ? end : all.length;
      if (this.#skips[direction]) {
        this.#skips[direction] = !isWhole;
        at = stop + 1;
        continue;
      }
      if (!isWhole && stop - at < LINE_BYTES_MAX) break;
      const isTruncated = stop - at >= LINE_BYTES_MAX;
      const last = isWhole && !isTruncated && all[end - 1] === 0x0d && end > at ? end - 1 : stop;
      const text = Buffer.from(all.subarray(at, Math.min(last, at + LINE_BYTES_MAX))).toString('latin1');
      this.#skips[direction] = !isWhole;
      at = stop + 1;
      yield { text: text.replace(/[ \t-\r]+$/, ''), isTruncated };
    }
    pending.keep(all, Math.min(at, all.length));
  }

  #request({ text, isTruncated }: Line): void {
    this.#state.command = commandIn(text);
    if (this.#state.command === null) return;
    this.#open(this.#state.command, text, isTruncated);
    if (this.#state.command === 'PORT' || this.#state.command === 'EPRT') this.#state.portLine = text;
    if (this.#state.command === 'RETR' || this.#state.command === 'STOR') this.#transfer(text);
  }

  /** It needs a port that was agreed on, and the name of a file; without them Suricata gives up. */
  #transfer(text: string): void {
    if (this.#port === 0 || text.length < TRANSFER_CHARS_MIN) {
      this.hasFailed = true;
      return;
    }
    const command = this.#state.command === 'RETR' ? 'RETR' : 'STOR';
    // Whoever opens the connection is its client; once turned, Suricata leaves it so for all that came together.
    if (this.#isActive === (command === 'STOR')) this.#transferDirection = 1;
    this.#expected.push({
      port: this.#port,
      direction: this.#transferDirection,
      command,
      file: Buffer.from(text.slice(NAME_AT, NAME_AT + FILE_NAME_BYTES_MAX), 'latin1'),
    });
    this.#port = 0;
    this.#isActive = false;
  }

  takeExpected(): readonly ExpectedTransfer[] {
    return this.#expected.splice(0);
  }

  #open(command: string | null, text: string, isTruncated: boolean): FtpTransaction {
    const tx = new FtpTransaction(this.#count, this.#state, command, text, isTruncated);
    this.#count += 1;
    if (this.transactions.length >= TRANSACTIONS_MAX) {
      const oldest = this.transactions.find(({ progress }) => progress[1] < FINISHED);
      oldest?.events.push('too_many_transactions');
      oldest?.finish();
    }
    this.transactions.push(tx);
    return tx;
  }

  #reply({ text, isTruncated }: Line): void {
    const open = this.transactions.find(({ progress }) => progress[1] < FINISHED);
    const tx = open ?? this.transactions.at(-1) ?? this.#open(null, '', false);
    tx.isUpdated[1] = true;
    if (this.#state.command === null) tx.command = null;
    const isWithoutPort = this.#takePort(tx, text);
    if (!isWithoutPort) {
      if (text !== '' && tx.replies.length < REPLIES_MAX) {
        tx.replies.push(text);
        tx.keptBytes += REPLY_COST_BYTES + text.length;
      }
      if (isTruncated) {
        tx.isReplyTruncated = true;
        tx.events.push('response_command_too_long');
      }
      // Another reply will follow.
      if (/^1\d\d\s/.test(text)) return;
    }
    tx.finish();
  }

  /** True where an active port cannot be read: the transaction is over with it. */
  #takePort(tx: FtpTransaction, text: string): boolean {
    switch (this.#state.command) {
      case 'AUTH TLS':
        if (text.startsWith('234 ')) this.upgradesTo = 'tls';
        return false;
      case 'PORT':
      case 'EPRT': {
        const port = this.#state.command === 'PORT' ? portOf(this.#state.portLine) : extendedPort(this.#state.portLine);
        if (port === 0) return true;
        this.#agree(tx, port);
        tx.isActive = true;
        this.#isActive = true;
        return false;
      }
      case 'PASV':
        if (text.startsWith('227 ')) this.#agreePassive(tx, portOf(text));
        return false;
      case 'EPSV':
        if (text.startsWith('229 ')) this.#agreePassive(tx, Number(/\(\|\|\|(\d{1,5})\|\)/.exec(text)?.[1] ?? 0));
        return false;
      default:
        return false;
    }
  }

  #agreePassive(tx: FtpTransaction, port: number): void {
    if (port !== 0) this.#isActive = false;
    this.#agree(tx, port);
  }

  #agree(tx: FtpTransaction, port: number): void {
    if (port === 0) return;
    tx.port = port;
    this.#port = port;
  }
}

/** `h1,h2,h3,h4,p1,p2`; 0: none. */
function portOf(text: string): number {
  const [, high, low] = /\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})/.exec(text) ?? [];
  return high === undefined ? 0 : ((Number(high) << 8) | Number(low)) & 0xffff;
}

/** `|family|address|port|` */
const extendedPort = (text: string): number => Number(/\|[12]\|[^|]*\|(\d{1,5})\|/.exec(text)?.[1] ?? 0);
