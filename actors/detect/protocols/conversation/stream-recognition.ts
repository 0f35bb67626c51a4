/**
 * Which protocol a session of TCP speaks: bytes are kept until a direction's first ones are recognised. The order of the
 * questions, and when they are given up, are Suricata's.
 */
import { type Direction, opposite } from '../direction.ts';
import { ftpData } from '../ftp/index.ts';
import type { AnyProtocol } from '../protocol.ts';
import type { ConversationOptions } from './conversation-options.ts';
import type { News } from './news.ts';
import type { Parsing } from './parsing.ts';
import { ProtocolChange } from './protocol-change.ts';
import type { Sides } from './sides.ts';

/** As many unrecognised bytes of a direction are kept while the other has none; twice as many whatever there is. */
const UNRECOGNISED_BYTES_MAX = 100_000;
/** Behind an upgrade what is not recognised in so many bytes is not followed. */
const UPGRADED_BYTES_MAX = 4096;
const BOTH = 3;

export class StreamRecognition {
  readonly change = new ProtocolChange();
  readonly #sides: Sides;
  readonly #parsing: Parsing;
  readonly #news: News;
  readonly #options: ConversationOptions;
  /** The direction that spoke first, until a parser has been given something. */
  #first: Direction | null;
  #hasBegun = false;
  /** The parser was given what came behind a hole, of a direction that nobody asks what it speaks. */
  #isHeard = false;
  /** Nothing more is parsed because bytes are missing that the parser cannot do without. */
  #isMissing = false;
  /** Bits of the directions of which it was asked whether they were announced. */
  #hasAsked = 0;

  constructor(sides: Sides, parsing: Parsing, news: News, options: ConversationOptions) {
    this.#sides = sides;
    this.#parsing = parsing;
    this.#news = news;
    this.#options = options;
    this.#first = options.first ?? null;
  }

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const parsing = this.#parsing;
    const side = this.#sides.of(direction);
    const all = parsing.withWaiting(direction, bytes);
    if (this.change.isPending) {
      this.#follow(direction, all, isLast);
      return;
    }
    if (side.protocol !== null || side.isOver) {
      if (parsing.protocol === null) this.#keep(direction, all);
      else {
        parsing.openAgain(parsing.protocol);
        parsing.dropWaiting(direction);
        this.#isHeard ||= all.length > 0;
        this.#parse(direction, all, isLast);
      }
      return;
    }
    if (bytes.length > 0) this.#first ??= direction;
    const found = this.#sides.ask(direction, all);
    if (found === null && this.#isExpected(direction)) {
      if (!parsing.hasFailed) this.#found(direction, ftpData, false, all, isLast);
    } else if (found === null) this.#notFound(direction, all, isLast);
    else {
      const isReversed =
        found.isReversed && this.#options.isPickedUp && this.#sides.of(opposite(direction)).protocol === null;
      this.#found(direction, found.protocol, isReversed, all, isLast);
    }
  }

  /** False: what is missing may still come, or nothing more is parsed. */
  gap(direction: Direction, length: number, isLast: boolean): boolean {
    // What was before goes on then.
    if (this.change.isPending) {
      this.change.isPending = false;
      return false;
    }
    const side = this.#sides.of(direction);
    // What comes behind it is not looked at for a protocol of its own.
    if (side.protocol === null) side.isOver = true;
    const parsing = this.#parsing;
    const { parser } = parsing;
    if (parser === null) return false;
    this.#news.add(this.#asGiven(direction));
    parsing.dropWaiting(direction);
    parser.gap(direction, length, isLast);
    this.#isMissing = parser.hasFailed;
    if (parser.hasFailed) parsing.stop();
    return !parsing.hasFailed;
  }

  #found(asked: Direction, protocol: AnyProtocol, isReversed: boolean, bytes: Uint8Array, isLast: boolean): void {
    const parsing = this.#parsing;
    this.#sides.found(asked, protocol);
    this.change.isPending = false;
    this.#noteKnownAgain(asked);
    parsing.dropWaiting(asked);
    const other = this.#sides.of(opposite(asked)).protocol;
    // Where they differ, the server is trusted; what has begun goes on.
    if (other !== null && other !== protocol) this.#news.note('applayer_mismatch_protocol_both_directions');
    if (other === null || other === protocol) parsing.open(protocol);
    else if (!this.#hasBegun) parsing.open(asked === 1 ? protocol : other);
    if (isReversed) this.#turn();
    const direction = isReversed ? opposite(asked) : asked;
    // Who spoke first is heard first.
    if (!this.#hasBegun && this.#first !== null && this.#first !== direction) this.#hearOther(opposite(direction));
    // Where the parser gives up over that, or over bytes that are missing, it reads these all the same, and no others.
    const parser = parsing.hasFailed ? parsing.parser : null;
    const hasGivenUp = parser?.hasFailed === true && (this.#hasBegun || this.#isHeard);
    if (parsing.hasFailed && !this.#isMissing && !hasGivenUp) return;
    if (!this.#hasBegun && !this.#mayBegin(direction, parsing.protocol ?? protocol, bytes)) return;
    if (hasGivenUp) {
      parser.hasFailed = false;
      this.#give(direction, bytes, isLast);
      parser.hasFailed = true;
      return;
    }
    if (parsing.hasFailed) parsing.openAnew(protocol);
    this.#give(direction, bytes, isLast);
  }

  /** Whether the parser can be given these as its first bytes. */
  #mayBegin(direction: Direction, { first }: AnyProtocol, bytes: Uint8Array): boolean {
    if (first === undefined) return true;
    if (this.#first !== null && this.#first !== first) {
      this.#news.note('applayer_wrong_direction_first_data');
      this.#fail();
      return false;
    }
    if (direction === first) return true;
    // Who has to be heard first has sent something that is not acknowledged, or was heard without being recognised,
    // which is forgotten: this waits until it is asked again.
    this.#parsing.putAway();
    this.#keep(direction, bytes);
    return false;
  }

  /** From here on the directions are the other way round. */
  #turn(): void {
    this.#sides.turn();
    this.#parsing.turn();
    this.#news.turn();
    if (this.#first !== null) this.#first = opposite(this.#first);
  }

  #hearOther(direction: Direction): void {
    if (this.#options.pull !== undefined) {
      this.#options.pull(this.#asGiven(direction));
      return;
    }
    const waiting = this.#parsing.waiting(direction);
    if (waiting.length === 0 || this.#sides.of(direction).protocol !== null) return;
    this.#parsing.dropWaiting(direction);
    this.data(direction, waiting, false);
  }

  /** The direction as those know it who have not heard yet that the flow was turned round. */
  #asGiven(direction: Direction): Direction {
    return this.#sides.isTurned ? opposite(direction) : direction;
  }

  /** What is not recognised may have been announced: asked once for each direction. */
  #isExpected(direction: Direction): boolean {
    const { expected } = this.#options;
    if (expected === undefined || (this.#hasAsked & (1 << direction)) !== 0) return false;
    this.#hasAsked |= 1 << direction;
    const transfer = expected(direction);
    this.#parsing.transfer = transfer;
    if (transfer === null) return false;
    const other = this.#sides.of(opposite(direction));
    if (other.protocol !== null) return true;
    if (this.#first === null) {
      for (const side of [this.#sides.of(direction), other]) side.protocol = ftpData;
      this.#news.note('applayer_wrong_direction_first_data');
      this.#fail();
    } else this.#sides.assume(opposite(direction), ftpData);
    return true;
  }

  #notFound(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.#options.isPickedUp && !this.#sides.of(0).isUndecided) {
      this.#fail();
      return;
    }
    const other = this.#sides.of(opposite(direction)).protocol;
    if (other === null) this.#waitFor(direction, bytes);
    else if (!this.#hasBegun && other.first !== undefined && other.first !== direction) this.#fail();
    else if (this.#sides.of(direction).isUndecided) {
      // What is not decided about when it ends is taken for the other's, and read where it is given once more.
      if (isLast) this.#sides.of(direction).protocol = this.#parsing.protocol;
      this.#keep(direction, bytes);
    } else this.#giveUnknown(direction, bytes, isLast);
  }

  /** The direction speaks nothing that is known: the parser of the other one is given it. */
  #giveUnknown(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const side = this.#sides.of(direction);
    this.#news.note('applayer_detect_protocol_only_one_direction');
    side.isOver = true;
    side.isNone = true;
    this.#noteKnownAgain(direction);
    this.#parsing.dropWaiting(direction);
    this.#give(direction, bytes, isLast);
    if (this.#parsing.parser?.hasFailed !== true) return;
    // Where the parser gives up over it, it stays what the other direction speaks.
    this.#sides.assume(direction, this.#parsing.protocol);
    side.isNone = false;
  }

  /** Nothing is known of either direction yet, and this one has said so much. */
  #waitFor(direction: Direction, bytes: Uint8Array): void {
    this.#keep(direction, bytes);
    const isOneSided =
      this.#parsing.waiting(opposite(direction)).length === 0 && !this.#sides.of(direction).isUndecided;
    const isHopeless = this.#sides.areHopeless;
    const isTooMuch =
      bytes.length > 2 * UNRECOGNISED_BYTES_MAX || (isOneSided && bytes.length > UNRECOGNISED_BYTES_MAX);
    if (isTooMuch && !isHopeless) this.#news.note('applayer_proto_detection_skipped');
    if (isHopeless || isTooMuch) this.#fail();
  }

  #keep(direction: Direction, bytes: Uint8Array): void {
    if (bytes.length > 2 * UNRECOGNISED_BYTES_MAX) this.#fail();
    else this.#parsing.keep(direction, bytes);
  }

  #fail(): void {
    this.#sides.giveUp();
    this.#parsing.abandon();
  }

  #give(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (bytes.length > 0) {
      this.#hasBegun = true;
      this.#first = null;
    }
    this.#parse(direction, bytes, isLast);
  }

  #parse(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    this.#parsing.data(direction, bytes, isLast);
    const { parser, protocol } = this.#parsing;
    if (parser !== null && this.change.begin(parser, protocol!)) this.#awaitChange();
  }

  #awaitChange(): void {
    if (this.change.port !== 0) this.#sides.askAsAt(this.change.port);
    for (const direction of [0, 1] as const) {
      const side = this.#sides.of(direction);
      if (side.protocol === null && !side.isNone) this.#sides.assume(direction, this.#parsing.protocol);
    }
    this.#first = null;
  }

  /**
   * Each time it is asked anew, of all that the direction has said since. As long as it is not known what follows, what was
   * before stands; a direction that has said too much without it ends both.
   */
  #follow(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const before = this.#sides.restart();
    const found = this.#sides.ask(direction, bytes);
    if (found !== null) {
      this.#parsing.protocol = null;
      this.#found(direction, found.protocol, false, bytes, isLast);
    } else if (
      bytes.length >= UPGRADED_BYTES_MAX ||
      isLast ||
      (this.#options.isPickedUp && !this.#sides.of(0).isUndecided)
    ) {
      this.change.isPending = false;
      this.#fail();
      this.#sides.knownAgain = BOTH;
    } else {
      this.#sides.resume(before);
      this.#keep(direction, bytes);
    }
    for (const event of this.change.eventsOf(this.#parsing.protocol)) this.#news.note(event);
  }

  /** Behind a change it is told once more what the direction speaks. */
  #noteKnownAgain(direction: Direction): void {
    if (this.change.original !== null) this.#sides.knownAgain |= 1 << direction;
  }
}
