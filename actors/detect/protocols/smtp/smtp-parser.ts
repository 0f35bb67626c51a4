/**
 * SMTP (RFC 5321) with pipelining, chunks (RFC 3030) and STARTTLS (RFC 3207): a mail with its commands is a transaction.
 * Replies belong to the commands in their order.
 */
import type { Direction } from '../direction.ts';
import type { Parser } from '../protocol.ts';
import { RawCommands } from './raw-commands.ts';
import { type SmtpLine, SmtpLines } from './smtp-lines.ts';
import { type SmtpSession, SmtpTransaction } from './smtp-transaction.ts';

type Command = 'STARTTLS' | 'DATA' | 'BDAT' | 'MAIL' | 'RSET' | 'OTHER';

/** Suricata's limits of a session: transactions, and commands that wait for their replies. */
const TRANSACTIONS_MAX = 257;
const COMMANDS_MAX = 65_535;
const CHUNK_BYTES_MODULUS = 2 ** 32;
const STRTOUL_MAX = 2 ** 64;
const BOTH = 3;
const DOT = 0x2e;
const BLANK = 0x20;

const CODES: ReadonlySet<string> = new Set(
  `211 214 220 221 235 250 251 252 334 354 421 450 451 452 455 500 501 502 503 504 550 551 552 553 554 555`.split(' '),
);

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

export class SmtpParser implements Parser<SmtpTransaction> {
  readonly transactions: SmtpTransaction[] = [];
  hasFailed = false;
  upgradesTo: string | null = null;
  readonly #lines = [new SmtpLines(), new SmtpLines()] as const;
  readonly #session: SmtpSession = { helo: null };
  #current: SmtpTransaction | null = null;
  #count = 0;
  #command: Command = 'OTHER';
  /** What the client sends are no commands, but what the last one announced. */
  #isData = false;
  #hasWelcome = false;
  #isLongReply = false;
  /** The server takes commands before it has answered those before. */
  #takesPipelines = false;
  /** Commands without a reply. */
  #open: Command[] = [];
  #answered = 0;
  #chunkLength = 0;
  #chunkTaken = 0;
  readonly #raw = new RawCommands();
  /** Bits of the directions that have said all they will. */
  #ended = 0;

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (!this.hasFailed && bytes.length > 0) this.#read(direction, bytes);
    if (isLast) this.#ended |= 1 << direction;
    if (this.#ended === BOTH) for (const tx of this.transactions) tx.abandonFiles();
  }

  #read(direction: Direction, bytes: Uint8Array): void {
    const lines = this.#lines[direction];
    lines.begin(bytes);
    this.hasFailed = !(direction === 0 ? this.#requests(lines) : this.#replies(lines));
    lines.end();
  }

  gap(): void {
    this.hasFailed = true;
  }

  unused(direction: Direction): number {
    return this.#lines[direction].waiting;
  }

  required(direction: Direction): number {
    const { waiting } = this.#lines[direction];
    return waiting === 0 ? 0 : waiting + 1;
  }

  passOver(direction: Direction): void {
    this.#lines[direction].passOver();
  }

  takeFlush(direction: Direction): boolean {
    if (direction === 1) return false;
    const was = this.#raw.isFlushed;
    this.#raw.isFlushed = false;
    return was;
  }

  inspectDepth(direction: Direction): number {
    return direction === 0 ? this.#raw.depth : 0;
  }

  release(count: number): void {
    for (const gone of this.transactions.splice(0, count)) if (gone === this.#current) this.#current = null;
  }

  /** False where nothing more can be read. */
  #requests(lines: SmtpLines): boolean {
    if (this.#isData && (this.#command === 'DATA' || this.#command === 'BDAT') && !this.#pieces(lines)) return false;
    for (let line = lines.next(); line !== null; line = lines.next()) {
      if (!line.isRest && !this.#request(line)) return false;
      if (line.isTruncated) {
        this.#current?.event('truncated_line');
        return true;
      }
      if (this.#isData && this.#command === 'DATA' && !this.#pieces(lines)) return false;
    }
    return true;
  }

  /** Lines of a body have no limit; those of headers, and what may be a boundary, are taken as commands are. */
  #pieces(lines: SmtpLines): boolean {
    while (this.#isData && this.#current?.message?.isInHeader !== true) {
      const piece = lines.nextPiece();
      if (piece === null) return true;
      if (!this.#request(piece)) return false;
    }
    return true;
  }

  #request(line: SmtpLine): boolean {
    const text = this.#isData ? '' : textOf(line.text);
    const low = text.slice(0, 9).toLowerCase();
    const isOfLast = !this.#isData && (low.startsWith('rset') || low.startsWith('quit'));
    if (this.#current === null || (this.#current.isDone && !isOfLast)) {
      if (this.#count >= TRANSACTIONS_MAX) return false;
      this.#current = new SmtpTransaction(this.#count, this.#session, this.#raw);
      this.#raw.begin();
      this.#count += 1;
      this.transactions.push(this.#current);
    }
    const tx = this.#current;
    tx.isUpdated[0] = true;
    this.#raw.line(line.text.length + line.end.length);
    if (!this.#hasWelcome) tx.event('no_server_welcome_message');
    if (this.#isData) return this.#take(tx, line);
    if (low.startsWith('data') && tx.message !== null) {
      this.#command = 'DATA';
      tx.event('unparsable_content');
      return true;
    }
    return this.#begin(tx, text, low) && this.#enqueue(this.#command);
  }

  #begin(tx: SmtpTransaction, text: string, low: string): boolean {
    if (low.startsWith('starttls')) this.#command = 'STARTTLS';
    else if (low.startsWith('data')) {
      this.#command = 'DATA';
      tx.beginMail();
      if (this.#takesPipelines) this.#isData = true;
    } else if (low.startsWith('bdat')) {
      const length = /^ +([\t-\r ]*[+-]?\d+)/.exec(text.slice(4))?.[1];
      if (length === undefined) return false;
      this.#chunkLength = chunkLength(length);
      this.#command = 'BDAT';
      this.#isData = true;
    } else if (low.startsWith('rset')) {
      this.#chunkTaken = 0;
      this.#command = 'RSET';
    } else {
      this.#command = 'OTHER';
      this.#envelope(tx, text, low);
    }
    return true;
  }

  #envelope(tx: SmtpTransaction, text: string, low: string): void {
    if (low.startsWith('helo') || low.startsWith('ehlo')) {
      if (this.#session.helo !== null) tx.event('duplicate_fields');
      else this.#session.helo = wordFrom(text, 5);
    } else if (low === 'mail from') {
      if (tx.mailFrom !== null) tx.event('duplicate_fields');
      else tx.mailFrom = wordFrom(text, 10);
    } else if (low.startsWith('rcpt to')) tx.addRecipient(wordFrom(text, 8));
  }

  #enqueue(command: Command): boolean {
    const last = this.#open.at(-1);
    if (last === 'STARTTLS' || last === 'DATA') this.#current?.event('invalid_pipelined_sequence');
    if (this.#open.length >= COMMANDS_MAX) return false;
    this.#open.push(command);
    return true;
  }

  /** What a command announced. */
  #take(tx: SmtpTransaction, { text, end }: SmtpLine): boolean {
    if (this.#command === 'BDAT') {
      this.#chunkTaken = (this.#chunkTaken + text.length + end.length) % CHUNK_BYTES_MODULUS;
      if (this.#chunkTaken >= this.#chunkLength) this.#isData = false;
      if (this.#chunkTaken <= this.#chunkLength) return true;
      tx.event('bdat_chunk_len_exceeded');
      return false;
    }
    if (this.#command !== 'DATA') return true;
    const { message } = tx;
    if (text.length === 1 && text[0] === DOT) {
      this.#isData = false;
      this.#enqueue('MAIL');
      if (message !== null) {
        if (!message.complete()) tx.event('mime_parse_failed');
        tx.eventsOfMail();
      }
      tx.finish();
      return true;
    }
    if (message !== null && message.state !== 'PARSE_ERROR' && !message.line(text, end)) {
      tx.eventsOfMail();
      tx.event('mime_parse_failed');
    }
    return true;
  }

  #replies(lines: SmtpLines): boolean {
    for (let line = lines.next(); line !== null; line = lines.next()) {
      if (line.text.length === 0 && line.end.length === 1 && lines.isAtFirstByte) continue;
      if (!this.#reply(textOf(line.text))) return false;
      if (line.isTruncated) {
        this.#current?.event('truncated_line');
        break;
      }
    }
    return true;
  }

  #reply(text: string): boolean {
    const tx = this.#current;
    if (tx !== null) tx.isUpdated[1] = true;
    const code = text.slice(0, 3);
    if (code.length === 3) this.#isLongReply = text[3] === '-';
    if (!CODES.has(code)) {
      tx?.event('invalid_reply');
      return false;
    }
    if (this.#answered === this.#open.length) {
      // A welcome, or what nothing asked for.
      if (!this.#hasWelcome) {
        this.#hasWelcome = !this.#isLongReply;
        if (code !== '220') tx?.event('invalid_reply');
      }
      return true;
    }
    this.#answer(this.#open[this.#answered]!, code, tx);
    if (!this.#isLongReply) this.#answered += 1;
    else if (this.#hasWelcome && code === '250' && text.slice(4).toLowerCase() === 'pipelining')
      this.#takesPipelines = true;
    if (this.#answered === this.#open.length) {
      this.#open = [];
      this.#answered = 0;
    }
    return true;
  }

  #answer(command: Command, code: string, tx: SmtpTransaction | null): void {
    if (command === 'STARTTLS') {
      if (code === '220') {
        this.#isData = true;
        if (this.upgradesTo !== null) tx?.event('failed_protocol_change');
        this.upgradesTo = 'tls';
        tx?.finish();
      } else tx?.event('tls_rejected');
    } else if (command === 'DATA') {
      if (code === '354') this.#isData = true;
      else {
        if (this.#takesPipelines) this.#isData = false;
        tx?.event('data_command_rejected');
      }
    } else if (command === 'RSET' && code === '250' && !this.#isLongReply) tx?.finish();
  }
}

/** The word behind what every such command begins with and blanks. */
function wordFrom(text: string, start: number): Uint8Array {
  let from = start;
  while (from < text.length && text.charCodeAt(from) === BLANK) from += 1;
  const end = text.indexOf(' ', from);
  return Buffer.from(text.slice(from, end === -1 ? text.length : end), 'latin1');
}

/** As `strtoul` reads a number, in 32 bits. */
function chunkLength(text: string): number {
  const value = BigInt(text.replace(/[^0-9]/g, ''));
  const limited = value >= STRTOUL_MAX ? BigInt(STRTOUL_MAX) - 1n : text.includes('-') ? -value : value;
  return Number(BigInt.asUintN(32, limited));
}
