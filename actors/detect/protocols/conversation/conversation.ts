/** What is said in a flow, above its transport, as all others see it. */
import { type Direction, opposite } from '../direction.ts';
import type { AnyProtocol, Parser, Transaction } from '../protocol.ts';
import type { ConversationOptions } from './conversation-options.ts';
import { hearDatagram } from './datagram-recognition.ts';
import { News } from './news.ts';
import { Parsing } from './parsing.ts';
import type { Recogniser } from './recogniser.ts';
import { Sides } from './sides.ts';
import { StreamRecognition } from './stream-recognition.ts';

export class Conversation {
  /** `keptBytes` when somebody counted them last. */
  countedBytes = 0;
  readonly #sides: Sides;
  readonly #parsing: Parsing;
  readonly #news = new News();
  /** Over TCP alone. */
  readonly #stream: StreamRecognition | null;

  constructor(recogniser: Recogniser, options: ConversationOptions) {
    this.#sides = new Sides(recogniser, options);
    this.#parsing = new Parsing(options.transport);
    this.#stream =
      options.transport === 'tcp' ? new StreamRecognition(this.#sides, this.#parsing, this.#news, options) : null;
  }

  get protocol(): AnyProtocol | null {
    return this.#parsing.protocol;
  }

  get parser(): Parser<Transaction> | null {
    return this.#parsing.parser;
  }

  /** Nothing more will be parsed. */
  get hasFailed(): boolean {
    return this.#parsing.hasFailed;
  }

  /** Another protocol is to follow in the flow, and it is not known yet which. */
  get isChanging(): boolean {
    return this.#stream?.change.isPending ?? false;
  }

  /** What it was parsed as before another protocol followed in it. */
  get original(): string | null {
    return this.#stream?.change.original ?? null;
  }

  /** What the direction's own first bytes said. */
  side(direction: Direction): 'unknown' | 'failed' | 'found' {
    const { protocol, isOver } = this.#sides.of(direction);
    return protocol !== null ? 'found' : isOver || this.hasFailed ? 'failed' : 'unknown';
  }

  /**
   * What the direction's own first bytes were found to speak, `failed` where nothing that is known; null: not yet, and
   * never where the parser of the other direction has given up before.
   */
  spoken(direction: Direction): string | null {
    return this.#sides.spoken(direction);
  }

  /** What the direction is taken to speak, where its own bytes do not say it, too. */
  taken(direction: Direction): string | null {
    return this.#sides.taken(direction);
  }

  /** What the flow is parsed as; `failed`: nothing of both directions is known; null: not yet. */
  get final(): string | null {
    if (this.protocol !== null) return this.protocol.name;
    return this.hasFailed || this.#sides.areOver ? 'failed' : null;
  }

  /** Bits of the directions of which it is to be told once more what they speak. */
  get knownAgain(): number {
    return this.#sides.knownAgain;
  }

  /** It was told. */
  clearKnownAgain(): void {
    this.#sides.knownAgain = 0;
  }

  /**
   * True once, where the data just given showed that who seemed to be the client is the server. The flow is turned
   * round then; what is given from there on has the new directions.
   */
  takeReversal(): boolean {
    return this.#sides.takeReversal();
  }

  /** Once: what there was of transactions is another protocol's, or nobody's. */
  takeReplaced(): boolean {
    return this.#parsing.takeReplaced();
  }

  /** Both directions have said all they will: what they have not finished stays so. */
  get hasEnded(): boolean {
    return this.#parsing.hasEnded;
  }

  /** What was odd about how the protocol was recognised, with the packet in hand, by the names of `app-layer-event`. */
  get events(): readonly string[] {
    return this.#news.events;
  }

  /** The parser was given something of the direction since its last packet, or of either with the packet in hand. */
  hasNews(direction: Direction): boolean {
    return this.#news.has(direction);
  }

  /** The direction's packet was examined. */
  afterPacket(direction: Direction): void {
    if (this.#news.clear(direction)) this.#parsing.forgetUpdates(direction);
  }

  data(given: Direction, bytes: Uint8Array, isLast: boolean): void {
    const parsing = this.#parsing;
    if (parsing.hasFailed) {
      if (isLast) parsing.end(given);
      return;
    }
    const direction = this.#own(given);
    parsing.hasParsed = false;
    if (this.#stream === null) hearDatagram(this.#sides, parsing, this.#news, direction, bytes);
    else this.#stream.data(direction, bytes, isLast);
    if (parsing.hasParsed) this.#news.add(this.#own(given));
    if (parsing.parser?.hasFailed === true) parsing.stop();
  }

  /** False: what is missing may still come, or nothing more is parsed. */
  gap(given: Direction, length: number, isLast: boolean): boolean {
    if (this.#stream === null || this.hasFailed) return false;
    return this.#stream.gap(this.#own(given), length, isLast);
  }

  /** As many of the bytes that were given last wait for those that follow. */
  unused(given: Direction): number {
    return this.#parsing.unused(this.#own(given));
  }

  /** What is not used is not waited for any more. */
  passOver(given: Direction): void {
    this.parser?.passOver?.(this.#own(given));
  }

  /** What is kept of the flow's bytes, and of what was made of them. */
  get keptBytes(): number {
    return this.#parsing.keptBytes;
  }

  /** Until the flow is turned round, too, those who give still have the old directions. */
  #own(given: Direction): Direction {
    return this.#sides.isTurned ? opposite(given) : given;
  }
}
