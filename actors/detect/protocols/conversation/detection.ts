/** What is known of the protocol of one direction, and which questions are still open about it. */
import { type Direction, opposite } from '../direction.ts';
import type { AnyProtocol, ProbeAnswer, Transport } from '../protocol.ts';
import type { PortQuestion, PortQuestions, Recogniser } from './recogniser.ts';

export interface Found {
  readonly protocol: AnyProtocol;
  /** Who seemed to be the client is the server. */
  readonly isReversed: boolean;
}

/** What is asked about: all bytes of the direction so far. */
export interface Heard {
  readonly recogniser: Recogniser;
  readonly transport: Transport;
  readonly questions: PortQuestions;
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

export class Detection {
  protocol: AnyProtocol | null = null;
  /** It is settled: with a protocol of its own, or without one. */
  isOver = false;
  /** Its own bytes are known to speak nothing. */
  isNone = false;
  #patternsDone = false;
  #portsDone = false;
  /** Protocols that have said no. */
  readonly #refused: AnyProtocol[] = [];

  get isUndecided(): boolean {
    return !(this.#patternsDone && this.#portsDone);
  }

  /** `other`: what is known of the other direction. */
  ask(heard: Heard, other: Detection): Found | null {
    if (!this.#patternsDone) {
      const found = this.#askPatterns(heard);
      if (found !== null) {
        this.#patternsDone = true;
        // The other direction gets another chance beside its own patterns.
        if (other.protocol === null) other.#portsDone = false;
        return found;
      }
    }
    return this.#portsDone ? null : this.#askPorts(heard, other);
  }

  #askPatterns(heard: Heard): Found | null {
    const { recogniser, transport, direction, bytes } = heard;
    const own = match(heard, direction);
    if (own !== null) return own;
    let isDone = bytes.length >= recogniser.patterns(transport, direction).deepest;
    if (recogniser.asksBothWays) {
      const other = opposite(direction);
      const reversed = match(heard, other);
      if (reversed !== null) return reversed;
      isDone &&= bytes.length >= recogniser.patterns(transport, other).deepest;
    }
    this.#patternsDone = isDone;
    return null;
  }

  #askPorts(heard: Heard, other: Detection): Found | null {
    const { recogniser, transport, questions, direction } = heard;
    const first = other.protocol === null ? null : recogniser.ofProtocol(transport, other.protocol);
    const found = this.#askFor(heard, first, questions.own, this);
    if (found !== null) return found;
    const isAsked = first !== null || questions.own.length > 0;
    if (isAsked && questions.own.every(({ protocol }) => this.#refused.includes(protocol))) this.#portsDone = true;
    if (questions.turned.length > 0 || (isAsked && recogniser.asksBothWays))
      // Whoever says no then is not asked about the client any more.
      return this.#askFor(heard, first, questions.turned, direction === 0 ? this : other);
    if (!isAsked) this.#portsDone = true;
    return null;
  }

  #askFor(
    heard: Heard,
    first: PortQuestion | null,
    questions: readonly PortQuestion[],
    refused: Detection,
  ): Found | null {
    const found = first === null ? null : askOne(heard, first, refused.#refused);
    if (found !== null) return found;
    for (const question of questions) {
      const answered = askOne(heard, question, refused.#refused);
      if (answered !== null) return answered;
    }
    return null;
  }
}

function match({ recogniser, transport, direction, bytes }: Heard, side: Direction): Found | null {
  for (const { protocol, probe } of recogniser.patterns(transport, side).in(bytes)) {
    const answer: ProbeAnswer = probe.confirm === undefined ? 'yes' : probe.confirm(bytes, direction);
    const isReversed = probe.confirm === undefined ? side !== direction : answer === 'reversed';
    if (answer === 'yes' || answer === 'reversed') return { protocol, isReversed };
  }
  return null;
}

/** `refused`: who has said no, and is not asked again. */
function askOne({ direction, bytes }: Heard, { protocol, probe }: PortQuestion, refused: AnyProtocol[]): Found | null {
  if (bytes.length < probe.least || refused.includes(protocol)) return null;
  const ask = direction === 0 ? probe.toServer : probe.toClient;
  const answer = ask === null ? 'more' : ask(bytes, direction);
  if (answer === 'yes' || answer === 'reversed')
    return { protocol, isReversed: probe.tellsDirection === true && answer === 'reversed' };
  if (answer === 'no' || (probe.most > 0 && bytes.length > probe.most)) refused.push(protocol);
  return null;
}
