/**
 * Asks the rules about each packet, what the stream made available with it, and the transactions of its flow, in
 * Suricata's order: addresses alone, packets and streams, transactions; then thresholds and actions in the order of the
 * rules. A packet that nothing matches leaves no object behind.
 */
import type { Flow } from '../flow/index.ts';
import { type Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { AnyProtocol, Conversation, Direction } from '../protocols/index.ts';
import { APPLICATION_PROTOCOLS } from '../rules/protocols.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import { AddressBits } from './address-bits.ts';
import { type Alert, AlertQueue } from './alerts.ts';
import { DEFAULT_CLASSES, type RuleClass } from './classes.ts';
import { FlowMemory, isComplete } from './flow-memory.ts';
import { matchesHeader } from './header.ts';
import { Names } from './names.ts';
import { payloadBytes } from './packet-conditions.ts';
import { signaturePayloadMatches } from './payload.ts';
import { RuleGroups } from './rule-groups.ts';
import { cannotAsk } from './runnable.ts';
import { holdsAll, type Signature, signaturesOf, takeEffect } from './signature.ts';
import { Situation } from './situation.ts';
import { applyThresholds, type ThresholdLine } from './threshold-file.ts';
import { ThresholdTable } from './threshold-table.ts';
import { TransactionInspector } from './transaction-inspector.ts';

export interface InspectOptions {
  readonly classes: ReadonlyMap<string, RuleClass>;
  readonly thresholds: readonly ThresholdLine[];
  readonly alertsMax: number;
}

export const INSPECT_DEFAULTS: InspectOptions = { classes: DEFAULT_CLASSES, thresholds: [], alertsMax: 15 };

/** Called for each alert while the packet is in hand. */
export type TellAlert = (alert: Alert, situation: Situation) => void;

export class Inspector {
  readonly signatures: readonly Signature[];
  /** Rules that were not loaded, with what of them cannot be asked here. */
  readonly left: readonly { readonly rule: AcceptedRule; readonly part: string }[];
  readonly #groups: RuleGroups;
  readonly #queue: AlertQueue;
  readonly #thresholds = new ThresholdTable();
  readonly #addressBits = new AddressBits();
  readonly #transactions: TransactionInspector;
  readonly #situation = new Situation();
  readonly #tell: (alert: Alert) => void;

  constructor(
    rules: readonly AcceptedRule[],
    protocols: readonly AnyProtocol[],
    options: InspectOptions,
    tell: TellAlert,
  ) {
    const judged = rules.map((rule) => ({ rule, part: cannotAsk(rule.rule, protocols, APPLICATION_PROTOCOLS) }));
    this.left = judged.flatMap(({ rule, part }) => (part === null ? [] : [{ rule, part }]));
    const loaded = judged.flatMap(({ rule, part }) => (part === null ? [rule] : []));
    const context = { protocols, classes: options.classes, names: new Names(), addressBits: this.#addressBits };
    this.signatures = signaturesOf(loaded, context);
    applyThresholds(this.signatures, options.thresholds);
    this.#groups = new RuleGroups(this.signatures);
    this.#queue = new AlertQueue(options.alertsMax);
    this.#transactions = new TransactionInspector(this.#groups, this.#queue);
    this.#tell = (alert) => tell(alert, this.#situation);
  }

  get counts(): { readonly discarded: number; readonly suppressed: number; readonly evicted: number } {
    const evicted = this.#thresholds.evicted + this.#addressBits.evicted;
    return { ...this.#queue.counts, evicted };
  }

  packet(packet: Packet, flow: Flow | null, direction: Direction): void {
    const situation = this.#situation;
    this.#fill(packet, flow, direction);
    const { memory } = situation;
    if (memory?.isDropped === true) return;
    if (memory?.isPassed === true) {
      this.#pass(situation, memory);
      return;
    }
    if (packet.ipVersion !== 0) {
      this.#askAddressRules(situation);
      this.#askPacketRules(situation);
      if (situation.flow !== null && situation.protocol !== null) this.#transactions.inspect(situation);
    }
    if (!this.#queue.isEmpty) this.#queue.finish(situation, this.#thresholds, this.#tell);
    if (situation.hasChunk) flow!.session!.rawDone(direction, situation.chunkOffset + situation.chunk.length);
  }

  /** Whether rules are still to be asked about a transaction in this direction. */
  hasLeft(flow: Flow, direction: Direction): boolean {
    const conversation = flow.application as Conversation | null;
    const memory = flow.memory as FlowMemory | null;
    const transactions = conversation?.parser?.transactions ?? [];
    return transactions.some(
      (tx, i) => (tx.isOneSided ?? direction) === direction && memory?.transactions[i]?.isInspected[direction] !== true,
    );
  }

  /** What every rule was asked about and nobody logs any more is dropped. */
  release(flow: Flow): void {
    const conversation = flow.application as Conversation | null;
    const memory = flow.memory as FlowMemory | null;
    const parser = conversation?.parser ?? null;
    if (parser === null || memory === null || parser.transactions.length === 0) return;
    const { end } = conversation!.protocol!;
    let done = 0;
    for (const tx of parser.transactions) {
      const { isInspected, isLogged } = memory.transaction(done);
      const isAsked =
        (isInspected[0] || tx.isOneSided === 1 || memory.isDropped) &&
        (isInspected[1] || tx.isOneSided === 0 || memory.isDropped);
      if (!isLogged || !isAsked || !isComplete(tx, end)) break;
      done += 1;
    }
    if (done === 0) return;
    parser.release(done);
    memory.transactions.splice(0, done);
  }

  #fill(packet: Packet, flow: Flow | null, direction: Direction): void {
    const situation = this.#situation;
    situation.packet = packet;
    situation.flow = flow;
    situation.direction = direction;
    situation.isStreamMatch = false;
    situation.hasChunk = false;
    situation.isInStream = false;
    situation.protocol = null;
    situation.isEstablished = false;
    const length = payloadBytes(packet);
    situation.hasPayload = length > 0;
    if (length > 0) situation.payload = packet.bytes.subarray(packet.payloadAt, packet.payloadEnd);
    situation.memory = null;
    if (flow === null) return;
    flow.memory ??= new FlowMemory();
    situation.memory = flow.memory as FlowMemory;
    situation.isEstablished = flow.isEstablished;
    // An ICMP error belongs to the flow that it speaks of, and is no part of its stream.
    if (packet.protocol !== flow.protocol) return;
    if (flow.protocol === PROTOCOL_TCP) {
      const { session } = flow;
      if (session?.isEstablished !== true) return;
      situation.isInStream = session.packetIsInStream;
      const chunk = session.rawChunk(direction);
      if (chunk !== null) {
        situation.hasChunk = true;
        situation.chunk = chunk.bytes;
        situation.chunkOffset = chunk.streamOffset;
      }
    } else if (flow.protocol !== PROTOCOL_UDP) return;
    situation.protocol = (flow.application as Conversation | null)?.protocol?.name ?? null;
  }

  #askAddressRules(situation: Situation): void {
    const { memory, direction, packet } = situation;
    if (memory !== null) {
      if ((memory.addressesAsked & (1 << direction)) !== 0) return;
      memory.addressesAsked |= 1 << direction;
    }
    for (const signature of this.#groups.addressRules) {
      if (!matchesHeader(signature.header, packet) || !holdsAll(signature, situation)) continue;
      takeEffect(signature, situation);
      this.#queue.add(signature, null, false);
    }
  }

  #askPacketRules(situation: Situation): void {
    for (const signature of this.#groups.packetRules(situation)) {
      if (!isMatch(signature, situation)) continue;
      takeEffect(signature, situation);
      this.#queue.add(signature, null, situation.isStreamMatch);
    }
  }

  /** A flow that was passed is followed no further than that its transactions end. */
  #pass({ flow, direction }: Situation, memory: FlowMemory): void {
    const conversation = flow!.application as Conversation | null;
    const count = conversation?.parser?.transactions.length ?? 0;
    for (let i = 0; i < count; i += 1) memory.transaction(i).isInspected[direction] = true;
  }
}

function isMatch(signature: Signature, situation: Situation): boolean {
  if (signature.needsFlow && situation.flow === null) return false;
  if (signature.application !== null && signature.application !== situation.protocol) return false;
  return (
    matchesHeader(signature.header, situation.packet) &&
    (!signature.needsBits || situation.memory?.hasBits === true) &&
    signaturePayloadMatches(signature, situation) &&
    holdsAll(signature, situation)
  );
}
