/**
 * Which rules are asked about a packet or a transaction: by direction and protocol those without a pattern, and those of
 * which the prefilter finds the pattern. Groups of TCP, UDP and the application protocols are made with the rules, so that
 * no packet waits for them; others when the first packet needs one.
 */
import { type Transformer, transformer } from '../match/index.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import { makingPrefilter, type Pattern, type Prefilter } from '../prefilter/index.ts';
import type { AnyProtocol, BufferRow, Direction } from '../protocols/index.ts';
import { finished, LONG_STEP, type Steps } from '../rules/finished.ts';
import { ANY_PORT } from '../rules/port-set.ts';
import { type Range, union } from '../rules/ranges.ts';
import { AddressIndex, isNarrow } from './address-index.ts';
import { isInDirection, type Signature } from './signature.ts';

/** Rules by their places in the order. */
export interface PacketGroup {
  /** Without a pattern in the payload. */
  readonly always: readonly number[];
  /** Those of them that ask for few addresses, and nothing of the payload; null: there are none. */
  readonly byAddress: AddressIndex | null;
  /** About what was noticed of a packet: asked where something was. */
  readonly ofEvents: readonly number[];
  /** Patterns of rules about the payload of packets, and about the stream. */
  readonly ofPackets: Prefilter | null;
  readonly ofStream: Prefilter | null;
  /** The server's ports of flows of whose stream a rule asks for bytes. */
  readonly streamPorts: readonly Range<number>[];
}

export interface BufferPrefilter {
  readonly row: BufferRow;
  readonly progress: number;
  readonly transform: Transformer | null;
  readonly prefilter: Prefilter;
  /** It has run before, at another progress. */
  readonly isAgain: boolean;
}

export interface TransactionGroup {
  readonly always: readonly number[];
  /** By rising progress. */
  readonly prefilters: readonly BufferPrefilter[];
}

export class RuleGroups {
  readonly signatures: readonly Signature[];
  readonly addressRules: readonly Signature[];
  readonly byAddress: AddressIndex;
  /** About packets that cannot be read. */
  readonly decoderRules: readonly Signature[];
  readonly #packet: readonly [Map<number, PacketGroup>, Map<number, PacketGroup>] = [new Map(), new Map()];
  readonly #transaction: readonly [Map<string, TransactionGroup>, Map<string, TransactionGroup>] = [
    new Map(),
    new Map(),
  ];

  constructor(signatures: readonly Signature[], addressRules: readonly Signature[], byAddress: AddressIndex) {
    this.signatures = signatures;
    this.addressRules = addressRules;
    this.byAddress = byAddress;
    this.decoderRules = signatures.filter(({ type }) => type === 'de_only');
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
      for (const protocol of [PROTOCOL_TCP, PROTOCOL_UDP]) yield* this.#makingOfPackets(protocol, direction);
      for (const protocol of protocols) yield* this.#makingOfTransactions(protocol, direction);
    }
  }

  ofPackets(protocol: number, direction: Direction): PacketGroup {
    return this.#packet[direction].get(protocol) ?? finished(this.#makingOfPackets(protocol, direction));
  }

  *#makingOfPackets(protocol: number, direction: Direction): Steps<PacketGroup> {
    const ours = this.signatures.filter(
      (signature) =>
        signature.type !== 'ip_only' &&
        isInDirection(signature, direction) &&
        (signature.header.protocols?.includes(protocol) ?? true),
    );
    yield LONG_STEP;
    const strayed = this.#strayed(ours, protocol);
    yield LONG_STEP;
    const group = yield* packetGroup(ours, strayed, direction);
    this.#packet[direction].set(protocol, group);
    return group;
  }

  /**
   * Suricata looks at once for the patterns of all rules about other protocols than TCP and UDP, and for those of all rules
   * about one of the headers, whatever their direction, where a rule of the direction asks for any; a rule that names its
   * direction alone is then not asked for it again.
   */
  #strayed(ours: readonly Signature[], protocol: number): Signature[] {
    const shared = new Set(ours.flatMap(({ fast }) => (fast === null ? [] : [fast.buffer.buffer])));
    if (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) shared.delete('payload');
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
    const ours = this.signatures.filter(({ engines }) => (engines.get(protocol.name)?.[direction].length ?? 0) > 0);
    yield LONG_STEP;
    const group = yield* transactionGroup(ours, protocol, direction);
    this.#transaction[direction].set(protocol.name, group);
    return group;
  }
}

/** Negative: of a pattern that must not be there. */
const patternOf = ({ order, fast }: Signature): Pattern => ({
  bytes: fast!.bytes,
  nocase: fast!.nocase,
  id: fast!.isNegated ? -1 - order : order,
});

/** A pattern without bytes is never found: one that must be there leaves its rule silent. */
function* prefilterOf(signatures: readonly Signature[]): Steps<Prefilter | null> {
  const findable = signatures.filter(({ fast }) => fast!.bytes.length > 0);
  return findable.length === 0 ? null : yield* makingPrefilter(findable.map(patternOf));
}

/** What must not be there cannot be looked for beforehand. */
const hasPattern = ({ fast }: Signature): boolean => fast !== null && !fast.isNegated;
const isOfPayload = (signature: Signature): boolean =>
  hasPattern(signature) && signature.fast!.buffer.buffer === 'payload';

function* packetGroup(
  signatures: readonly Signature[],
  strayed: readonly Signature[],
  direction: Direction,
): Steps<PacketGroup> {
  const all = [...signatures, ...strayed];
  const patterned = all.filter(
    (one) => one.fast?.buffer.buffer === 'payload' && !(one.fast.isNegated && one.type === 'app_tx'),
  );
  const unpatterned = all.filter((one) => one.type !== 'app_tx' && !isOfPayload(one));
  const asked = unpatterned.filter(({ needsEvent }) => !needsEvent);
  const indexed = asked.filter(({ payload, header }) => payload === null && isNarrow(header));
  const isIndexed = indexed.length >= INDEXED_MIN;
  yield LONG_STEP;
  const byAddress = isIndexed ? yield* AddressIndex.making(indexed) : null;
  const known = new Set(isIndexed ? indexed : []);
  return {
    always: asked.flatMap((one) => (known.has(one) ? [] : [one.order])),
    byAddress,
    ofEvents: unpatterned.flatMap(({ order, needsEvent }) => (needsEvent ? [order] : [])),
    ofPackets: yield* prefilterOf(patterned.filter(({ needsPacket, needsStream }) => needsPacket || !needsStream)),
    ofStream: yield* prefilterOf(patterned.filter(({ needsStream }) => needsStream)),
    streamPorts: streamPortsOf(signatures, direction),
  };
}

function streamPortsOf(signatures: readonly Signature[], direction: Direction): readonly Range<number>[] {
  const sets = signatures.flatMap(({ needsStream, payload, rule, isSwapped }) => {
    if (!needsStream || payload === null) return [];
    return isSwapped === (direction === 0) ? rule.sourcePorts : rule.destinationPorts;
  });
  return sets.some(({ isAny }) => isAny) ? ANY_PORT.ranges : union(sets.flatMap(({ ranges }) => ranges));
}

/** Fewer rules are asked faster one by one than they are looked up. */
const INDEXED_MIN = 32;

function* transactionGroup(
  signatures: readonly Signature[],
  protocol: AnyProtocol,
  direction: Direction,
): Steps<TransactionGroup> {
  const always: number[] = [];
  const byBuffer = new Map<string, { readonly row: BufferRow; readonly signatures: Signature[] }>();
  for (const signature of signatures) {
    if (isOfPayload(signature)) continue;
    const buffer = hasPattern(signature) ? signature.fast!.buffer : null;
    const row = protocol.buffers.find(
      ({ name, directions }) => name === buffer?.buffer && directions.includes(direction),
    );
    if (buffer === null) {
      always.push(signature.order);
      continue;
    }
    // Of the protocol's own it is never found.
    if (row === undefined) continue;
    const { transforms } = buffer;
    const key = transforms.length === 0 ? buffer.buffer : JSON.stringify([buffer.buffer, transforms]);
    const entry = byBuffer.get(key);
    if (entry === undefined) byBuffer.set(key, { row, signatures: [signature] });
    else entry.signatures.push(signature);
  }
  yield LONG_STEP;
  const prefilters: BufferPrefilter[] = [];
  for (const { row, signatures: ours } of byBuffer.values()) {
    const { transforms } = ours[0]!.fast!.buffer;
    const transform = transforms.length === 0 ? null : transformer(transforms);
    const prefilter = yield* prefilterOf(ours);
    if (prefilter === null) continue;
    const one = { row, transform, prefilter };
    prefilters.push({ ...one, progress: row.prefilterProgress ?? row.progress, isAgain: false });
    if (row.again !== undefined) prefilters.push({ ...one, progress: row.again.progress[direction], isAgain: true });
  }
  return { always, prefilters: prefilters.sort((a, b) => a.progress - b.progress) };
}
