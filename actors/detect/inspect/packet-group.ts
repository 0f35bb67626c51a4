/** Which rules are asked about a packet: those without a pattern, and those of which the prefilter finds the pattern. */
import { makingPrefilter, type Pattern, type Prefilter } from '../prefilter/index.ts';
import { LONG_STEP, type Steps } from '../rules/finished.ts';
import { AddressIndex, isNarrow } from './address-index.ts';
import type { Signature } from './signature.ts';

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
  /** A rule is about the stream. */
  readonly needsStream: boolean;
}

/** Negative: of a pattern that must not be there. */
const patternOf = ({ order, fast }: Signature): Pattern => ({
  bytes: fast!.bytes,
  nocase: fast!.nocase,
  id: fast!.isNegated ? -1 - order : order,
});

/** A pattern without bytes is never found: one that must be there leaves its rule silent. */
export function* prefilterOf(signatures: readonly Signature[]): Steps<Prefilter | null> {
  const patterns: Pattern[] = [];
  for (const signature of signatures) if (signature.fast!.bytes.length > 0) patterns.push(patternOf(signature));
  return patterns.length === 0 ? null : yield* makingPrefilter(patterns);
}

/** What must not be there cannot be looked for beforehand. */
export const hasPattern = ({ fast }: Signature): boolean => fast !== null && !fast.isNegated;
export const isOfPayload = (signature: Signature): boolean =>
  hasPattern(signature) && signature.fast!.buffer.buffer === 'payload';

/** `strayed`: of another direction, and asked all the same. */
export function* makingPacketGroup(
  signatures: readonly Signature[],
  strayed: readonly Signature[] = [],
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
    needsStream: signatures.some(asksStream),
  };
}

/** Something of the stream is kept for it. */
export const asksStream = ({ needsStream, payload }: Signature): boolean => needsStream && payload !== null;

/** Fewer rules are asked faster one by one than they are looked up. */
const INDEXED_MIN = 32;
