/**
 * Which rules are asked about a packet or a transaction: by direction and protocol those without a pattern, and those of
 * which the prefilter finds the pattern. Groups of TCP, UDP and the application protocols are made with the rules, so that
 * no packet waits for them; others when the first packet needs one.
 */
import { type Transformer, transformer } from '../match/index.ts';
import { type Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { Prefilter } from '../prefilter/index.ts';
import type { AnyProtocol, BufferRow, Direction } from '../protocols/index.ts';
import { finished, LONG_STEP, type Steps } from '../rules/finished.ts';
import { passes } from '../rules/numbers.ts';
import type { BufferTerms } from '../rules/rule.ts';
import { AddressIndex } from './address-index.ts';
import { bufferIn } from './engine.ts';
import { isLookedFor } from './negated-pattern.ts';
import { hasPattern, isOfPayload, makingPacketGroup, type PacketGroup, prefilterOf } from './packet-group.ts';
import { isSynScan, PortedGroup } from './ported-group.ts';
import { PACKET_BUFFERS } from './rule-type.ts';
import { isInDirection, type Signature } from './signature.ts';
import { listOf, transformedList } from './transformed-buffers.ts';

export interface BufferPrefilter {
  readonly row: BufferRow;
  readonly progress: number;
  readonly transform: Transformer | null;
  /** As the transformed buffer is known; null: it is none. */
  readonly list: string | null;
  /** null: what must be there is looked for of no rule. */
  readonly prefilter: Prefilter | null;
  /**
   * What must not be there, of rules about a protocol: they are asked anyway, but of a packet that the session did not take
   * only where this finds them.
   */
  readonly negated: Prefilter | null;
  /** It has run before, at another progress. */
  readonly isAgain: boolean;
}

/** What tells the group of a packet. */
type GroupedPacket = Pick<Packet, 'protocol' | 'sourcePort' | 'destinationPort'>;

export interface TransactionGroup {
  readonly always: readonly number[];
  /** Those of them that are about no protocol of their own. */
  readonly unnamed: readonly number[];
  /** By rising progress. */
  readonly prefilters: readonly BufferPrefilter[];
}

export class RuleGroups {
  readonly signatures: readonly Signature[];
  readonly addressRules: readonly Signature[];
  readonly byAddress: AddressIndex;
  /** About packets that cannot be read. */
  readonly decoderRules: readonly Signature[];
  /** Of TCP and UDP; of other protocols. */
  readonly #ported: readonly [Map<number, PortedGroup>, Map<number, PortedGroup>] = [new Map(), new Map()];
  readonly #others: readonly [Map<number, PacketGroup>, Map<number, PacketGroup>] = [new Map(), new Map()];
  readonly #transaction: readonly [Map<string, TransactionGroup>, Map<string, TransactionGroup>] = [
    new Map(),
    new Map(),
  ];

  /** Which ask of its transactions, by direction: most protocols have none, and are not to look through all rules for them. */
  readonly #ofProtocol = new Map<string, readonly [Signature[], Signature[]]>();

  constructor(signatures: readonly Signature[], addressRules: readonly Signature[], byAddress: AddressIndex) {
    this.signatures = signatures;
    this.addressRules = addressRules;
    this.byAddress = byAddress;
    this.decoderRules = signatures.filter(({ type }) => type === 'de_only');
    for (const signature of signatures)
      for (const [protocol, engines] of signature.engines) {
        let ours = this.#ofProtocol.get(protocol);
        if (ours === undefined) {
          ours = [[], []];
          this.#ofProtocol.set(protocol, ours);
        }
        if (engines[0].length > 0) ours[0].push(signature);
        if (engines[1].length > 0) ours[1].push(signature);
      }
  }

  /** With the groups that every sensor needs. */
  static *making(signatures: readonly Signature[], protocols: readonly AnyProtocol[]): Steps<RuleGroups> {
    const addressRules = signatures.filter(({ type }) => type === 'ip_only');
    const groups = new RuleGroups(signatures, addressRules, yield* AddressIndex.making(addressRules));
    yield* groups.#making(protocols);
    return groups;
  }

  *#making(protocols: readonly AnyProtocol[]): Steps<void> {
    for (const direction of [0, 1] as const) {
      for (const protocol of [PROTOCOL_TCP, PROTOCOL_UDP]) yield* this.#makingPorted(protocol, direction);
      for (const protocol of protocols) yield* this.#makingOfTransactions(protocol, direction);
    }
  }

  /** Of TCP and UDP by the server's port. */
  ofPackets({ protocol, sourcePort, destinationPort }: GroupedPacket, direction: Direction): PacketGroup {
    const ported = this.#ported[direction].get(protocol);
    if (ported !== undefined) return ported.of(direction === 0 ? destinationPort : sourcePort);
    return this.#others[direction].get(protocol) ?? finished(this.#makingOfOthers(protocol, direction));
  }

  #ofDirection(protocol: number, direction: Direction): Signature[] {
    return this.signatures.filter(
      (signature) =>
        signature.type !== 'ip_only' &&
        isInDirection(signature, direction) &&
        (signature.header.protocols?.includes(protocol) ?? true),
    );
  }

  *#makingPorted(protocol: number, direction: Direction): Steps<void> {
    const ours = this.#ofDirection(protocol, direction).filter((one) => direction === 0 || !isSynScan(one));
    yield LONG_STEP;
    const strayed = this.#strayed(ours, sharedBuffers(ours, protocol, PACKET_BUFFERS), protocol);
    yield LONG_STEP;
    const group = yield* makingPacketGroup(ours);
    this.#ported[direction].set(protocol, new PortedGroup(group, ours, strayed, protocol, direction));
    yield LONG_STEP;
  }

  *#makingOfOthers(protocol: number, direction: Direction): Steps<PacketGroup> {
    const ours = this.#ofDirection(protocol, direction);
    const group = yield* makingPacketGroup(ours, this.#strayed(ours, sharedBuffers(ours, protocol, SHARED), protocol));
    this.#others[direction].set(protocol, group);
    return group;
  }

  /** Rules of the other direction whose patterns are in what is looked through for both. */
  #strayed(ours: readonly Signature[], shared: ReadonlySet<string>, protocol: number): Signature[] {
    if (shared.size === 0) return [];
    const known = new Set(ours);
    return this.signatures.filter(
      (one) =>
        hasPattern(one) &&
        (one.type === 'packet' || one.type === 'packet_stream' || one.type === 'stream') &&
        shared.has(one.fast!.buffer.buffer) &&
        (one.header.protocols?.includes(protocol) ?? true) &&
        !known.has(one),
    );
  }

  ofTransactions(protocol: AnyProtocol, direction: Direction): TransactionGroup {
    return this.#transaction[direction].get(protocol.name) ?? finished(this.#makingOfTransactions(protocol, direction));
  }

  *#makingOfTransactions(protocol: AnyProtocol, direction: Direction): Steps<TransactionGroup> {
    const ours = this.#ofProtocol.get(protocol.name)?.[direction] ?? [];
    yield LONG_STEP;
    const group = yield* transactionGroup(ours, protocol, direction);
    this.#transaction[direction].set(protocol.name, group);
    return group;
  }
}

/**
 * Suricata looks at once for the patterns of all rules about other protocols than TCP and UDP, and for those of all rules
 * about one of the headers, whatever their direction, where a rule of the group asks for any; a rule that names its
 * direction alone is then not asked for it again.
 */
function sharedBuffers(
  signatures: readonly Signature[],
  protocol: number,
  among: ReadonlySet<string>,
): ReadonlySet<string> {
  const shared = new Set<string>();
  for (const one of signatures) {
    const buffer = one.fast?.buffer.buffer;
    if (buffer !== undefined && among.has(buffer) && leavesProtocol(one, protocol)) shared.add(buffer);
  }
  return shared;
}

const SHARED: ReadonlySet<string> = new Set([...PACKET_BUFFERS, 'payload']);

/** Not where its ip_proto excludes it. */
const leavesProtocol = ({ header, rule }: Signature, protocol: number): boolean =>
  header.protocols !== null ||
  rule.conditions.every(
    ({ keyword, value }) => keyword !== 'ip_proto' || value.type !== 'number' || passes(value.test, protocol),
  );

interface OfBuffer {
  readonly row: BufferRow;
  readonly buffer: BufferTerms;
  readonly signatures: Signature[];
  readonly negated: Signature[];
}

function prefilteredOf(byBuffer: Map<string, OfBuffer>, row: BufferRow, buffer: BufferTerms): OfBuffer {
  const key = listOf(buffer);
  let entry = byBuffer.get(key);
  if (entry === undefined) {
    entry = { row, buffer, signatures: [], negated: [] };
    byBuffer.set(key, entry);
  }
  return entry;
}

function* transactionGroup(
  signatures: readonly Signature[],
  protocol: AnyProtocol,
  direction: Direction,
): Steps<TransactionGroup> {
  const always: number[] = [];
  const unnamed: number[] = [];
  const byBuffer = new Map<string, OfBuffer>();
  for (const signature of signatures) {
    if (isOfPayload(signature)) continue;
    const { fast } = signature;
    const buffer = hasPattern(signature) ? fast!.buffer : null;
    const row = fast === null ? undefined : bufferIn(protocol, fast.buffer.buffer, direction);
    if (buffer === null && row !== undefined && isLookedFor(fast!)) {
      const { negated } = prefilteredOf(byBuffer, row, fast!.buffer);
      if (signature.application !== null) negated.push(signature);
    }
    // One about both sides has its pattern on one of them; what a packet's own addresses are is asked of each.
    const isElsewhere = buffer !== null && (PACKET_BUFFERS.has(buffer.buffer) || signature.headerBack !== null);
    if (buffer === null || (row === undefined && isElsewhere)) {
      always.push(signature.order);
      if (signature.application === null) unnamed.push(signature.order);
      continue;
    }
    // Of the protocol's own it is never found.
    if (row === undefined) continue;
    prefilteredOf(byBuffer, row, buffer).signatures.push(signature);
  }
  yield LONG_STEP;
  const prefilters: BufferPrefilter[] = [];
  for (const { row, buffer, signatures: ours, negated: theirs } of byBuffer.values()) {
    const { transforms } = buffer;
    const transform = transforms.length === 0 ? null : transformer(transforms);
    const prefilter = yield* prefilterOf(ours);
    const negated = yield* prefilterOf(theirs);
    if (prefilter === null && negated === null && transform === null) continue;
    const one = { row, transform, list: transformedList(buffer), prefilter, negated };
    prefilters.push({ ...one, progress: row.prefilterProgress ?? row.progress, isAgain: false });
    if (row.again !== undefined) prefilters.push({ ...one, progress: row.again.progress[direction], isAgain: true });
  }
  return { always, unnamed, prefilters: prefilters.sort((a, b) => a.progress - b.progress) };
}
