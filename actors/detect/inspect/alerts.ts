/**
 * What becomes of the rules that matched one packet: in the order of the rules, thresholds are asked, actions hold, and
 * a pass ends the list. At most so many alerts of a packet are told, the others are counted.
 */
import type { Transaction } from '../protocols/index.ts';
import type { Action } from '../rules/rule.ts';
import type { RuleType } from './rule-type.ts';
import type { Signature } from './signature.ts';
import type { Situation } from './situation.ts';
import type { TaggedHosts } from './tags.ts';
import type { ThresholdTable } from './threshold-table.ts';

/** Suricata's packet-alert-max. */
export const ALERTS_MAX = 15;
/** Matches of one packet that are kept for sorting: transactions of a packet can be many. */
const QUEUE_MAX = 4096;

export interface Match {
  readonly signature: Signature;
  readonly transaction: Transaction | null;
  /** It was found in the stream or in a transaction: a drop or pass is then the whole flow's. */
  readonly isOfFlow: boolean;
  /** Of a match in the stream, or in a datagram whose protocol is named: the number of the transaction that the direction was at; -1: none. */
  readonly guess: number;
}

export interface Alert extends Match {
  readonly action: Action;
  /** As it is told: one whose action a rate_filter has set is blocked with its packet or what carries that, whichever rule blocks them. */
  readonly isBlocked: boolean;
  /** The first action of the packet's rules that answers it, too. */
  readonly rejectedBy: Action | null;
}

/** What is to be done with a packet. */
export interface Verdict {
  /** The first rule that drops or rejects it; null: its flow is dropped. */
  readonly signature: Signature | null;
  /** The first action that answers it, too. */
  readonly rejectedBy: Action | null;
}

export class AlertQueue {
  /** Alerts beyond the limit, and matches that no threshold let through. */
  readonly counts = { discarded: 0, suppressed: 0 };
  #matches: Match[] = [];
  readonly #max: number;

  constructor(max: number = ALERTS_MAX) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#matches.length === 0;
  }

  add(signature: Signature, transaction: Transaction | null, isOfFlow: boolean, guess = -1): void {
    if (this.#matches.length >= QUEUE_MAX) this.counts.discarded += 1;
    else this.#matches.push({ signature, transaction, isOfFlow, guess });
  }

  /** Null where the packet may go on. */
  finish(
    situation: Situation,
    thresholds: ThresholdTable,
    hosts: TaggedHosts,
    tell: (alert: Alert) => void,
  ): Verdict | null {
    let blocking: Signature | null = null;
    let rejectedBy: Action | null = null;
    const matches = this.#matches;
    this.#matches = [];
    if (matches.length > 1) matches.sort(byOrder);
    const told: Match[] = [];
    const actions: Action[] = [];
    /** A rate_filter has set its action. */
    const rated: boolean[] = [];
    for (const match of matches) {
      const { signature } = match;
      const verdict = thresholds.judge(signature, situation);
      const action = thresholds.newAction ?? signature.rule.action;
      if (verdict !== 'nothing') apply(action, match, situation);
      if (verdict !== 'nothing' && signature.tags.length > 0) hosts.tag(signature.rule, signature.tags, situation);
      if (verdict !== 'nothing' && action !== 'alert' && action !== 'pass') {
        blocking ??= signature;
        if (action !== 'drop') rejectedBy ??= action;
      }
      const isRated = thresholds.newAction !== null;
      // One that is silent lets the others be told, too.
      if (verdict !== 'alert' || !(signature.isTold || signature.rule.action === 'pass')) this.counts.suppressed += 1;
      else if (told.length >= this.#max) this.counts.discarded += 1;
      else {
        const isPass = action === 'pass';
        if (!isPass || (signature.isTold && !isRated)) {
          told.push(match);
          actions.push(action);
          rated.push(isRated);
        }
        // What stands behind it is not asked.
        if (isPass) break;
      }
    }
    if (told.length > 0 && situation.memory !== null) situation.memory.hasAlerted = true;
    const isPacketBlocked = blocking !== null || situation.isCarrierBlocked;
    for (let i = 0; i < told.length; i += 1) {
      const { signature, transaction, isOfFlow, guess } = told[i]!;
      const action = actions[i]!;
      const isBlocked = rated[i] === true ? isPacketBlocked : action.startsWith('reject');
      tell({ signature, transaction, isOfFlow, guess, action, rejectedBy, isBlocked });
    }
    return blocking === null ? null : { signature: blocking, rejectedBy };
  }
}

const byOrder = (a: Match, b: Match): number =>
  a.signature.order - b.signature.order || (a.transaction?.id ?? 0) - (b.transaction?.id ?? 0);

const OF_FLOWS: ReadonlySet<RuleType> = new Set(['ip_only', 'like_ip_only', 'pd_only', 'app_layer']);

/** The first of drop and pass holds for the flow, where it is of a flow's addresses, its protocol, stream or transactions. */
function apply(action: Action, { signature, isOfFlow }: Match, { memory, packet }: Situation): void {
  if (action === 'alert' || memory === null || memory.isDropped || memory.isPassed) return;
  // What one direction has left at the flow's end lets nothing of the other pass.
  if (action === 'pass' && packet.isPseudo) return;
  // A rule that names a packet's header or address is about packets, wherever its contents were found.
  if (signature.actsOnPacket || signature.type === 'packet' || (!isOfFlow && !OF_FLOWS.has(signature.type))) return;
  if (action === 'pass') memory.isPassed = true;
  else memory.isDropped = true;
}
