/**
 * Captured packets in, EVE records out, in the order in which things happened: for each packet its alerts, then the files
 * and transactions that are over, and each flow at its end.
 */
import type { CapturedPacket } from '../capture/index.ts';
import {
  AboutRules,
  EVE_DEFAULTS,
  EveLine,
  type EveOptions,
  flowId,
  type Place,
  writeAlert,
  writeAnomaly,
  writeFile,
  writeFlowEnd,
  writePacketAnomalies,
  writeRecognition,
  writeTagged,
  writeTransaction,
  writeVerdict,
} from '../eve/index.ts';
import type { Direction, Flow, FlowEnd } from '../flow/index.ts';
import {
  type Answers,
  CompiledRules,
  compileRules,
  type FlowMemory,
  INSPECT_DEFAULTS,
  type InspectOptions,
  Inspector,
  isComplete,
  type Observe,
  type TransactionMemory,
} from '../inspect/index.ts';
import { Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import {
  type AnyProtocol,
  Conversation,
  type ConversationOptions,
  Expectations,
  opposite,
  PROTOCOLS,
  PROTOCOLS_ON_DEMAND,
  Recogniser,
  type Transaction,
  type Transport,
} from '../protocols/index.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import type { DataSet } from '../rules/sets.ts';
import type { TcpSession } from '../stream/index.ts';
import { TRAFFIC_DEFAULTS, Traffic, type TrafficOptions, type TrafficSink } from '../traffic/index.ts';
import { ParserMemory } from './parser-memory.ts';

export interface SensorOptions {
  readonly traffic: TrafficOptions;
  readonly inspect: InspectOptions;
  /** Records of flows, transactions, files and anomalies, beside alerts. */
  readonly tellsAll: boolean;
  readonly protocols: readonly AnyProtocol[];
  /** What parsers keep of all flows together; without it as much as streams. */
  readonly parserMemoryBytes?: number;
  /** Without them records are those of Suricata's own configuration. */
  readonly eve?: EveOptions;
}

export const SENSOR_DEFAULTS: SensorOptions = {
  traffic: TRAFFIC_DEFAULTS,
  inspect: INSPECT_DEFAULTS,
  tellsAll: true,
  protocols: [...PROTOCOLS, ...PROTOCOLS_ON_DEMAND],
};

/** Packets, flows, segments and so on that were not followed, looked at or told of because a bound was reached. */
export interface SensorLimits {
  readonly tooCostly: number;
  readonly flowsGivenWay: number;
  readonly segmentsWithoutRoom: number;
  readonly fragmentsGivenWay: number;
  readonly countersGivenWay: number;
  readonly alertsDiscarded: number;
  readonly textsRefused: number;
}

/** Takes a record: its bytes are those of the next one, too. */
export type TellLine = (line: EveLine) => void;

const UDP_BYTES = 8;

export class Sensor implements TrafficSink {
  readonly #traffic: Traffic;
  readonly #inspector: Inspector;
  readonly #recogniser: Recogniser;
  readonly #expectations = new Expectations<Flow>();
  readonly #tellsAll: boolean;
  readonly #types: ReadonlySet<string>;
  readonly #anomaly: EveOptions['anomaly'];
  /** Every record is written here, and told from here. */
  readonly #line = new EveLine();
  readonly #tell: () => void;
  readonly #parserMemory: ParserMemory;
  /** Stands for the packet with which a flow ends. */
  readonly #last = new Packet();
  #nowUs = 0;

  /** `observe`: called for each packet before rules are asked; `tellVerdict`: takes records of what is to be blocked. */
  constructor(
    rules: readonly AcceptedRule[] | CompiledRules,
    options: SensorOptions,
    tell: TellLine,
    observe: Observe | null = null,
    tellVerdict: TellLine | null = null,
  ) {
    const { types, alert: ofAlerts, anomaly } = options.eve ?? EVE_DEFAULTS;
    this.#anomaly = anomaly;
    this.#types = types;
    const [aboutAlerts, aboutVerdicts] = [new AboutRules(ofAlerts), new AboutRules(EVE_DEFAULTS.alert)];
    this.#tell = () => tell(this.#line);
    this.#tellsAll = options.tellsAll;
    this.#parserMemory = new ParserMemory(options.parserMemoryBytes ?? options.traffic.stream.memoryBytes, (flow) =>
      this.#traffic.flows.giveWay(flow),
    );
    this.#recogniser = new Recogniser(options.protocols, options.traffic.stream.midstream);
    this.#inspector = new Inspector(
      rules instanceof CompiledRules ? rules : compileRules(rules, { ...options.inspect, ...options, ruleSet: null }),
      options.inspect.alertsMax,
      (alert, situation) => {
        if (!types.has('alert')) return;
        writeAlert(this.#line, alert, situation, this.#inspector.rules.fingerprints, aboutAlerts, ofAlerts);
        this.#tell();
      },
      observe,
      tellVerdict === null
        ? null
        : (verdict, situation) => {
            writeVerdict(this.#line, verdict, situation, aboutVerdicts);
            tellVerdict(this.#line);
          },
    );
    this.#traffic = new Traffic(this, options.traffic);
    this.#traffic.tracker.comparesOverlaps = this.#inspector.rules.comparesOverlaps;
    this.#last.isPseudo = true;
  }

  get signatures(): CompiledRules['signatures'] {
    return this.#inspector.rules.signatures;
  }

  /** Rules that were not loaded, with what of them cannot be asked. */
  get left(): CompiledRules['left'] {
    return this.#inspector.rules.left;
  }

  /** Between two packets: these rules from here on. Flows, streams, and what rules remember of them stay. */
  useRules(rules: CompiledRules): void {
    this.#inspector.useRules(rules);
    this.#traffic.tracker.comparesOverlaps = rules.comparesOverlaps;
  }

  get counts(): Traffic['counts'] {
    return this.#traffic.counts;
  }

  /** How often each bound was reached. */
  get limits(): SensorLimits {
    const { tooCostly, evicted, discarded, textsRefused } = this.#inspector.counts;
    const { flows, tracker, defragmenter } = this.#traffic;
    return {
      tooCostly,
      flowsGivenWay: flows.counts.evicted,
      segmentsWithoutRoom: tracker.pool.refused,
      fragmentsGivenWay: defragmenter.counts.evicted + defragmenter.counts.refused,
      countersGivenWay: evicted,
      alertsDiscarded: discarded,
      textsRefused,
    };
  }

  take(captured: CapturedPacket): void {
    if (captured.timeUs > this.#nowUs) this.#nowUs = captured.timeUs;
    this.#traffic.take(captured);
    this.#parserMemory.makeRoom();
  }

  /** Time has come so far, without a packet. */
  advance(timeUs: number): void {
    if (timeUs > this.#nowUs) this.#nowUs = timeUs;
    this.#traffic.advance(timeUs);
  }

  get parserMemory(): ParserMemory {
    return this.#parserMemory;
  }

  get flows(): Traffic['flows'] {
    return this.#traffic.flows;
  }

  set answers(answers: Answers) {
    this.#inspector.answers = answers;
  }

  get addressMemory(): Inspector['addressMemory'] {
    return this.#inspector.addressMemory;
  }

  /** What is in a set now. */
  entriesOf(set: DataSet): Iterable<string> {
    return this.#inspector.sets.entriesOf(set);
  }

  get defragmenter(): Traffic['defragmenter'] {
    return this.#traffic.defragmenter;
  }

  /** The capture is over. */
  finish(): void {
    this.#inspector.finish();
    this.#traffic.finish();
  }

  data(flow: Flow, given: Direction, bytes: Uint8Array, isLast: boolean): void {
    const conversation = this.#conversation(flow, 'tcp');
    const session = flow.session as TcpSession;
    const { client } = session;
    const before = completed(conversation, given);
    conversation.data(given, bytes, isLast);
    turned(flow, conversation, given);
    if (conversation.takeReplaced()) (flow.memory as FlowMemory | null)?.forgetTransactions();
    const direction = session.client === client ? given : opposite(given);
    const { parser } = conversation;
    if (parser?.inspectDepth !== undefined) {
      session.looksBack = this.#inspector.rules.looksBack;
      session.client.inspectDepth = parser.inspectDepth(0);
      session.server.inspectDepth = parser.inspectDepth(1);
    }
    noteFlushes(session, conversation);
    if (completed(conversation, direction) > before) session.flush(direction);
    this.#noteExpected(flow, conversation);
    const isEncrypted = conversation.parser?.isEncrypted ?? false;
    if (isEncrypted !== false) session.hidePayloads();
    session.flushing = conversation.isChanging ? 'each' : isEncrypted === 'all' ? 'once' : 'none';
    if (conversation.hasFailed || isEncrypted === 'all') session.giveUpApplication();
    else if (conversation.side(direction) !== 'unknown') session.recognised(direction);
  }

  gap(flow: Flow, direction: Direction, length: number, isLast: boolean): boolean {
    const conversation = this.#conversation(flow, 'tcp');
    const session = flow.session as TcpSession;
    const isPassed = conversation.gap(direction, length, isLast);
    noteFlushes(session, conversation);
    session.flushing = 'none';
    if (conversation.hasFailed) session.giveUpApplication();
    return isPassed;
  }

  unused(flow: Flow, direction: Direction): number {
    return (flow.application as Conversation | null)?.unused(direction) ?? 0;
  }

  required(flow: Flow, direction: Direction): number {
    return (flow.application as Conversation | null)?.parser?.required?.(direction) ?? 0;
  }

  turned(flow: Flow): void {
    (flow.memory as FlowMemory | null)?.swap(false);
  }

  passOver(flow: Flow, direction: Direction): void {
    (flow.application as Conversation | null)?.passOver(direction);
  }

  packet(packet: Packet, flow: Flow | null, given: Direction): void {
    let direction = given;
    if (flow !== null && flow.protocol === PROTOCOL_UDP && packet.protocol === PROTOCOL_UDP)
      direction = this.#datagram(packet, flow, given);
    this.#inspector.packet(packet, flow, direction);
    if (this.#inspector.seesTag() && this.#tells('packet')) {
      writeTagged(this.#line, packet, flow);
      this.#tell();
    }
    const { decode, stream, application } = this.#anomaly;
    if ((decode || stream) && this.#tells('anomaly'))
      writePacketAnomalies(this.#line, packet, flow, this.#anomaly, this.#tell);
    if (flow === null || flow.application === null) return;
    const conversation = flow.application as Conversation;
    if (!packet.isFlush && application && this.#tells('anomaly'))
      for (const event of conversation.events) {
        writeRecognition(this.#line, event, packet, flow);
        this.#tell();
      }
    if (packet.isPseudo || packet.protocol !== PROTOCOL_TCP || conversation.hasNews(direction))
      this.#log(packet, flow, direction);
    if (!packet.isFlush) conversation.afterPacket(direction);
    this.#inspector.release(flow);
    this.#parserMemory.count(flow, conversation);
  }

  hasLeft(flow: Flow, direction: Direction): boolean {
    const conversation = flow.application as Conversation | null;
    return this.#inspector.hasLeft(flow, direction) || (conversation !== null && this.#isUntold(flow, conversation));
  }

  /** Transactions of which there are records are left in both directions, as in Suricata, until they are logged in order. */
  #isUntold(flow: Flow, { parser, protocol }: Conversation): boolean {
    const memory = flow.memory as FlowMemory | null;
    if (parser === null || protocol === null || memory === null) return false;
    if (!this.#types.has(protocol.eveName ?? protocol.name)) return false;
    if (parser.transactions.some(({ id }) => !memory.transaction(id).isLogged)) return true;
    return parser.transactions.length > 0 && memory.loggedTo < memory.transactionsSeen;
  }

  end(flow: Flow, reason: FlowEnd): void {
    if (flow.application !== null) {
      this.#last.timeUs = this.#nowUs;
      this.#log(this.#last, flow, null);
      this.#parserMemory.forget(flow, flow.application as Conversation);
    }
    if (!this.#expectations.isEmpty) this.#expectations.forget(flow);
    if (this.#tells('flow')) {
      writeFlowEnd(this.#line, flow, reason, this.#nowUs);
      this.#tell();
    }
    this.#inspector.end(flow);
  }

  /** The packet's direction may turn out to be the other one. */
  #datagram(packet: Packet, flow: Flow, direction: Direction): Direction {
    // Of a flow or packet that is dropped nobody reads the datagrams.
    if ((flow.memory as FlowMemory | null)?.isDropped === true || this.#inspector.isBlockedInside) return direction;
    // Rules see no payload of who carries a packet; what it speaks is asked all the same.
    const payload = packet.bytes.subarray(packet.transportAt + UDP_BYTES, packet.payloadEnd);
    const conversation = this.#conversation(flow, 'udp');
    conversation.data(direction, payload, false);
    return turned(flow, conversation, direction);
  }

  #tells(type: string): boolean {
    return this.#tellsAll && this.#types.has(type);
  }

  #tellEvents(tx: Transaction, kept: TransactionMemory, place: Place, direction: Direction): void {
    for (; kept.eventsTold < tx.events.length; kept.eventsTold += 1) {
      if (!this.#types.has('anomaly')) continue;
      writeAnomaly(this.#line, tx.events[kept.eventsTold]!, tx, place, direction);
      this.#tell();
    }
  }

  #tellFiles(tx: Transaction, direction: Direction, isOver: boolean, place: Place, pruned: Direction | null): void {
    if (tx.files === undefined || tx.files.length === 0) return;
    const { filesTold } = (place.flow.memory as FlowMemory).transaction(tx.id);
    const files = tx.files.filter((file) => file.direction === direction);
    for (; filesTold[direction] < files.length; filesTold[direction] += 1) {
      const file = files[filesTold[direction]]!;
      if (file.state === 'open' && !isOver) return;
      if (this.#tells('fileinfo')) {
        writeFile(this.#line, file, tx, place);
        this.#tell();
      }
      file.told?.(pruned);
    }
  }

  #conversation(flow: Flow, transport: Transport): Conversation {
    flow.application ??= new Conversation(this.#recogniser, {
      transport,
      sourcePort: flow.sourcePort,
      destinationPort: flow.destinationPort,
      isPickedUp: flow.protocol === PROTOCOL_TCP && flow.session?.isPickedUp === true,
      ...(transport === 'tcp' && !this.#expectations.isEmpty ? this.#expecting(flow) : {}),
      ...(transport === 'tcp' ? this.#streamOptions(flow, flow.session as TcpSession) : {}),
    });
    return flow.application as Conversation;
  }

  #noteExpected(flow: Flow, { parser }: Conversation): void {
    const expected = parser?.takeExpected?.();
    if (expected !== undefined) for (const transfer of expected) this.#expectations.add(flow, transfer);
  }

  #expecting(flow: Flow): Pick<ConversationOptions, 'expected'> {
    return {
      expected: (direction) => {
        const found = this.#expectations.take(flow, direction);
        if (found === null) return null;
        const parentId = flowId(found.by);
        const begin = (): void => {
          flow.parentId = parentId;
        };
        return { ...found.transfer, begin };
      },
    };
  }

  #streamOptions(flow: Flow, session: TcpSession): Pick<ConversationOptions, 'first' | 'pull'> {
    const { firstStream } = session;
    return {
      first: firstStream === null ? null : session.directionOf(firstStream),
      pull: (direction) => this.#traffic.tracker.reassembler.pull(flow, session, direction),
    };
  }

  /**
   * Transactions that are over, and files that are, with a packet of their own direction, as Suricata tells them;
   * all that is left where the flow is over and the direction null.
   */
  #log(packet: Packet, flow: Flow, direction: Direction | null): void {
    const { parser, protocol, hasEnded } = flow.application as Conversation;
    if (parser === null || protocol === null || parser.transactions.length === 0) return;
    const isOver = direction === null || hasEnded || parser.hasFailed || packet.isFlush;
    const memory = flow.memory as FlowMemory;
    const { fingerprints } = this.#inspector.rules;
    const place = { protocol, packet, flow, fingerprints };
    const isTold = this.#tells(protocol.eveName ?? protocol.name);
    const toldAt = protocol.toldAt?.(fingerprints) ?? protocol.end;
    const tellsOdd = this.#tellsAll && this.#anomaly.application && (isTold || this.#looksAt(protocol));
    // Suricata lets files go behind every packet but those that flush.
    const pruned = packet.isFlush ? null : direction;
    let isInOrder = true;
    for (const tx of parser.transactions) {
      const kept = memory.transaction(tx.id);
      if (pruned !== null) letFilesGo(tx, pruned);
      if (tellsOdd && kept.eventsTold < tx.events.length) {
        // Behind one that is not told yet, what is odd about those that are is still told.
        const isLookedAt = !kept.isLogged || tx.id >= memory.loggedTo;
        if (isLookedAt && (isOver || !isUnchanged(tx, protocol))) this.#tellEvents(tx, kept, place, direction ?? 0);
      }
      if (kept.isLogged) continue;
      const isNext = isInOrder;
      isInOrder = false;
      if (isOver || direction === 0) this.#tellFiles(tx, 0, isOver, place, pruned);
      if (isOver || direction === 1) this.#tellFiles(tx, 1, isOver, place, pruned);
      if (direction !== null) kept.filesLeft[direction] = kept.filesTold[direction];
      if (!isOver && !isComplete(tx, toldAt)) continue;
      if (isTold && !kept.isTold && tx.isQuiet !== true) writeTransaction(this.#line, tx, place, this.#tell);
      kept.isTold = true;
      if (!isOver && !isComplete(tx, protocol.end)) continue;
      kept.isLogged = direction === null || !hasFilesToTell(tx, kept);
      if (!isNext || !kept.isLogged) continue;
      memory.loggedTo = tx.id + 1;
      isInOrder = true;
    }
  }

  /** Suricata looks at transactions for what is odd about them where it tells records of them, or of files in them. */
  #looksAt({ filesAt, isWithoutFiles, isUnknownToSuricata }: AnyProtocol): boolean {
    if (isUnknownToSuricata === true) return true;
    return filesAt !== undefined && isWithoutFiles !== true && this.#types.has('fileinfo');
  }
}

/** Who was taken for the client speaks as a server: the flow is turned round, with what is known of it. Gives the direction. */
function turned(flow: Flow, conversation: Conversation, direction: Direction): Direction {
  if (!conversation.takeReversal()) return direction;
  flow.swap();
  (flow.memory as FlowMemory | null)?.swap(flow.protocol === PROTOCOL_TCP);
  return opposite(direction);
}

/** Open in both directions, and nothing was read for it since: Suricata does not look at it for what is told. */
const isUnchanged = ({ isUpdated, progress }: Transaction, { end }: AnyProtocol): boolean =>
  isUpdated !== undefined && !isUpdated[0] && !isUpdated[1] && progress[0] < end[0] && progress[1] < end[1];

/** Those that were told with a packet of the other direction. */
function letFilesGo({ files }: Transaction, direction: Direction): void {
  if (files !== undefined) for (const file of files) if (file.direction === direction) file.letGo?.();
}

/** One that never ends is not waited for. */
function hasFilesToTell({ files }: Transaction, { filesTold }: TransactionMemory): boolean {
  if (files === undefined || files.length === 0) return false;
  const over = [0, 0];
  for (const { direction, state } of files) if (state !== 'open') over[direction]! += 1;
  return over[0]! > filesTold[0] || over[1]! > filesTold[1];
}

/** A request or an answer is complete, of either side: a gap and the other side's bytes end one, too. */
function noteFlushes(session: TcpSession, { parser }: Conversation): void {
  if (parser?.takeFlush === undefined) return;
  for (const side of [0, 1] as const) if (parser.takeFlush(side)) session.flush(side);
}

/** Of others a whole message waits with the rest of the stream. */
const completed = ({ parser }: Conversation, direction: Direction): number => parser?.shown?.[direction] ?? 0;
