/**
 * What the fault proxy has to know of a request: which one it is, and whose transaction it belongs to. Its own few lines
 * on purpose: it must not fail together with the codecs that it tests.
 */

export const API = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  findCoordinator: 10,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const;

export interface RequestHead {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  /** Null where the request belongs to no transaction. */
  readonly transactionalId: string | null;
  /** EndTxn alone: commit or abort. */
  readonly isCommit?: boolean;
}

/** From this version on strings are compact and headers carry tags. In all of these the transactional id comes first. */
const FLEXIBLE_FROM: Readonly<Record<number, number>> = {
  [API.produce]: 9,
  [API.initProducerId]: 2,
  [API.addPartitionsToTxn]: 3,
  [API.addOffsetsToTxn]: 3,
  [API.endTxn]: 3,
  [API.txnOffsetCommit]: 3,
};

/** `frame` starts behind the length. */
export function requestHead(frame: Buffer): RequestHead {
  const apiKey = frame.readInt16BE(0);
  const version = frame.readInt16BE(2);
  const correlationId = frame.readInt32BE(4);
  const flexibleFrom = FLEXIBLE_FROM[apiKey];
  if (flexibleFrom === undefined || (apiKey === API.produce && version < 3)) {
    return { apiKey, version, correlationId, transactionalId: null };
  }
  const isFlexible = version >= flexibleFrom;
  let at = 10 + Math.max(frame.readInt16BE(8), 0);
  // No client that is tested sends tags in its request header.
  if (isFlexible) at++;
  // From version 4 on AddPartitionsToTxn carries several transactions; a client sends one.
  if (apiKey === API.addPartitionsToTxn && version >= 4) at++;
  const length = isFlexible ? frame[at]! - 1 : frame.readInt16BE(at);
  at += isFlexible ? 1 : 2;
  const transactionalId = length < 0 ? null : frame.toString('utf8', at, at + length);
  const head = { apiKey, version, correlationId, transactionalId };
  // Behind it the producer's id, its epoch, and then what is asked for.
  return apiKey === API.endTxn ? { ...head, isCommit: frame[at + length + 10] === 1 } : head;
}
