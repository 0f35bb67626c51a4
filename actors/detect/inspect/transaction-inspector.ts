/**
 * Asks rules about the transactions of a flow in the direction of a packet. A rule that matched in part goes on where it
 * was; one that matched, or never will, is not asked again of that transaction and direction.
 */
import type { Conversation, Direction, Transaction } from '../protocols/index.ts';
import type { AlertQueue } from './alerts.ts';
import { type Engine, MATCH, NEVER } from './engine.ts';
import { CANNOT_MATCH, type FlowMemory, FULL_MATCH, type TransactionMemory } from './flow-memory.ts';
import { matchesHeader } from './header.ts';
import type { RuleGroups } from './rule-groups.ts';
import { holdsAll, type Signature, takeEffect } from './signature.ts';
import type { Situation } from './situation.ts';

export class TransactionInspector {
  readonly #groups: RuleGroups;
  readonly #queue: AlertQueue;

  constructor(groups: RuleGroups, queue: AlertQueue) {
    this.#groups = groups;
    this.#queue = queue;
  }

  inspect(situation: Situation): void {
    const { flow, direction } = situation;
    const conversation = flow!.application as Conversation;
    const parser = conversation.parser!;
    const { name, end, buffers } = conversation.protocol!;
    const rules = this.#groups.transactionRules(name, direction);
    const memory = flow!.memory as FlowMemory;
    const { transactions } = parser;
    for (let i = 0; i < transactions.length; i += 1) {
      const tx = transactions[i]!;
      const kept = memory.transaction(i);
      if (kept.isInspected[direction] || (tx.isOneSided ?? direction) !== direction) continue;
      for (const signature of rules) this.#ask(signature, name, tx, kept, situation);
      for (const row of buffers)
        if (row.isStreamed === true && tx.progress[direction] >= row.progress) row.inspected?.(tx, direction);
      if (tx.progress[direction] >= end[direction]) {
        kept.isInspected[direction] = true;
        kept.states[direction] = null;
      }
    }
  }

  #ask(signature: Signature, protocol: string, tx: Transaction, kept: TransactionMemory, situation: Situation): void {
    const { direction } = situation;
    const states = kept.states[direction];
    const before = states?.get(signature.order);
    if (before === undefined) {
      // A rule that goes on was let in by the packet with which it began.
      if (!matchesHeader(signature.header, situation.packet) || !holdsAll(signature, situation)) return;
      if (signature.needsBits && situation.memory?.hasBits !== true) return;
    } else if ((before & (FULL_MATCH | CANNOT_MATCH)) !== 0) return;
    const engines = signature.engines.get(protocol)![direction];
    const state = ask(engines, tx, situation, before ?? 0);
    if (state !== before && (state !== 0 || before !== undefined)) {
      if (states === null) kept.states[direction] = new Map([[signature.order, state]]);
      else states.set(signature.order, state);
    }
    if ((state & FULL_MATCH) === 0) return;
    takeEffect(signature, situation);
    this.#queue.add(signature, tx, true);
  }
}

/** The state of the rule after its engines were asked. */
function ask(engines: readonly Engine[], tx: Transaction, situation: Situation, before: number): number {
  const direction: Direction = situation.direction;
  let state = before;
  for (const engine of engines) {
    if ((state & engine.bit) !== 0) continue;
    if (tx.progress[direction] < engine.progress) return state;
    const answer = engine.ask(tx, direction, situation);
    if (answer === MATCH) state |= engine.bit;
    else {
      // What the prefilter has to find in a buffer that is over was not there.
      const isOver = engine.isPrefiltered && tx.progress[direction] > engine.progress;
      return answer === NEVER || isOver ? state | CANNOT_MATCH : state;
    }
  }
  return state | FULL_MATCH;
}
