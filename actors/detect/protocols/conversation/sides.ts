/** What is known of what the two directions of a flow speak, and which of them is the client's. */
import { type Direction, opposite } from '../direction.ts';
import type { AnyProtocol } from '../protocol.ts';
import type { ConversationOptions } from './conversation-options.ts';
import { Detection, type Found } from './detection.ts';
import type { PortQuestions, Recogniser } from './recogniser.ts';

type Detections = readonly [Detection, Detection];

export class Sides {
  /** Bits of the directions of which it is to be told once more what they speak. */
  knownAgain = 0;
  /** Who seemed to be the client is the server, and nobody has heard of it yet. */
  isTurned = false;
  readonly #recogniser: Recogniser;
  readonly #options: ConversationOptions;
  #detections: Detections = [new Detection(), new Detection()];
  #questions: PortQuestions;
  /** The direction of which it is known because the other one was announced, and not by bytes of its own. */
  #silent: Direction | null = null;

  constructor(recogniser: Recogniser, options: ConversationOptions) {
    this.#recogniser = recogniser;
    this.#options = options;
    this.#questions = recogniser.questions(options.transport, options.sourcePort, options.destinationPort);
  }

  of(direction: Direction): Detection {
    return this.#detections[direction];
  }

  /** What the direction's own first bytes were found to speak, `failed` where nothing that is known; null: not yet. */
  spoken(direction: Direction): string | null {
    const isAssumed = this.#silent === direction && this.#detections[direction].protocol !== null;
    return isAssumed ? null : this.taken(direction);
  }

  /** What it is taken to speak, because of its own bytes or of the other direction's. */
  taken(direction: Direction): string | null {
    const { protocol, isNone } = this.#detections[direction];
    return protocol !== null ? protocol.name : isNone ? 'failed' : null;
  }

  get areOver(): boolean {
    return this.#detections[0].isOver && this.#detections[1].isOver;
  }

  /** There is nothing left to ask about, in either direction. */
  get areHopeless(): boolean {
    return this.#detections.every(({ isOver, isUndecided }) => isOver || !isUndecided);
  }

  /** `bytes`: all of the direction so far. */
  ask(direction: Direction, bytes: Uint8Array): Found | null {
    if (bytes.length === 0) return null;
    const heard = {
      recogniser: this.#recogniser,
      transport: this.#options.transport,
      questions: this.#questions,
      direction,
      bytes,
    };
    return this.#detections[direction].ask(heard, this.#detections[opposite(direction)]);
  }

  /** The direction's own bytes say so. */
  found(direction: Direction, protocol: AnyProtocol): void {
    this.#detections[direction].protocol = protocol;
    if (this.#silent === direction) this.#silent = null;
  }

  /** The direction is taken for what the other one speaks. */
  assume(direction: Direction, protocol: AnyProtocol | null): void {
    this.#detections[direction].protocol = protocol;
    this.#silent = direction;
  }

  /** Neither direction will be recognised. */
  giveUp(): void {
    for (const direction of [0, 1] as const) {
      this.#detections[direction].isNone = true;
      if (this.#detections[direction].protocol !== null) this.knownAgain |= 1 << direction;
    }
  }

  /** Everything is asked anew, as if nothing were known. What was known is given back. */
  restart(): Detections {
    const before = this.#detections;
    this.#detections = [new Detection(), new Detection()];
    return before;
  }

  resume(before: Detections): void {
    this.#detections = before;
  }

  /** From here on the flow is asked about as if its server had this port. */
  askAsAt(port: number): void {
    const { transport, sourcePort } = this.#options;
    this.#questions = this.#recogniser.questions(transport, sourcePort, port);
  }

  /** From here on the directions are the other way round, for what was learnt of them as well. */
  turn(): void {
    const { transport, sourcePort, destinationPort } = this.#options;
    this.#questions = this.#recogniser.questions(transport, destinationPort, sourcePort);
    this.#detections = [this.#detections[1], this.#detections[0]];
    this.isTurned = true;
  }

  takeReversal(): boolean {
    const was = this.isTurned;
    this.isTurned = false;
    return was;
  }
}
