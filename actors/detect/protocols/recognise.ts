/**
 * Which protocol a flow speaks, and its parser: bytes are kept until a direction's first ones are recognised. The
 * order of the questions, and when they are given up, are Suricata's.
 */
import type { ConversationOptions } from './conversation-options.ts';
import { Detection, type Found } from './detection.ts';
import type { Direction } from './direction.ts';
import { ftpData } from './ftp/index.ts';
import { joined } from './pending-bytes.ts';
import type { ExpectedTransfer, Parser, Transaction } from './protocol.ts';
import type { AnyProtocol, PortQuestions, Recogniser } from './recogniser.ts';

/** As many unrecognised bytes of a direction are kept while the other has none; twice as many whatever there is. */
export const UNRECOGNISED_BYTES_MAX = 100_000;
const TLS_PORT = 443;
const BOTH = 3;
/** Behind an upgrade what is not recognised in so many bytes is not followed. */
const UPGRADED_BYTES_MAX = 4096;

const NO_BYTES = new Uint8Array();
const NO_EVENTS: readonly string[] = [];
const WITH_THIS_PACKET = 4;
/** Measured, roughly: a transaction of which nothing is kept but itself. */
const TRANSACTION_COST_BYTES = 1024;
/** Rooms for what waits grow to twice what is in them. */
const UNUSED_COST = 2;

/** What is said in a flow, above its transport. */
export class Conversation {
  protocol: AnyProtocol | null = null;
  parser: Parser<Transaction> | null = null;
  /** What it was parsed as before another protocol followed in it. */
  original: string | null = null;
  /** Nothing more will be parsed. */
  hasFailed = false;
  readonly #recogniser: Recogniser;
  readonly #options: ConversationOptions;
  #questions: PortQuestions;
  #sides: [Detection, Detection] = [new Detection(), new Detection()];
  #kept: [Uint8Array, Uint8Array] = [NO_BYTES, NO_BYTES];
  /** The direction that spoke first, until a parser has been given something. */
  #first: Direction | null = null;
  #isTurned = false;
  #hasBegun = false;
  /** The parser that has said so. */
  #changedBy: Parser<Transaction> | null = null;
  /** What is to follow, where it was said. */
  #awaited: string | null = null;
  #isReplaced = false;
  /** Nothing more is parsed because bytes are missing that the parser cannot do without. */
  #isMissing = false;
  /** `keptBytes` when somebody counted them last. */
  countedBytes = 0;
  /** Another protocol is to follow in the flow, and it is not known yet which. */
  isChanging = false;
  /** Bits of the directions of which it was asked whether they were announced, and what was. */
  #hasAsked = 0;
  /** The direction of which it is known because the other one was announced, and not by bytes of its own. */
  #silent: Direction | null = null;
  #transfer: ExpectedTransfer | null = null;
  /** Bits of the directions that were given something since the last packet of theirs, and of any with this packet. */
  #news = 0;
  #hasParsed = false;
  /** Bits of the directions that have said all they will, to the parser. */
  #ended = 0;
  /** Bits of the directions of which it is to be told once more what they speak. */
  knownAgain = 0;
  /** What was odd about how the protocol was recognised, with the packet in hand, by the names of `app-layer-event`. */
  events: readonly string[] = NO_EVENTS;

  constructor(recogniser: Recogniser, options: ConversationOptions) {
    this.#recogniser = recogniser;
    this.#options = options;
    this.#first = options.first ?? null;
    this.#questions = recogniser.questions(options.transport, options.sourcePort, options.destinationPort);
  }

  /** What the direction's own first bytes said. */
  side(direction: Direction): 'unknown' | 'failed' | 'found' {
    const { protocol, isOver } = this.#sides[direction];
    return protocol !== null ? 'found' : isOver || this.hasFailed ? 'failed' : 'unknown';
  }

  /**
   * What the direction's own first bytes were found to speak, `failed` where nothing that is known; null: not yet, and
   * never where the parser of the other direction has given up before.
   */
  spoken(direction: Direction): string | null {
    const { protocol, isNone } = this.#sides[direction];
    if (protocol !== null) return this.#silent === direction ? null : protocol.name;
    return isNone ? 'failed' : null;
  }

  /** What the flow is parsed as; `failed`: nothing of both directions is known; null: not yet. */
  get final(): string | null {
    if (this.protocol !== null) return this.protocol.name;
    return this.hasFailed || (this.#sides[0].isOver && this.#sides[1].isOver) ? 'failed' : null;
  }

  /**
   * True once, where the data just given showed that who seemed to be the client is the server. The flow is turned
   * round then; what is given from there on has the new directions.
   */
  takeReversal(): boolean {
    const was = this.#isTurned;
    this.#isTurned = false;
    return was;
  }

  /** The parser was given something of the direction since its last packet, or of either with the packet in hand. */
  hasNews(direction: Direction): boolean {
    return (this.#news & ((1 << direction) | WITH_THIS_PACKET)) !== 0;
  }

  /** Both directions have said all they will: what they have not finished stays so. */
  get hasEnded(): boolean {
    return this.#ended === 3;
  }

  /** The direction's packet was examined. */
  afterPacket(direction: Direction): void {
    if ((this.#news & (1 << direction)) !== 0) this.#forgetUpdates(direction);
    this.#news &= ~((1 << direction) | WITH_THIS_PACKET);
    if (this.events.length > 0) this.events = NO_EVENTS;
  }

  #forgetUpdates(direction: Direction): void {
    const transactions = this.parser?.transactions ?? [];
    if (transactions[0]?.isUpdated === undefined) return;
    for (const { isUpdated } of transactions) if (isUpdated !== undefined) isUpdated[direction] = false;
  }

  /** Each once for a packet. */
  #note(event: string): void {
    if (!this.events.includes(event)) this.events = [...this.events, event];
  }

  data(given: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) {
      if (isLast) this.#ended |= 1 << given;
      return;
    }
    const direction = this.#isTurned ? opposite(given) : given;
    this.#hasParsed = false;
    if (this.#options.transport === 'udp') this.#datagram(direction, bytes);
    else this.#stream(direction, bytes, isLast);
    if (this.#hasParsed) this.#news |= (1 << (this.#isTurned ? opposite(given) : given)) | WITH_THIS_PACKET;
    if (this.parser?.hasFailed === true) this.#stop();
  }

  /** False: what is missing may still come, or nothing more is parsed. */
  gap(given: Direction, length: number): boolean {
    if (this.hasFailed) return false;
    // What was before goes on then.
    if (this.isChanging) {
      this.isChanging = false;
      return false;
    }
    const direction = this.#isTurned ? opposite(given) : given;
    const side = this.#sides[direction];
    // What comes behind it is not looked at for a protocol of its own.
    if (side.protocol === null) side.isOver = true;
    if (this.parser === null) return false;
    this.#news |= (1 << given) | WITH_THIS_PACKET;
    this.#kept[direction] = NO_BYTES;
    this.parser.gap(direction, length);
    this.#isMissing = this.parser.hasFailed;
    if (this.parser.hasFailed) this.#stop();
    return !this.hasFailed;
  }

  /** As many of the bytes that were given last wait for those that follow. */
  unused(given: Direction): number {
    const direction = this.#isTurned ? opposite(given) : given;
    const kept = this.#kept[direction].length;
    return kept > 0 ? kept : (this.parser?.unused?.(direction) ?? 0);
  }

  /** What is not used is not waited for any more. */
  passOver(given: Direction): void {
    this.parser?.passOver?.(this.#isTurned ? opposite(given) : given);
  }

  /** What is kept of the flow's bytes, and of what was made of them. */
  get keptBytes(): number {
    const { parser } = this;
    let bytes = this.#kept[0].length + this.#kept[1].length;
    if (parser === null) return bytes;
    bytes += parser.keptBytes ?? 0;
    if (parser.unused !== undefined) bytes += UNUSED_COST * (parser.unused(0) + parser.unused(1));
    for (const { keptBytes } of parser.transactions) bytes += TRANSACTION_COST_BYTES + (keptBytes ?? 0);
    return bytes;
  }

  /** Neither direction will be recognised; of what was read nothing is known any more. */
  #fail(): void {
    for (const direction of [0, 1] as const) {
      this.#sides[direction].isNone = true;
      if (this.#sides[direction].protocol !== null) this.knownAgain |= 1 << direction;
    }
    this.protocol = null;
    if (this.parser !== null) this.#isReplaced = true;
    this.parser = null;
    this.#stop();
  }

  /** Once: what there was of transactions is another protocol's, or nobody's. */
  takeReplaced(): boolean {
    const was = this.#isReplaced;
    this.#isReplaced = false;
    return was;
  }

  #stop(): void {
    this.hasFailed = true;
    this.#kept = [NO_BYTES, NO_BYTES];
  }

  #stream(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const side = this.#sides[direction];
    const all = joined(this.#kept[direction], bytes);
    if (this.isChanging) {
      this.#change(direction, all, isLast);
      return;
    }
    if (side.protocol !== null || side.isOver) {
      if (this.protocol === null) this.#keep(direction, all);
      else {
        this.parser ??= this.protocol.open(this.#options.transport, this.#transfer);
        this.#kept[direction] = NO_BYTES;
        this.#parse(direction, all, isLast);
      }
      return;
    }
    if (bytes.length > 0) this.#first ??= direction;
    const found = this.#ask(direction, all);
    if (found === null && this.#isExpected(direction)) {
      if (!this.hasFailed) this.#found(direction, ftpData, false, all, isLast);
    } else if (found === null) this.#notFound(direction, all, isLast);
    else {
      const isReversed =
        found.isReversed && this.#options.isPickedUp && this.#sides[opposite(direction)].protocol === null;
      this.#found(direction, found.protocol, isReversed, all, isLast);
    }
  }

  #ask(direction: Direction, bytes: Uint8Array): Found | null {
    if (bytes.length === 0) return null;
    const heard = {
      recogniser: this.#recogniser,
      transport: this.#options.transport,
      questions: this.#questions,
      direction,
      bytes,
    };
    return this.#sides[direction].ask(heard, this.#sides[opposite(direction)]);
  }

  #found(asked: Direction, protocol: AnyProtocol, isReversed: boolean, bytes: Uint8Array, isLast: boolean): void {
    this.#sides[asked].protocol = protocol;
    if (this.#silent === asked) this.#silent = null;
    this.isChanging = false;
    if (this.original !== null) this.knownAgain |= 1 << asked;
    this.#kept[asked] = NO_BYTES;
    const other = this.#sides[opposite(asked)].protocol;
    // Where they differ, the server is trusted; what has begun goes on.
    if (other !== null && other !== protocol) this.#note('applayer_mismatch_protocol_both_directions');
    if (other === null || other === protocol) this.#open(protocol);
    else if (!this.#hasBegun) this.#open(asked === 1 ? protocol : other);
    let direction = asked;
    if (isReversed) {
      direction = this.#turn(direction);
      this.#isTurned = true;
    }
    // Who spoke first is heard first.
    if (!this.#hasBegun && this.#first !== null && this.#first !== direction) this.#hearOther(opposite(direction));
    // Where the parser gives up over that, or over bytes that are missing, it reads these all the same, and no others.
    const parser = this.hasFailed ? this.parser : null;
    if (parser?.hasFailed === true && this.#hasBegun) {
      parser.hasFailed = false;
      this.#give(direction, bytes, isLast);
      parser.hasFailed = true;
      return;
    }
    if (this.hasFailed && !this.#isMissing) return;
    const { first } = this.protocol ?? protocol;
    if (first !== undefined && !this.#hasBegun) {
      if (this.#first !== null && this.#first !== first) {
        this.#note('applayer_wrong_direction_first_data');
        this.#fail();
        return;
      }
      // Who has to be heard first has sent something that is not acknowledged, or was heard without being recognised,
      // which is forgotten: this waits until it is asked again.
      if (direction !== first) {
        this.parser = null;
        this.#keep(direction, bytes);
        return;
      }
    }
    if (this.hasFailed) this.parser = protocol.open(this.#options.transport);
    this.#give(direction, bytes, isLast);
  }

  /**
   * Each time it is asked anew, of all that the direction has said since. As long as it is not known what follows, what was
   * before stands; a direction that has said too much without it ends both.
   */
  #change(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const before = this.#sides;
    this.#sides = [new Detection(), new Detection()];
    const found = this.#ask(direction, bytes);
    if (found !== null) {
      this.protocol = null;
      this.#found(direction, found.protocol, false, bytes, isLast);
    } else if (
      bytes.length >= UPGRADED_BYTES_MAX ||
      isLast ||
      (this.#options.isPickedUp && !this.#sides[0].isUndecided)
    ) {
      this.isChanging = false;
      this.#fail();
      this.knownAgain = BOTH;
    } else {
      this.#sides = before;
      this.#keep(direction, bytes);
    }
    if (this.#awaited === null || this.protocol?.name === this.#awaited) return;
    this.#note('applayer_unexpected_protocol');
    if (this.#awaited === 'tls') this.#note('applayer_no_tls_after_starttls');
  }

  /** From here on the directions are the other way round, for what was learnt of them as well. */
  #turn(direction: Direction): Direction {
    const { transport, sourcePort, destinationPort } = this.#options;
    this.#questions = this.#recogniser.questions(transport, destinationPort, sourcePort);
    this.#sides = [this.#sides[1], this.#sides[0]];
    this.#kept = [this.#kept[1], this.#kept[0]];
    if (this.#first !== null) this.#first = opposite(this.#first);
    this.#news = (this.#news & ~3) | ((this.#news & 1) << 1) | ((this.#news >> 1) & 1);
    return opposite(direction);
  }

  #hearOther(direction: Direction): void {
    if (this.#options.pull !== undefined) {
      this.#options.pull(this.#isTurned ? opposite(direction) : direction);
      return;
    }
    const kept = this.#kept[direction];
    const side = this.#sides[direction];
    if (kept.length === 0 || side.protocol !== null) return;
    this.#kept[direction] = NO_BYTES;
    this.#stream(direction, kept, false);
  }

  /** What is not recognised may have been announced: asked once for each direction. */
  #isExpected(direction: Direction): boolean {
    const { expected } = this.#options;
    if (expected === undefined || (this.#hasAsked & (1 << direction)) !== 0) return false;
    this.#hasAsked |= 1 << direction;
    this.#transfer = expected(direction);
    if (this.#transfer === null) return false;
    const other = this.#sides[opposite(direction)];
    if (this.#first === null && other.protocol === null) {
      for (const side of this.#sides) side.protocol = ftpData;
      this.#note('applayer_wrong_direction_first_data');
      this.#fail();
      return true;
    }
    if (other.protocol === null) {
      other.protocol = ftpData;
      this.#silent = opposite(direction);
    }
    return true;
  }

  #notFound(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const side = this.#sides[direction];
    if (this.#options.isPickedUp && !this.#sides[0].isUndecided) {
      this.#fail();
      return;
    }
    const other = this.#sides[opposite(direction)].protocol;
    if (other !== null) {
      if (!this.#hasBegun && other.first !== undefined && other.first !== direction) {
        this.#fail();
        return;
      }
      if (side.isUndecided) {
        // What is not decided about when it ends is taken for the other's, and read where it is given once more.
        if (isLast) side.protocol = this.protocol;
        this.#keep(direction, bytes);
        return;
      }
      this.#note('applayer_detect_protocol_only_one_direction');
      side.isOver = true;
      side.isNone = true;
      if (this.original !== null) this.knownAgain |= 1 << direction;
      this.#kept[direction] = NO_BYTES;
      this.#give(direction, bytes, isLast);
      if (this.parser?.hasFailed === true) this.#takeForOther(direction);
      return;
    }
    this.#keep(direction, bytes);
    const isOneSided = this.#kept[opposite(direction)].length === 0 && !side.isUndecided;
    const isHopeless = this.#sides.every((one) => one.isOver || !one.isUndecided);
    const isTooMuch =
      bytes.length > 2 * UNRECOGNISED_BYTES_MAX || (isOneSided && bytes.length > UNRECOGNISED_BYTES_MAX);
    if (isTooMuch && !isHopeless) this.#note('applayer_proto_detection_skipped');
    if (isHopeless || isTooMuch) this.#fail();
  }

  /** Where the parser gives up over what was not recognised, it stays what the other direction speaks. */
  #takeForOther(direction: Direction): void {
    const side = this.#sides[direction];
    side.protocol = this.protocol;
    side.isNone = false;
    this.#silent = direction;
  }

  #keep(direction: Direction, bytes: Uint8Array): void {
    if (bytes.length > 2 * UNRECOGNISED_BYTES_MAX) this.#fail();
    else if (bytes !== this.#kept[direction]) this.#kept[direction] = Uint8Array.from(bytes);
  }

  #open(protocol: AnyProtocol): void {
    if (this.protocol === protocol) return;
    if (this.parser !== null) this.#isReplaced = true;
    this.protocol = protocol;
    this.parser = protocol.open(this.#options.transport, this.#transfer);
  }

  #give(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (bytes.length > 0) {
      this.#hasBegun = true;
      this.#first = null;
    }
    this.#parse(direction, bytes, isLast);
  }

  #parse(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.parser === null) return;
    this.#hasParsed = true;
    this.parser.data(direction, bytes, isLast);
    // What waits for more is the parser's until nothing more can come.
    if (isLast && (this.parser.unused?.(direction) ?? 0) === 0) this.#ended |= 1 << direction;
    this.#upgrade();
  }

  /** Another protocol is to follow in the flow; what was parsed stays until that is known. */
  #upgrade(): void {
    const { parser, protocol } = this;
    const to = parser?.upgradesTo ?? null;
    if (to === null || this.isChanging || this.#changedBy === parser) return;
    this.#changedBy = parser;
    this.isChanging = true;
    this.original = protocol!.name;
    this.#awaited = to === 'any' ? null : to;
    const { transport, sourcePort } = this.#options;
    const port = to === 'tls' ? TLS_PORT : (parser?.upgradePort ?? 0);
    if (port !== 0) this.#questions = this.#recogniser.questions(transport, sourcePort, port);
    for (const direction of [0, 1] as const) {
      const side = this.#sides[direction];
      if (side.protocol !== null || side.isNone) continue;
      side.protocol = protocol;
      this.#silent = direction;
    }
    this.#first = null;
  }

  /** Each direction's first datagram decides for it, an empty one, too, and there is no second look. */
  #datagram(given: Direction, bytes: Uint8Array): void {
    let direction = given;
    const side = this.#sides[direction];
    if (side.protocol === null && !side.isOver) {
      const other = this.#sides[opposite(direction)];
      const found = this.#ask(direction, bytes);
      side.isOver = true;
      if (found === null) {
        side.protocol = other.protocol;
        side.isNone = other.protocol === null;
      } else {
        side.protocol = found.protocol;
        if (other.protocol === null) this.#open(found.protocol);
        else if (other.protocol !== found.protocol) this.#note('applayer_mismatch_protocol_both_directions');
        if (found.isReversed) {
          direction = this.#turn(direction);
          this.#isTurned = true;
        }
      }
    }
    if (this.#sides[0].isOver && this.#sides[1].isOver && this.parser === null) this.#fail();
    if (bytes.length === 0) return;
    this.#hasParsed = true;
    this.parser?.data(direction, bytes, false);
  }
}

const opposite = (direction: Direction): Direction => (direction === 0 ? 1 : 0);
