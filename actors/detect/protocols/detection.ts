/** What is known of the protocol of one direction, and which questions are still open about it. */
import type { Direction } from './direction.ts';
import type { ProbeAnswer, Transport } from './protocol.ts';
import type { AnyProtocol, PortQuestion, Recogniser } from './recogniser.ts';

export interface Found {
  readonly protocol: AnyProtocol;
  /** Who seemed to be the client is the server. */
  readonly isReversed: boolean;
}

export class Detection {
  protocol: AnyProtocol | null = null;
  /** It is settled: with a protocol of its own, or without one. */
  isOver = false;
  /** Its own bytes are known to speak nothing. */
  isNone = false;
  patternsDone = false;
  portsDone = false;
  readonly #direction: Direction;
  /** Protocols that have said no, by what asked them. */
  readonly #refused: PortQuestion[] = [];

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  get isUndecided(): boolean {
    return !(this.patternsDone && this.portsDone);
  }

  /** `bytes`: all of this direction so far. `other`: what the other one was found to speak. */
  ask(
    recogniser: Recogniser,
    transport: Transport,
    questions: readonly PortQuestion[],
    bytes: Uint8Array,
    other: Detection,
    isMidstream: boolean,
  ): Found | null {
    if (!this.patternsDone) {
      const found = this.#askPatterns(recogniser, transport, bytes, isMidstream);
      if (found !== null) {
        this.patternsDone = true;
        // The other direction gets another chance beside its own patterns.
        if (other.protocol === null) other.portsDone = false;
        return found;
      }
    }
    return this.portsDone ? null : this.#askPorts(recogniser, transport, questions, bytes, other);
  }

  #askPatterns(recogniser: Recogniser, transport: Transport, bytes: Uint8Array, isMidstream: boolean): Found | null {
    const own = this.#match(recogniser, transport, this.#direction, bytes);
    if (own !== null) return own;
    let isDone = bytes.length >= recogniser.patterns(transport, this.#direction).deepest;
    if (isMidstream) {
      const opposite: Direction = this.#direction === 0 ? 1 : 0;
      const reversed = this.#match(recogniser, transport, opposite, bytes);
      if (reversed !== null) return reversed;
      isDone &&= bytes.length >= recogniser.patterns(transport, opposite).deepest;
    }
    this.patternsDone = isDone;
    return null;
  }

  #match(recogniser: Recogniser, transport: Transport, side: Direction, bytes: Uint8Array): Found | null {
    for (const { protocol, probe } of recogniser.patterns(transport, side).in(bytes)) {
      const answer: ProbeAnswer = probe.confirm === undefined ? 'yes' : probe.confirm(bytes, this.#direction);
      const isTurned = probe.confirm === undefined ? side !== this.#direction : answer === 'reversed';
      if (answer === 'yes' || answer === 'reversed') return { protocol, isReversed: isTurned };
    }
    return null;
  }

  #askPorts(
    recogniser: Recogniser,
    transport: Transport,
    questions: readonly PortQuestion[],
    bytes: Uint8Array,
    other: Detection,
  ): Found | null {
    const first = other.protocol === null ? null : recogniser.ofProtocol(transport, other.protocol);
    if (first === null && questions.length === 0) {
      this.portsDone = true;
      return null;
    }
    const asked = first === null ? null : this.#askOne(first, bytes);
    if (asked !== null) return asked;
    for (const question of questions) {
      const found = this.#askOne(question, bytes);
      if (found !== null) return found;
    }
    this.portsDone = questions.every((question) => this.#hasRefused(question));
    return null;
  }

  #askOne(question: PortQuestion, bytes: Uint8Array): Found | null {
    const { protocol, probe } = question;
    if (bytes.length < probe.least || this.#hasRefused(question)) return null;
    const isTurned = question.isTurned === true;
    const direction: Direction = isTurned === (this.#direction === 0) ? 1 : 0;
    const ask = direction === 0 ? probe.toServer : probe.toClient;
    const answer = ask === null ? 'more' : ask(bytes, direction);
    if (answer === 'yes' || answer === 'reversed')
      return { protocol, isReversed: probe.tellsDirection === true && (answer === 'reversed') !== isTurned };
    if (answer === 'no' || (probe.most > 0 && bytes.length > probe.most)) this.#refused.push(question);
    return null;
  }

  #hasRefused({ protocol }: PortQuestion): boolean {
    return this.#refused.some((one) => one.protocol === protocol);
  }
}
