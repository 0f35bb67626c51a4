/** A dialogue over TCP: smooth, rough (cut, swapped, repeated, overlapping) or hostile (lost, contradicted, forged). */
import type { Dialogue } from './dialogues/message.ts';
import type { Dice } from './dice.ts';
import type { Endpoints, Send } from './network.ts';
import { ACK, CWR, ECE, FIN, PUSH_ACK, RST, Segments, SYN, URG } from './segments.ts';

interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class Session {
  readonly #dice: Dice;
  readonly #segments: Segments;
  readonly #next: [number, number];
  readonly #how: 'smooth' | 'rough' | 'hostile';

  constructor(dice: Dice, { serverPort }: Dialogue, { clientPort }: Endpoints, send: Send) {
    this.#dice = dice;
    const first = (): number => (dice.chance(0.06) ? 0xffff_ffff - dice.int(0, 60) : dice.int(0, 0xffff_0000));
    this.#next = [first(), first()];
    this.#how = dice.weighted([
      [55, 'smooth'],
      [38, 'rough'],
      [7, 'hostile'],
    ]);
    const hasTimestamps = dice.chance(0.2);
    const window = dice.pick([65_535, 65_535, 65_535, 8192, 29_200]);
    this.#segments = new Segments([clientPort, serverPort], { hasTimestamps, window }, send);
  }

  run({ messages }: Dialogue): void {
    if (this.#dice.chance(0.96)) this.#open();
    this.#next[0] += 1;
    this.#next[1] += 1;
    for (const { direction, bytes } of messages) this.#say(direction, bytes);
    this.#close();
  }

  #open(): void {
    const [client, server] = this.#next;
    const dice = this.#dice;
    const isEcn = dice.chance(0.04);
    this.#segments.send(0, SYN | (isEcn ? ECE | CWR : 0), client, 0);
    if (dice.chance(0.03)) this.#segments.send(0, SYN, client, 0);
    this.#segments.send(1, SYN | ACK | (isEcn ? ECE : 0), server, client + 1);
    if (dice.chance(0.03)) this.#segments.send(1, SYN | ACK, server, client + 1);
    // The first data may be the last part of the handshake.
    if (dice.chance(0.95)) this.#segments.send(0, ACK, client + 1, server + 1);
  }

  #say(direction: 0 | 1, bytes: Uint8Array): void {
    const dice = this.#dice;
    const other: 0 | 1 = direction === 0 ? 1 : 0;
    const [next, isRough, isHostile] = [this.#next, this.#how !== 'smooth', this.#how === 'hostile'];
    for (const { at, bytes: piece } of this.#pieces(bytes)) {
      const flags = isHostile && dice.chance(0.02) ? PUSH_ACK | URG : PUSH_ACK;
      if (isHostile && dice.chance(0.06) && piece.length > 0) this.#attack(direction, next[direction] + at, piece);
      if (!(isHostile && dice.chance(0.03)))
        this.#segments.send(direction, flags, next[direction] + at, next[other], piece);
      if (isRough && dice.chance(0.3)) this.#segments.send(other, ACK, next[other], next[direction] + Math.max(0, at));
    }
    next[direction] += bytes.length;
    if (dice.chance(0.9)) this.#segments.send(other, ACK, next[other], next[direction]);
    if (isRough && dice.chance(0.02))
      this.#segments.send(direction, ACK, next[direction] - 1, next[other], Uint8Array.of(0));
  }

  #pieces(bytes: Uint8Array): Piece[] {
    const dice = this.#dice;
    const isRough = this.#how !== 'smooth';
    const pieces: Piece[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = isRough ? dice.int(1, Math.max(1, Math.min(1400, Math.ceil(bytes.length / 2)))) : 1400;
      const from = isRough && at > 3 && dice.chance(0.1) ? at - dice.int(1, 3) : at;
      pieces.push({ at: from, bytes: bytes.subarray(from, at + length) });
      if (isRough && dice.chance(0.08)) pieces.push(pieces.at(-1)!);
      at += length;
    }
    for (let i = 0; isRough && i + 1 < pieces.length; i += 1)
      if (dice.chance(0.12)) [pieces[i], pieces[i + 1]] = [pieces[i + 1]!, pieces[i]!];
    return pieces;
  }

  /** Something that the target would not take, or takes in the place of what is meant. */
  #attack(direction: 0 | 1, sequence: number, piece: Uint8Array): void {
    const dice = this.#dice;
    const other: 0 | 1 = direction === 0 ? 1 : 0;
    const forged = dice.bytes(piece.length);
    dice.weighted<() => void>([
      [4, () => this.#segments.send(direction, PUSH_ACK, sequence, this.#next[other], forged)],
      [2, () => this.#segments.send(direction, PUSH_ACK, sequence + 100_000, this.#next[other], forged)],
      [1, () => this.#segments.send(direction, RST, sequence + 70_000, 0)],
      [1, () => this.#segments.send(direction, PUSH_ACK, sequence, this.#next[other] + 90_000, forged)],
      [1, () => this.#segments.send(direction, 0, sequence, 0, forged)],
    ])();
  }

  #close(): void {
    const dice = this.#dice;
    const [client, server] = this.#next;
    const end = dice.weighted([
      [5, 'fin'],
      [1, 'of server'],
      [1, 'reset'],
      [3, 'none'],
    ] as const);
    if (end === 'reset') {
      const from = dice.int(0, 1) as 0 | 1;
      this.#segments.send(from, RST | ACK, this.#next[from], this.#next[from === 0 ? 1 : 0]);
    } else if (end === 'fin') {
      this.#segments.send(0, FIN | ACK, client, server);
      if (dice.chance(0.15)) this.#segments.send(1, ACK, server, client + 1);
      this.#segments.send(1, FIN | ACK, server, client + 1);
      this.#segments.send(0, ACK, client + 1, server + 1);
    } else if (end === 'of server') {
      this.#segments.send(1, FIN | ACK, server, client);
      this.#segments.send(0, FIN | ACK, client, server + 1);
      this.#segments.send(1, ACK, server + 1, client + 1);
    }
  }
}
