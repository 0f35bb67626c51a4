/**
 * Which rules are asked about a packet or a transaction: by direction and protocol those without a pattern, and those of
 * which the prefilter finds the pattern. Groups of TCP, UDP and the application protocols are made with the rules, so that
 * no packet waits for them; others when the first packet needs one.
 */
import { type Transformer, transformer } from '../match/index.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import { type Pattern, Prefilter } from '../prefilter/index.ts';
import type { AnyProtocol, BufferRow, Direction } from '../protocols/index.ts';
import { LONG_STEP, type Steps } from '../rules/finished.ts';
import { AddressIndex } from './address-index.ts';
import { isInDirection, type Signature } from './signature.ts';

/** Rules by their places in the order. */
export interface PacketGroup {
  /** Without a pattern in the payload. */
  readonly always: readonly number[];
  /** About what was noticed of a packet: asked where something was. */
  readonly ofEvents: readonly number[];
  /** Patterns of rules about the payload of packets, and about the stream. */
  readonly ofPackets: Prefilter | null;
  readonly ofStream: Prefilter | null;
  /** A rule is about the stream. */
  readonly needsStream: boolean;
}

export interface BufferPrefilter {
  /** Tells the prefilters of a group apart. */
  readonly id: number;
  readonly row: BufferRow;
  readonly progress: number;
  readonly transform: Transformer | null;
  readonly prefilter: Prefilter;
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

  constructor(signatures: readonly Signature[]) {
    this.signatures = signatures;
    this.addressRules = signatures.filter(({ type }) => type === 'ip_only');
    this.byAddress = new AddressIndex(this.addressRules);
    this.decoderRules = signatures.filter(({ type }) => type === 'de_only');
  }

  /** Those that every sensor needs, one a step. */
  *making(protocols: readonly AnyProtocol[]): Steps<void> {
    for (const direction of [0, 1] as const) {
      for (const protocol of [PROTOCOL_TCP, PROTOCOL_UDP]) {
        this.ofPackets(protocol, direction);
        yield LONG_STEP;
      }
      for (const protocol of protocols) {
        this.ofTransactions(protocol, direction);
        yield LONG_STEP;
      }
    }
  }

  ofPackets(protocol: number, direction: Direction): PacketGroup {
    const groups = this.#packet[direction];
    let group = groups.get(protocol);
    if (group === undefined) {
      const ours = this.signatures.filter(
        (signature) =>
          signature.type !== 'ip_only' &&
          isInDirection(signature, direction) &&
          (signature.header.protocols?.includes(protocol) ?? true),
      );
      group = packetGroup(ours, this.#strayed(ours, protocol));
      groups.set(protocol, group);
    }
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
    const groups = this.#transaction[direction];
    let group = groups.get(protocol.name);
    if (group === undefined) {
      const ours = this.signatures.filter(({ engines }) => (engines.get(protocol.name)?.[direction].length ?? 0) > 0);
      group = transactionGroup(ours, protocol, direction);
      groups.set(protocol.name, group);
    }
    return group;
  }
}

/** Negative: of a pattern that must not be there. */
const patternOf = ({ order, fast }: Signature): Pattern => ({
  bytes: fast!.bytes,
  nocase: fast!.nocase,
  id: fast!.isNegated ? -1 - order : order,
});

const prefilterOf = (signatures: readonly Signature[]): Prefilter | null =>
  signatures.length === 0 ? null : new Prefilter(signatures.map(patternOf));

/** What must not be there cannot be looked for beforehand. */
const hasPattern = ({ fast }: Signature): boolean => fast !== null && !fast.isNegated;
const isOfPayload = (signature: Signature): boolean =>
  hasPattern(signature) && signature.fast!.buffer.buffer === 'payload';

function packetGroup(signatures: readonly Signature[], strayed: readonly Signature[]): PacketGroup {
  const patterned = [...signatures, ...strayed].filter(
    (one) => one.fast?.buffer.buffer === 'payload' && !(one.fast.isNegated && one.type === 'app_tx'),
  );
  const unpatterned = [...signatures, ...strayed].filter((one) => one.type !== 'app_tx' && !isOfPayload(one));
  return {
    always: unpatterned.flatMap(({ order, needsEvent }) => (needsEvent ? [] : [order])),
    ofEvents: unpatterned.flatMap(({ order, needsEvent }) => (needsEvent ? [order] : [])),
    ofPackets: prefilterOf(patterned.filter(({ needsPacket, needsStream }) => needsPacket || !needsStream)),
    ofStream: prefilterOf(patterned.filter(({ needsStream }) => needsStream)),
    needsStream: signatures.some(({ needsStream }) => needsStream),
  };
}

function transactionGroup(
  signatures: readonly Signature[],
  protocol: AnyProtocol,
  direction: Direction,
): TransactionGroup {
  const always: number[] = [];
  const byBuffer = new Map<string, { readonly row: BufferRow; readonly signatures: Signature[] }>();
  for (const signature of signatures) {
    if (isOfPayload(signature)) continue;
    const buffer = hasPattern(signature) ? signature.fast!.buffer : null;
    const row = protocol.buffers.find(
      ({ name, directions }) => name === buffer?.buffer && directions.includes(direction),
    );
    if (buffer === null || row === undefined) {
      always.push(signature.order);
      continue;
    }
    const key = JSON.stringify([buffer.buffer, buffer.transforms]);
    const entry = byBuffer.get(key);
    if (entry === undefined) byBuffer.set(key, { row, signatures: [signature] });
    else entry.signatures.push(signature);
  }
  const prefilters = [...byBuffer.values()].map(({ row, signatures: ours }, id): BufferPrefilter => {
    const { transforms } = ours[0]!.fast!.buffer;
    const transform = transforms.length === 0 ? null : transformer(transforms);
    return { id, row, progress: row.prefilterProgress ?? row.progress, transform, prefilter: prefilterOf(ours)! };
  });
  return { always, prefilters: prefilters.sort((a, b) => a.progress - b.progress) };
}
