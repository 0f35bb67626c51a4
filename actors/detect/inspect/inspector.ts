/**
 * Asks the rules about each packet, what the stream made available with it, and the transactions of its flow, in
 * Suricata's order: addresses alone, packets and streams, transactions; then thresholds and actions in the order of the
 * rules. A packet that nothing matches leaves no object behind.
 */
import { assert } from '../../../engine/index.ts';
import type { Flow } from '../flow/index.ts';
import { hasBrokenAck, type Packet, PROTOCOL_TCP, PROTOCOL_UDP, TCP_FIN, TCP_RST, TUNNEL } from '../packet/index.ts';
import type { Prefilter } from '../prefilter/index.ts';
import type { Conversation, Direction, Transaction } from '../protocols/index.ts';
import { AddressMemory } from './address-memory.ts';
import { type Alert, AlertQueue, type Verdict } from './alerts.ts';
import type { Answers } from './answers.ts';
import { Candidates } from './candidates.ts';
import { DEFAULT_CLASSES, type RuleClass } from './classes.ts';
import type { CompiledRules } from './compiled-rules.ts';
import { FlowMemory, isComplete } from './flow-memory.ts';
import { matchesBesideAddresses, matchesHeader } from './header.ts';
import { isFound } from './negated-pattern.ts';
import { payloadBytes } from './packet-conditions.ts';
import type { PacketGroup } from './packet-group.ts';
import { signaturePayloadMatches } from './payload.ts';
import type { SetMemory } from './set-memory.ts';
import { beginAsking, holdsAll, type Signature, takeEffect } from './signature.ts';
import { Situation } from './situation.ts';
import { TaggedHosts } from './tags.ts';
import type { ThresholdLine } from './threshold-file.ts';
import { ThresholdTable } from './threshold-table.ts';
import { TransactionInspector } from './transaction-inspector.ts';

export interface InspectOptions {
  readonly classes: ReadonlyMap<string, RuleClass>;
  readonly thresholds: readonly ThresholdLine[];
  readonly alertsMax: number;
}

export const INSPECT_DEFAULTS: InspectOptions = { classes: DEFAULT_CLASSES, thresholds: [], alertsMax: 15 };

const NO_BYTES = new Uint8Array(0);

export interface InspectCounts {
  readonly discarded: number;
  readonly suppressed: number;
  readonly evicted: number;
  /** Packets of which not all was asked, because it would have cost too much. */
  readonly tooCostly: number;
  /** Texts that were captured and found no room. */
  readonly textsRefused: number;
}

/** Called for each alert while the packet is in hand. */
export type TellAlert = (alert: Alert, situation: Situation) => void;
/** Called for each packet before its rules are asked. */
export type Observe = (situation: Situation) => void;
/** Called for each packet that is to be blocked, behind its alerts. */
export type Decide = (verdict: Verdict, situation: Situation) => void;

export class Inspector {
  #rules: CompiledRules;
  readonly #queue: AlertQueue;
  readonly #thresholds = new ThresholdTable();
  #transactions: TransactionInspector;
  readonly #situation = new Situation();
  #candidates: Candidates;
  /** Rules about transactions whose pattern is in the payload of the packet in hand. */
  readonly #found: number[] = [];
  readonly #taggedHosts = new TaggedHosts();
  readonly #tell: (alert: Alert) => void;
  readonly #observe: Observe | null;
  readonly #decide: Decide | null;
  /** What was taken out of the captured packet in hand is to be blocked. */
  #isBlockedInside = false;

  constructor(
    rules: CompiledRules,
    alertsMax: number,
    tell: TellAlert,
    observe: Observe | null = null,
    decide: Decide | null = null,
  ) {
    this.#observe = observe;
    this.#decide = decide;
    this.#rules = rules;
    this.#queue = new AlertQueue(alertsMax);
    this.#candidates = new Candidates(rules.signatures.length);
    this.#transactions = new TransactionInspector(rules.groups, this.#queue);
    this.#tell = (alert) => tell(alert, this.#situation);
  }

  get rules(): CompiledRules {
    return this.#rules;
  }

  /**
   * Between two packets: these rules from here on. What flows and addresses remember stays, and what rules counted; of open
   * transactions a rule that was in force before goes on where it was, a new one is asked about them.
   */
  useRules(rules: CompiledRules): void {
    assert(rules.line === this.#rules.line, 'flows remember by the names and numbers of one line of sets');
    this.#rules = rules;
    this.#candidates = new Candidates(rules.signatures.length);
    this.#transactions = new TransactionInspector(rules.groups, this.#queue);
  }

  /** Notes what flows are told from beyond them, or tells them again. */
  set answers(answers: Answers) {
    this.#thresholds.answers = answers;
    this.#situation.addressBits.answers = answers;
    this.#situation.sets.answers = answers;
  }

  /** What is remembered beyond flows. */
  get addressMemory(): AddressMemory {
    const { addressBits, sets } = this.#situation;
    const { kept } = this.#taggedHosts;
    return new AddressMemory(this.#thresholds.kept, addressBits.kept, sets, kept, this.#rules.line.names);
  }

  /** What rules have put into sets. */
  get sets(): SetMemory {
    return this.#situation.sets;
  }

  /** The packet in hand carries one that is to be blocked. */
  get isBlockedInside(): boolean {
    return this.#isBlockedInside;
  }

  get counts(): InspectCounts {
    const { addressBits, sets } = this.#situation;
    const evicted = this.#thresholds.evicted + addressBits.evicted + sets.evicted;
    const textsRefused = this.#situation.textRoom.refused;
    return { ...this.#queue.counts, evicted, tooCostly: this.#rules.expense.exceeded, textsRefused };
  }

  packet(packet: Packet, flow: Flow | null, direction: Direction): void {
    const situation = this.#situation;
    this.#rules.expense.begin();
    this.#rules.sets.memory = this.#situation.sets;
    this.#fill(packet, flow, direction);
    if (this.#goesWithBlocked(packet, flow)) return;
    const { memory } = situation;
    if (memory !== null && (memory.isDropped || memory.isPassed || memory.isBypassed)) {
      if (!memory.isDropped) this.#pass(situation, memory);
      else {
        if (isInside(packet)) this.#isBlockedInside = true;
        this.#tellDrop(situation, memory);
      }
      return;
    }
    // Of what carries nothing that is known, and is odd, only rules about that are asked.
    const isUnread = packet.ipVersion === 0 || (packet.protocol === 0 && packet.eventCount > 0);
    if (packet.ipVersion !== 0 || packet.hasAddressesAlone) this.#askAddressRules(situation);
    if (isUnread) {
      if (packet.eventCount > 0) this.#askDecoderRules(situation);
      this.#conclude(situation);
      return;
    }
    const group = this.#packetGroup(packet, flow, direction);
    const session = situation.seesStream ? flow!.session : null;
    situation.hasStreamData = session?.hasRaw(direction) === true;
    situation.hidesPayload = flow?.session?.hidesPayload(direction) ?? false;
    if (!group.needsStream && packet.protocol === flow?.protocol) flow.session?.disableRaw(direction);
    const isSearched = group.ofStream !== null && !situation.isBlind;
    situation.chunk = session === null ? null : session.rawChunks(direction, isSearched);
    this.#observe?.(situation);
    this.#askPacketRules(group);
    situation.isStreamMatch = false;
    if (hasNews(situation)) this.#transactions.inspect(situation, this.#found);
    if (memory !== null) noteProtocols(situation, memory);
    this.#conclude(situation);
  }

  #packetGroup(packet: Packet, flow: Flow | null, direction: Direction): PacketGroup {
    const { groups } = this.#rules;
    if (packet.protocol !== flow?.protocol) return groups.ofPackets(packet, direction);
    const { packetGroups } = flow.memory as FlowMemory;
    const known = packetGroups[direction] as PacketGroup | null;
    if (known !== null) return known;
    const found = groups.ofPackets(packet, direction);
    packetGroups[direction] = found;
    return found;
  }

  #conclude(situation: Situation): void {
    if (this.#queue.isEmpty) return;
    const verdict = this.#queue.finish(situation, this.#thresholds, this.#taggedHosts, this.#tell);
    if (verdict === null) return;
    const { memory, direction, packet } = situation;
    if (isInside(packet)) this.#isBlockedInside = true;
    if (memory?.isDropped === true) memory.dropTold |= 1 << direction;
    this.#decide?.(verdict, situation);
  }

  /** Whether rules are still to be asked about a transaction in this direction. */
  hasLeft(flow: Flow, direction: Direction): boolean {
    const conversation = flow.application as Conversation | null;
    const memory = flow.memory as FlowMemory | null;
    const transactions = conversation?.parser?.transactions ?? [];
    return transactions.some(
      ({ id, isOneSided }) => (isOneSided ?? direction) === direction && memory?.isInspected(id, direction) !== true,
    );
  }

  /** What every rule was asked about and nobody logs any more is dropped. */
  release(flow: Flow): void {
    const conversation = flow.application as Conversation | null;
    const memory = flow.memory as FlowMemory | null;
    const parser = conversation?.parser ?? null;
    const protocol = conversation?.protocol ?? null;
    if (parser === null || protocol === null || memory === null || parser.transactions.length === 0) return;
    const { end } = protocol;
    const { transactions } = parser;
    if (parser.releaseWhere !== undefined) {
      // One that nobody answers must not keep those behind it.
      for (const one of transactions) {
        if (!isDone(one, memory, end)) continue;
        parser.releaseWhere((tx) => {
          if (!isDone(tx, memory, end)) return false;
          memory.forget(tx.id);
          return true;
        });
        return;
      }
      return;
    }
    let done = 0;
    while (done < transactions.length && isDone(transactions[done]!, memory, end)) {
      memory.forget(transactions[done]!.id);
      done += 1;
    }
    if (done > 0) parser.release(done);
  }

  /** The capture is over: what follows are the ends of flows. */
  finish(): void {
    this.#thresholds.isEnding = true;
  }

  /** The flow is over. */
  end(flow: Flow): void {
    (flow.memory as FlowMemory | null)?.releaseTexts(this.#situation.textRoom);
  }

  /** To be asked once of each packet, behind `packet`: whether it follows an alert whose rule wants to know of such. */
  seesTag(): boolean {
    return this.#taggedHosts.see(this.#situation);
  }

  #fill(packet: Packet, flow: Flow | null, direction: Direction): void {
    const situation = this.#situation;
    situation.packet = packet;
    situation.flow = flow;
    situation.addressBits.asker = flow;
    situation.sets.asker = flow;
    situation.direction = direction;
    situation.isStreamMatch = false;
    situation.chunk = null;
    situation.isInStream = false;
    situation.seesStream = false;
    situation.protocol = null;
    situation.isProtocolNews = false;
    situation.isEstablished = false;
    const length = payloadBytes(packet);
    situation.isBlind = packet.innerKind !== TUNNEL.none || flow?.session?.isPayloadHidden === true;
    situation.hasPayload = length > 0 && !situation.isBlind;
    situation.payload = length > 0 ? packet.bytes.subarray(packet.payloadAt, packet.payloadEnd) : NO_BYTES;
    situation.memory = null;
    if (flow === null) return;
    flow.memory ??= new FlowMemory(this.#rules);
    situation.memory = flow.memory as FlowMemory;
    situation.memory.useRules(this.#rules);
    situation.isEstablished = flow.isEstablished;
    if (!packet.isPseudo) situation.isProtocolNews = isProtocolNews(situation, situation.memory);
    // An ICMP error belongs to the flow that it speaks of, and is no part of its stream.
    if (packet.protocol !== flow.protocol) return;
    if (flow.protocol === PROTOCOL_TCP) {
      situation.isInStream = flow.session?.packetIsInStream === true;
      situation.seesStream = flow.session?.packetSeesStream === true;
      if (!situation.seesStream) return;
    } else if (flow.protocol !== PROTOCOL_UDP) return;
    situation.protocol = (flow.application as Conversation | null)?.protocol?.name ?? null;
  }

  #askAddressRules(situation: Situation): void {
    const { memory, direction, packet } = situation;
    const rules = this.#rules;
    const before = memory?.addressesAsked[direction] ?? null;
    if (before === rules.ids) return;
    if (memory !== null) memory.addressesAsked[direction] = rules.ids;
    if (before !== null) {
      for (const signature of rules.addressRulesSince(before)) this.#askAddressRule(signature, situation);
      return;
    }
    const { byAddress } = rules.groups;
    const count = byAddress.find(packet);
    for (let i = 0; i < count; i += 1) this.#askAddressRule(byAddress.at(i), situation);
  }

  #askAddressRule(signature: Signature, situation: Situation): void {
    if (!matchesHeader(signature.header, situation.packet) || !holdsAll(signature, situation)) return;
    takeEffect(signature, situation);
    this.#queue.add(signature, null, false);
  }

  /** About a packet that cannot be read: where it has no addresses, none that a rule names keeps the rule from it. */
  #askDecoderRules(situation: Situation): void {
    const { packet } = situation;
    const matches = packet.ipVersion === 0 ? matchesBesideAddresses : matchesHeader;
    for (const signature of this.#rules.groups.decoderRules) {
      if (!matches(signature.header, packet) || !holdsAll(signature, situation)) continue;
      takeEffect(signature, situation);
      this.#queue.add(signature, null, false);
    }
  }

  #askPacketRules(group: PacketGroup): void {
    const situation = this.#situation;
    const candidates = this.#candidates;
    this.#found.length = 0;
    candidates.reset();
    for (const order of group.always) candidates.add(order);
    if (group.byAddress !== null) {
      const count = group.byAddress.find(situation.packet);
      for (let i = 0; i < count; i += 1) candidates.add(group.byAddress.at(i).order);
    }
    if (isNoticed(situation)) for (const order of group.ofEvents) candidates.add(order);
    // Nothing is looked for in what is encrypted; what must not be there is asked about all the same.
    if (!situation.isBlind) this.#scanPayloads(group);
    this.#askCandidates();
  }

  #scanPayloads(group: PacketGroup): void {
    const situation = this.#situation;
    if (situation.hasPayload) {
      this.#scan(group.ofPackets, situation.payload);
      if (!situation.hidesPayload) this.#scan(group.ofStream, situation.payload);
    }
    for (let { chunk } = situation; chunk !== null; chunk = chunk.next) this.#scan(group.ofStream, chunk.bytes);
  }

  #askCandidates(): void {
    const situation = this.#situation;
    const candidates = this.#candidates;
    const { signatures } = this.#rules;
    if (candidates.count === 0) return;
    candidates.sort();
    for (let i = 0; i < candidates.count; i += 1) {
      if (candidates.isExcluded(candidates.at(i))) continue;
      const signature = signatures[candidates.at(i)]!;
      if (signature.type === 'app_tx') this.#found.push(signature.order);
      else if (isMatch(signature, situation)) {
        takeEffect(signature, situation);
        this.#addPacketMatch(signature);
      }
    }
  }

  #addPacketMatch(signature: Signature): void {
    const { isStreamMatch, flow } = this.#situation;
    const hasGuess = isStreamMatch || (signature.application !== null && flow?.protocol === PROTOCOL_UDP);
    this.#queue.add(signature, null, isStreamMatch, hasGuess ? openTransaction(this.#situation) : -1);
  }

  #scan(prefilter: Prefilter | null, bytes: Uint8Array): void {
    if (prefilter === null) return;
    const count = prefilter.scan(bytes);
    const { ids } = prefilter;
    for (let i = 0; i < count; i += 1) {
      const id = ids[i]!;
      if (id >= 0) this.#candidates.add(id);
      else if (isFound(this.#rules.signatures[-1 - id]!.fast!, bytes)) this.#candidates.exclude(-1 - id);
    }
  }

  /**
   * What carries a packet that is to be blocked goes with it, unexamined where it has no flow itself; the packet on the
   * wire comes last.
   */
  #goesWithBlocked(packet: Packet, flow: Flow | null): boolean {
    this.#situation.isCarrierBlocked = this.#isBlockedInside && !packet.isPseudo;
    if (!this.#situation.isCarrierBlocked) return false;
    if (!isInside(packet)) this.#isBlockedInside = false;
    return flow === null;
  }

  /** Once for each direction of a flow that is dropped. */
  #tellDrop(situation: Situation, memory: FlowMemory): void {
    const bit = 1 << situation.direction;
    if (situation.packet.isPseudo || (memory.dropTold & bit) !== 0) return;
    memory.dropTold |= bit;
    this.#decide?.({ signature: null, rejectedBy: null }, situation);
  }

  /** A flow that was passed is followed no further than that its transactions end. */
  #pass({ flow, direction }: Situation, memory: FlowMemory): void {
    const conversation = flow!.application as Conversation | null;
    for (const { id } of conversation?.parser?.transactions ?? []) memory.transaction(id).isInspected[direction] = true;
  }
}

/** Every rule was asked about it, and nobody logs it any more. */
function isDone(tx: Transaction, memory: FlowMemory, end: readonly [number, number]): boolean {
  const { isInspected, isLogged } = memory.transaction(tx.id);
  if (!isLogged || !isComplete(tx, end)) return false;
  if (memory.isDropped) return true;
  return (isInspected[0] || tx.isOneSided === 1) && (isInspected[1] || tx.isOneSided === 0);
}

/**
 * The number of the first transaction of which rules are still asked in the direction, or of the next one; -1: there are none.
 * One of the other direction is waited for until it is complete.
 */
function openTransaction({ flow, memory, direction }: Situation): number {
  const conversation = (flow?.application ?? null) as Conversation | null;
  const { parser = null, protocol = null } = conversation ?? {};
  if (parser === null || protocol === null || memory === null) return -1;
  const open = parser.transactions.find(({ id, isOneSided, progress }) =>
    (isOneSided ?? direction) === direction
      ? !memory.isInspected(id, direction)
      : progress[direction] < protocol.end[direction],
  );
  return open?.id ?? memory.transactionsSeen;
}

/** It came out of another one. */
const isInside = ({ depth, isReassembled }: Packet): boolean => depth > 0 || isReassembled;

/** Something was noticed about the packet, or about a session that there is none of. */
function isNoticed({ packet, flow }: Situation): boolean {
  if (packet.eventCount > 0) return true;
  if (flow === null) return false;
  if (flow.application !== null && (flow.application as Conversation).events.length > 0) return true;
  if (flow.session !== null) return flow.session.events.length > 0;
  if (packet.protocol !== PROTOCOL_TCP) return false;
  return (packet.tcpFlags & (TCP_FIN | TCP_RST)) !== 0 || hasBrokenAck(packet);
}

/** In which directions it is known from here on what is spoken. A datagram that makes it known is news to both. */
function noteProtocols({ flow }: Situation, memory: FlowMemory): void {
  const conversation = flow!.application as Conversation | null;
  if (conversation === null || (memory.protocolsKnown === BOTH && conversation.knownAgain === 0)) return;
  let known = conversation.spoken(0) === null ? 0 : 1;
  if (conversation.spoken(1) !== null) known |= 2;
  known &= ~memory.protocolsKnown | conversation.knownAgain;
  if (known === 0) return;
  conversation.clearKnownAgain();
  memory.protocolsKnown |= known;
  memory.protocolNews |= flow!.protocol === PROTOCOL_UDP ? BOTH : known;
}

const BOTH = 3;

/**
 * Whether a rule about the protocol alone is asked of the packet: the first of its direction that comes when it is known;
 * of datagrams the one that made it known, too.
 */
function isProtocolNews({ flow, direction, packet }: Situation, memory: FlowMemory): boolean {
  const bit = 1 << direction;
  const isTold = (memory.protocolNews & bit) !== 0;
  memory.protocolNews &= ~bit;
  if (isTold || packet.protocol !== PROTOCOL_UDP || (memory.protocolsKnown & bit) !== 0) return isTold;
  const conversation = flow!.application as Conversation | null;
  return conversation !== null && conversation.spoken(direction) !== null;
}

function isMatch(signature: Signature, situation: Situation): boolean {
  if (signature.needsFlow && situation.flow === null) return false;
  // A rule about packets is asked of those that were sent.
  if (signature.type === 'packet' && situation.packet.isFlowEnd) return false;
  if (signature.type === 'pd_only' && !situation.isProtocolNews) return false;
  if (signature.application !== null && signature.application !== situation.protocol) return false;
  beginAsking(signature);
  return (
    matchesHeader(signature.header, situation.packet) &&
    (!signature.needsBits || situation.memory?.hasVariables === true) &&
    signaturePayloadMatches(signature, situation) &&
    holdsAll(signature, situation)
  );
}

/**
 * Transactions of TCP are asked about with a packet that brought something of either side, or after one that did of its
 * side, even if the session does not take it.
 */
function hasNews({ packet, flow, direction }: Situation): boolean {
  const conversation = (flow?.application ?? null) as Conversation | null;
  if (conversation === null || conversation.protocol === null || conversation.parser === null) return false;
  if (packet.protocol !== flow!.protocol) return false;
  return flow!.protocol === PROTOCOL_UDP || packet.isPseudo || conversation.hasNews(direction);
}
