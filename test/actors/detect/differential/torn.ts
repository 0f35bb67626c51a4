/**
 * A dialogue over TCP of which something is missing or out of its time: bytes that never come or come late, other bytes
 * in their place, an end amid what is said, data that no window has room for, a session of which the start was not seen.
 */
import type { Dialogue } from './dialogues/message.ts';
import type { Dice } from './dice.ts';
import type { Endpoints, Send } from './network.ts';
import { ACK, FIN, PUSH_ACK, RST, Segments, SYN } from './segments.ts';

/** What is done to a message; each sends it, more or less. */
const TEARS = [
  'gap',
  'late',
  'again',
  'contradicted',
  'reset',
  'ended',
  'beyond window',
  'probed',
  'acknowledged ahead',
  'opened again',
] as const;
type Tear = (typeof TEARS)[number];

/** What is done to the session as a whole. */
const OPENINGS = ['no SYN', 'no SYN/ACK', 'no ACK', 'nothing', 'amid', 'SYN with data'] as const;
type Opening = 'whole' | (typeof OPENINGS)[number];

const LOST_MAX = [1, 3, 20, 60, 2000];
const NONE = new Uint8Array();
const PIECE_MAX = 1400;

export class TornSession {
  readonly #dice: Dice;
  readonly #segments: Segments;
  /** The number of the first byte that each side says. */
  readonly #first: [number, number];
  readonly #said: [Uint8Array, Uint8Array] = [NONE, NONE];
  readonly #tears: readonly Tear[];
  readonly #opening: Opening;
  /** Of this side nothing is seen. */
  readonly #unseen: 0 | 1 | null;
  /** Bytes that come after what is said next. */
  #owed: (() => void)[] = [];
  /** Nothing more is said. */
  #isOver = false;

  constructor(dice: Dice, { serverPort }: Dialogue, { clientPort }: Endpoints, send: Send) {
    this.#dice = dice;
    const first = (): number => (dice.chance(0.1) ? 0xffff_ffff - dice.int(0, 60) : dice.int(0, 0xffff_0000));
    this.#first = [first(), first()];
    const isOpening = dice.chance(0.2);
    this.#opening = isOpening ? dice.pick(OPENINGS) : 'whole';
    this.#unseen = dice.chance(0.03) ? dice.pick([0, 1] as const) : null;
    const isTorn = !isOpening || dice.chance(0.4);
    this.#tears = isTorn ? [dice.pick(TEARS), ...(dice.chance(0.3) ? [dice.pick(TEARS)] : [])] : [];
    const options = { hasTimestamps: dice.chance(0.15), window: dice.pick([65_535, 65_535, 8192, 512]) };
    this.#segments = new Segments([clientPort, serverPort], options, send);
  }

  run({ messages }: Dialogue): void {
    this.#open();
    const skipped = this.#opening === 'amid' ? this.#dice.int(1, messages.length) : 0;
    for (const [i, { direction, bytes }] of messages.entries()) {
      if (i < skipped) {
        if (this.#dice.chance(0.5)) this.#first[direction] += bytes.length;
      } else if (!this.#isOver) this.#say(direction, bytes);
    }
    this.#pay();
    this.#close();
  }

  #open(): void {
    const opening = this.#opening;
    const early = opening === 'SYN with data' ? this.#dice.bytes(this.#dice.int(1, 9)) : NONE;
    const [client, server] = this.#first;
    if (opening !== 'no SYN' && opening !== 'nothing' && opening !== 'amid') this.#sent(0, SYN, client, 0, early);
    if (opening !== 'no SYN/ACK' && opening !== 'nothing' && opening !== 'amid')
      this.#sent(1, SYN | ACK, server, client + 1);
    this.#first[0] += 1;
    this.#first[1] += 1;
    if (opening !== 'no ACK' && opening !== 'nothing' && opening !== 'amid') this.#sent(0, ACK, client + 1, server + 1);
  }

  #say(direction: 0 | 1, bytes: Uint8Array): void {
    const dice = this.#dice;
    const owed = this.#owed;
    this.#owed = [];
    const start = this.#said[direction].length;
    this.#said[direction] = Buffer.concat([this.#said[direction], bytes]);
    if (this.#tears.length > 0 && dice.chance(0.5)) this.#tear(dice.pick(this.#tears), direction, start);
    else this.#send(direction, start, this.#said[direction].length);
    for (const pay of owed) pay();
    if (!this.#isOver && dice.chance(0.9)) this.#acknowledge(direction);
  }

  #pay(): void {
    for (const pay of this.#owed) pay();
    this.#owed = [];
  }

  #tear(tear: Tear, direction: 0 | 1, start: number): void {
    const dice = this.#dice;
    const end = this.#said[direction].length;
    const other: 0 | 1 = direction === 0 ? 1 : 0;
    const at = dice.int(start, end);
    const to = Math.min(end, at + dice.int(1, dice.pick(LOST_MAX)));
    switch (tear) {
      case 'gap':
        this.#send(direction, start, at);
        this.#send(direction, to, end);
        break;
      case 'late': {
        this.#send(direction, start, at);
        this.#send(direction, to, end);
        if (dice.chance(0.3)) this.#acknowledge(direction, at);
        const late = (): void => this.#piece(direction, at, this.#changed(direction, at, to, 0.3));
        if (dice.chance(0.5)) this.#acknowledge(direction);
        if (dice.chance(0.5)) this.#owed.push(late);
        else late();
        break;
      }
      case 'again': {
        this.#send(direction, start, end);
        if (dice.chance(0.7)) this.#acknowledge(direction);
        const from = dice.int(Math.max(0, start - 20), end);
        const bytes = this.#changed(direction, from, dice.chance(0.3) ? end : to, 0.3);
        const more = dice.chance(0.2) ? dice.bytes(dice.int(1, 8)) : NONE;
        this.#piece(direction, from, Buffer.concat([bytes, more]));
        break;
      }
      case 'contradicted': {
        const isFirst = dice.chance(0.5);
        const from = Math.max(0, at - dice.int(0, 4));
        const wrong = (): void => this.#piece(direction, from, this.#changed(direction, from, to, 1));
        if (isFirst) wrong();
        this.#send(direction, start, end);
        if (!isFirst) wrong();
        break;
      }
      case 'reset': {
        this.#send(direction, start, at);
        const from = dice.chance(0.7) ? direction : other;
        const shift = dice.pick([0, 0, 0, 1, -1, 5, 1000, 70_000]);
        const flags = dice.pick([RST, RST | ACK]);
        const next = from === direction ? at : this.#said[other].length;
        this.#sent(from, flags, this.#first[from] + next + shift, flags === RST ? 0 : this.#acknowledgment(from));
        if (dice.chance(0.5)) this.#send(direction, at, end);
        else this.#isOver = true;
        break;
      }
      case 'ended': {
        this.#send(direction, start, at);
        const from = dice.chance(0.7) ? direction : other;
        const next = from === direction ? at : this.#said[other].length;
        const bytes = from === direction && dice.chance(0.4) ? this.#said[direction].subarray(at, to) : NONE;
        const shift = dice.pick([0, 0, 0, 0, 1, 20]);
        this.#sent(from, FIN | ACK, this.#first[from] + next + shift, this.#acknowledgment(from), bytes);
        if (dice.chance(0.3))
          this.#sent(
            from === 0 ? 1 : 0,
            ACK,
            this.#next(from === 0 ? 1 : 0),
            this.#first[from] + next + bytes.length + 1,
          );
        if (dice.chance(0.6)) this.#send(direction, at, end);
        else this.#isOver = dice.chance(0.5);
        break;
      }
      case 'beyond window': {
        const beyond = dice.pick([this.#segments.window, this.#segments.window, 65_535, 100_000, 1 << 20]);
        this.#piece(direction, start + beyond + dice.int(-20, 20), this.#changed(direction, at, to, 0.2));
        this.#send(direction, start, end);
        break;
      }
      case 'probed': {
        this.#send(direction, start, at);
        this.#sent(other, ACK, this.#next(other), this.#first[direction] + at, NONE, 0);
        const shift = dice.pick([0, 0, -1]);
        const length = dice.pick([1, 1, 0, to - at]);
        this.#piece(direction, at + shift, this.#changed(direction, Math.max(0, at + shift), at + shift + length, 0.3));
        if (dice.chance(0.7))
          this.#sent(other, ACK, this.#next(other), this.#first[direction] + at + dice.int(0, 1), NONE, 0);
        if (dice.chance(0.7)) this.#sent(other, ACK, this.#next(other), this.#first[direction] + at);
        this.#send(direction, at, end);
        break;
      }
      case 'acknowledged ahead':
        this.#send(direction, start, at);
        this.#acknowledge(direction, dice.chance(0.7) ? to : end + dice.pick([1, 10, 1000]));
        this.#send(direction, at, end);
        break;
      case 'opened again': {
        this.#send(direction, start, at);
        const shift = dice.pick([0, 0, -1, 7, 1000, 3_000_000]);
        if (dice.chance(0.7)) this.#sent(0, SYN, this.#first[0] - 1 + shift, 0);
        if (dice.chance(0.4)) this.#sent(1, SYN | ACK, this.#first[1] - 1 + dice.pick([0, 9]), this.#first[0] + shift);
        this.#send(direction, at, end);
      }
    }
  }

  /** Bytes of what one side says, changed in `share` of the cases. */
  #changed(direction: 0 | 1, from: number, to: number, share: number): Uint8Array {
    const bytes = Uint8Array.from(this.#said[direction].subarray(from, Math.max(from, to)));
    return this.#dice.chance(share) ? this.#dice.bytes(bytes.length) : bytes;
  }

  /** In pieces. */
  #send(direction: 0 | 1, from: number, to: number): void {
    const dice = this.#dice;
    const cut = dice.chance(0.3) ? dice.int(from, to) : to;
    for (let at = from; at < to; ) {
      const end = Math.min(at < cut ? cut : to, at + PIECE_MAX);
      this.#piece(direction, at, this.#said[direction].subarray(at, end));
      at = end;
    }
  }

  #piece(direction: 0 | 1, at: number, bytes: Uint8Array): void {
    this.#sent(direction, PUSH_ACK, this.#first[direction] + at, this.#acknowledgment(direction), bytes);
  }

  /** The other side says that it has what came up to there. */
  #acknowledge(direction: 0 | 1, to: number = this.#said[direction].length): void {
    const other = direction === 0 ? 1 : 0;
    this.#sent(other, ACK, this.#next(other), this.#first[direction] + to);
  }

  /** What a side says that it has of the other one: all, but for what is just being said. */
  #acknowledgment(direction: 0 | 1): number {
    return this.#next(direction === 0 ? 1 : 0);
  }

  #next(direction: 0 | 1): number {
    return this.#first[direction] + this.#said[direction].length;
  }

  #close(): void {
    const dice = this.#dice;
    const [client, server] = [this.#next(0), this.#next(1)];
    const end = dice.weighted([
      [4, 'fin'],
      [1, 'half'],
      [1, 'again'],
      [1, 'reset'],
      [3, 'none'],
    ] as const);
    if (end === 'none') return;
    if (end === 'reset') {
      const from = dice.pick([0, 1] as const);
      this.#sent(from, RST | ACK, this.#next(from), this.#acknowledgment(from));
      return;
    }
    const from = dice.pick([0, 0, 1] as const);
    const other = from === 0 ? 1 : 0;
    const [mine, yours] = from === 0 ? [client, server] : [server, client];
    this.#sent(from, FIN | ACK, mine, yours);
    if (end === 'half') return;
    if (end === 'again') this.#sent(from, FIN | ACK, mine, yours);
    this.#sent(other, FIN | ACK, yours, mine + 1);
    if (dice.chance(0.8)) this.#sent(from, ACK, mine + 1, yours + 1);
    if (dice.chance(0.2)) this.#sent(dice.pick([0, 1] as const), RST, dice.pick([client, server]), 0);
  }

  #sent(
    direction: 0 | 1,
    flags: number,
    sequence: number,
    acknowledgment: number,
    bytes?: Uint8Array,
    window?: number,
  ): void {
    if (direction !== this.#unseen) this.#segments.send(direction, flags, sequence, acknowledgment, bytes, window);
  }
}
