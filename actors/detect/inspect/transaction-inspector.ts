/**
 * Asks rules about the transactions of a flow in the direction of a packet. A rule that matched in part goes on where it
 * was; one that matched, or never will, is not asked again of that transaction and direction.
 */
import type { Prefilter } from '../prefilter/index.ts';
import type { AnyProtocol, Conversation, Direction, Transaction, TransactionFile } from '../protocols/index.ts';
import type { AlertQueue } from './alerts.ts';
import { Candidates } from './candidates.ts';
import { type Engine, MATCH, MATCH_AGAIN, NEVER, NO_FILE } from './engine.ts';
import { CANNOT_MATCH, FULL_MATCH, MATCHED_LATE, type TransactionMemory, WAITS_FOR_FILE } from './flow-memory.ts';
import { matchesHeader } from './header.ts';
import { isFound } from './negated-pattern.ts';
import type { BufferPrefilter, RuleGroups } from './rule-groups.ts';
import { beginAsking, holdsAll, type Signature, takeEffect } from './signature.ts';
import type { Situation } from './situation.ts';

export class TransactionInspector {
  readonly #groups: RuleGroups;
  readonly #queue: AlertQueue;
  readonly #candidates: Candidates;
  /** What the rule at hand was asked of the buffer that has its fast pattern; null: it did not come to that. */
  #fast: Engine | null = null;

  constructor(groups: RuleGroups, queue: AlertQueue) {
    this.#groups = groups;
    this.#queue = queue;
    this.#candidates = new Candidates(groups.signatures.length);
  }

  /** `found`: rules about transactions of which the prefilter found the pattern in the payload. */
  inspect(situation: Situation, found: readonly number[]): void {
    const { direction, memory } = situation;
    const conversation = situation.flow!.application as Conversation;
    const { parser } = conversation;
    if (parser === null) return;
    const protocol = conversation.protocol!;
    const group = this.#groups.ofTransactions(protocol, direction);
    const { transactions } = parser;
    const candidates = this.#candidates;
    for (const tx of transactions) {
      const kept = memory!.transaction(tx.id);
      if (kept.isInspected[direction] || (tx.isOneSided ?? direction) !== direction) continue;
      if (tx.isUpdated?.[direction] === false && !situation.packet.isPseudo && !isOver(tx, direction, protocol))
        continue;
      if (tx.files !== undefined && tx.files.length > kept.filesSeen[direction])
        this.#takeNewFiles(tx.files, kept, protocol.name, direction);
      situation.tx = tx;
      situation.transaction = kept;
      candidates.reset();
      // Those of a protocol that no prefilter finds pass over a packet that the session did not take.
      for (const order of situation.protocol === null ? group.unnamed : group.always) candidates.add(order);
      for (const order of found) candidates.add(order);
      situation.transformed.forget();
      for (const one of group.prefilters) if (!this.#scan(one, tx, kept, situation)) break;
      kept.scanned[direction] |= (1 << Math.min(tx.progress[direction], 31)) - 1;
      const states = kept.states[direction];
      if (states !== null) for (const order of states.keys()) candidates.add(order);
      candidates.sort();
      for (let i = 0; i < candidates.count; i += 1)
        this.#ask(this.#groups.signatures[candidates.at(i)]!, protocol.name, tx, kept, situation);
      for (const row of protocol.buffers)
        if (row.isStreamed === true && tx.progress[direction] >= row.progress) row.inspected?.(tx, direction);
      if (tx.progress[direction] >= protocol.end[direction]) {
        kept.isInspected[direction] = true;
        kept.states[direction] = null;
      }
    }
  }

  /** A rule that has asked sizes or digests of files asks them again of one that has come since. */
  #takeNewFiles(
    files: readonly TransactionFile[],
    kept: TransactionMemory,
    protocol: string,
    direction: Direction,
  ): void {
    const isNew = files.slice(kept.filesSeen[direction]).some((file) => file.direction === direction);
    kept.filesSeen[direction] = files.length;
    const states = kept.states[direction];
    if (!isNew || states === null) return;
    for (const [order, state] of states) {
      const engines = this.#groups.signatures[order]?.engines.get(protocol)?.[direction] ?? [];
      const asked = engines.find(({ isOfFiles }) => isOfFiles)?.bit ?? 0;
      if ((state & asked) !== 0) states.set(order, state & ~(asked | FULL_MATCH | CANNOT_MATCH | WAITS_FOR_FILE));
    }
  }

  /** False: the transaction has not come so far, nor to those that follow. */
  #scan(one: BufferPrefilter, tx: Transaction, kept: TransactionMemory, situation: Situation): boolean {
    const { direction, transformed, packet } = situation;
    const progress = tx.progress[direction];
    if (progress < one.progress) return false;
    if (progress > one.progress && one.progress < 31 && (kept.scanned[direction] & (1 << one.progress)) !== 0)
      return true;
    const { row, transform, list, prefilter } = one;
    const negated = situation.protocol === null ? one.negated : null;
    if (prefilter === null && negated === null && list === null) return true;
    if (one.isAgain && !row.again!.isDue(tx, direction)) return true;
    for (let index = 0; ; index += 1) {
      const bytes = (row.scanned ?? row.read)(tx, direction, index, packet.isFlowEnd);
      if (bytes === null) break;
      if (list !== null) transformed.isTransformed(list, false);
      if (prefilter === null && negated === null) break;
      const text = transform === null ? bytes : transform(bytes);
      if (prefilter !== null) {
        const count = prefilter.scan(text);
        const { ids } = prefilter;
        for (let i = 0; i < count; i += 1) this.#candidates.add(ids[i]!);
      }
      if (negated !== null) this.#scanNegated(negated, text);
      if (row.isMany !== true) break;
    }
    return true;
  }

  /** Where what must not be there is, its rule is asked after all. */
  #scanNegated(negated: Prefilter, text: Uint8Array): void {
    const count = negated.scan(text);
    const { ids } = negated;
    for (let i = 0; i < count; i += 1) {
      const order = -1 - ids[i]!;
      if (isFound(this.#groups.signatures[order]!.fast!, text)) this.#candidates.add(order);
    }
  }

  #ask(signature: Signature, protocol: string, tx: Transaction, kept: TransactionMemory, situation: Situation): void {
    const { direction } = situation;
    const engines = signature.engines.get(protocol)?.[direction];
    if (engines === undefined || engines.length === 0) return;
    beginAsking(signature);
    const states = kept.states[direction];
    const known = states?.get(signature.order);
    const progress = tx.progress[direction];
    // An interim answer brings its transaction back to where the prefilter looks once more.
    const isBack =
      known !== undefined &&
      (known & MATCHED_LATE) !== 0 &&
      engines.some((engine) => engine.isPrefiltered && engine.progress === progress);
    const before = isBack ? undefined : known;
    if (before === undefined) {
      // A rule that goes on was let in by the packet with which it began.
      const header = direction === 1 ? (signature.headerBack ?? signature.header) : signature.header;
      if (!matchesHeader(header, situation.packet) || !holdsAll(signature, situation)) return;
      if (signature.needsBits && situation.memory?.hasVariables !== true) return;
    } else if ((before & (FULL_MATCH | CANNOT_MATCH)) !== 0) return;
    const state = this.#askAll(engines, tx, situation, before ?? 0);
    const fast = this.#fast;
    if (state !== before && (before !== undefined || isKept(fast, signature, progress, state))) {
      // The prefilter does not look for the rule's pattern any more.
      const isLate = before === undefined && (state & FULL_MATCH) !== 0 && fast !== null && progress > fast.progress;
      const now = isLate ? state | MATCHED_LATE : state;
      if (states === null) kept.states[direction] = new Map([[signature.order, now]]);
      else states.set(signature.order, now);
    }
    if ((state & FULL_MATCH) === 0) return;
    if (signature.headerBack !== null && !kept.completes(signature.order, direction)) return;
    takeEffect(signature, situation);
    this.#queue.add(signature, tx, true);
  }

  /** The state of the rule after its engines were asked. */
  #askAll(engines: readonly Engine[], tx: Transaction, situation: Situation, before: number): number {
    const direction: Direction = situation.direction;
    let state = before;
    this.#fast = null;
    for (const engine of engines) {
      if ((state & engine.bit) !== 0) continue;
      if (tx.progress[direction] < engine.progress) return state;
      if (engine.isPrefiltered) this.#fast = engine;
      const answer = engine.ask(tx, direction, situation);
      if (answer === MATCH) state |= engine.bit;
      else if (answer === NO_FILE) return state | engine.bit | CANNOT_MATCH | WAITS_FOR_FILE;
      else if (answer !== MATCH_AGAIN) {
        // What the prefilter has to find in a buffer that is over was not there.
        const isOver = engine.isPrefiltered && tx.progress[direction] > engine.progress;
        return answer === NEVER || isOver ? state | CANNOT_MATCH : state;
      }
    }
    return state | FULL_MATCH;
  }
}

/**
 * What has come of a rule that was asked the first time is kept, be it only that it was too early; but not where it cannot
 * match any more, and not where Suricata takes it that the prefilter would find its pattern again (`fast`, where it was asked).
 * A match is not kept, either, where it takes it that it would not: a pattern in the stream, or in headers with a trailer, may come
 * again, and one that must not be there is never looked for.
 */
function isKept(fast: Engine | null, signature: Signature, progress: number, state: number): boolean {
  if ((state & CANNOT_MATCH) !== 0) return (state & WAITS_FOR_FILE) !== 0;
  if (fast === null) return true;
  if ((state & FULL_MATCH) === 0) return progress !== fast.progress;
  return progress <= fast.progress || (!fast.comesAgain && signature.fast?.isNegated !== true);
}

const isOver = (tx: Transaction, direction: Direction, { end }: AnyProtocol): boolean =>
  tx.progress[direction] >= end[direction];
