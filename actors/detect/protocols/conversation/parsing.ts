/** The parser of a flow, and the bytes that wait until there is one. */
import type { Direction } from '../direction.ts';
import { joined } from '../pending-bytes.ts';
import type { AnyProtocol, ExpectedTransfer, Parser, Transaction, Transport } from '../protocol.ts';

const NO_BYTES = new Uint8Array();
/** Measured, roughly: a transaction of which nothing is kept but itself. */
const TRANSACTION_COST_BYTES = 1024;
/** Rooms for what waits grow to twice what is in them. */
const UNUSED_COST = 2;
const BOTH = 3;

export class Parsing {
  protocol: AnyProtocol | null = null;
  parser: Parser<Transaction> | null = null;
  /** Nothing more will be parsed. */
  hasFailed = false;
  /** The parser was asked since this was last set. */
  hasParsed = false;
  /** What another flow has said of this one. */
  transfer: ExpectedTransfer | null = null;
  readonly #transport: Transport;
  #waiting: [Uint8Array, Uint8Array] = [NO_BYTES, NO_BYTES];
  #isReplaced = false;
  /** Bits of the directions that have said all they will, to the parser. */
  #ended = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** From here on this is spoken; what was parsed as something else is nobody's any more. */
  open(protocol: AnyProtocol): void {
    if (this.protocol === protocol) return;
    if (this.parser !== null) this.#isReplaced = true;
    this.protocol = protocol;
    this.parser = protocol.open(this.#transport, this.transfer);
  }

  /** A parser that was put away is opened once more. */
  openAgain(protocol: AnyProtocol): void {
    this.parser ??= protocol.open(this.#transport, this.transfer);
  }

  /** With a parser that knows nothing of what came before. */
  openAnew(protocol: AnyProtocol): void {
    this.parser = protocol.open(this.#transport);
  }

  /** Until it is opened again. */
  putAway(): void {
    this.parser = null;
  }

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.parser === null) return;
    this.hasParsed = true;
    this.parser.data(direction, bytes, isLast);
    // What waits for more is the parser's until nothing more can come.
    if (isLast && (this.parser.unused?.(direction) ?? 0) === 0) this.end(direction);
  }

  end(direction: Direction): void {
    this.#ended |= 1 << direction;
  }

  get hasEnded(): boolean {
    return this.#ended === BOTH;
  }

  stop(): void {
    this.hasFailed = true;
    this.#waiting = [NO_BYTES, NO_BYTES];
  }

  /** Of what was read nothing is known any more. */
  abandon(): void {
    this.protocol = null;
    if (this.parser !== null) this.#isReplaced = true;
    this.parser = null;
    this.stop();
  }

  takeReplaced(): boolean {
    const was = this.#isReplaced;
    this.#isReplaced = false;
    return was;
  }

  forgetUpdates(direction: Direction): void {
    const transactions = this.parser?.transactions ?? [];
    if (transactions[0]?.isUpdated === undefined) return;
    for (const { isUpdated } of transactions) if (isUpdated !== undefined) isUpdated[direction] = false;
  }

  /** What waits of the direction. */
  waiting(direction: Direction): Uint8Array {
    return this.#waiting[direction];
  }

  /** What waits of the direction, and this behind it. */
  withWaiting(direction: Direction, bytes: Uint8Array): Uint8Array {
    return joined(this.#waiting[direction], bytes);
  }

  /** All of this waits, and nothing else. */
  keep(direction: Direction, bytes: Uint8Array): void {
    if (bytes !== this.#waiting[direction]) this.#waiting[direction] = Uint8Array.from(bytes);
  }

  dropWaiting(direction: Direction): void {
    this.#waiting[direction] = NO_BYTES;
  }

  /** The directions of what waits are the other way round. */
  turn(): void {
    this.#waiting = [this.#waiting[1], this.#waiting[0]];
  }

  /** As many bytes of the direction wait, here or in the parser. */
  unused(direction: Direction): number {
    const waiting = this.#waiting[direction].length;
    return waiting > 0 ? waiting : (this.parser?.unused?.(direction) ?? 0);
  }

  get keptBytes(): number {
    const { parser } = this;
    let bytes = this.#waiting[0].length + this.#waiting[1].length;
    if (parser === null) return bytes;
    bytes += parser.keptBytes ?? 0;
    if (parser.unused !== undefined) bytes += UNUSED_COST * (parser.unused(0) + parser.unused(1));
    for (const { keptBytes } of parser.transactions) bytes += TRANSACTION_COST_BYTES + (keptBytes ?? 0);
    return bytes;
  }
}
