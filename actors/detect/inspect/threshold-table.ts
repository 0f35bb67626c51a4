/**
 * The counters of thresholds. Those of addresses are bounded in number: the one that was begun longest ago gives way, and
 * is counted. Those of flows end with their flow.
 */
import type { Packet } from '../packet/index.ts';
import { holdsV4, holdsV6 } from '../rules/address-set.ts';
import { destinationKey, pairKey, sourceKey } from './address-key.ts';
import type { Answers } from './answers.ts';
import { counterId, type FlowMemory } from './flow-memory.ts';
import { KeptMap } from './kept-map.ts';
import type { Signature } from './signature.ts';
import type { Situation } from './situation.ts';
import {
  type Counter,
  isWindowOver,
  judge,
  judgeBackoff,
  judgePorts,
  judgeRate,
  type NewAction,
  type Threshold,
  type Verdict,
} from './threshold.ts';

const COUNTERS_MAX = 200_000;
const VERDICTS: readonly Verdict[] = ['alert', 'silent', 'nothing'];
/** The first: none. */
const NEW_ACTIONS: readonly (NewAction | null)[] = [null, 'alert', 'drop', 'pass', 'reject'];

export class ThresholdTable {
  evicted = 0;
  /** The action that a rate_filter has set for the alert judged last. */
  newAction: NewAction | null = null;
  /** Null: nobody takes packets once more. */
  answers: Answers | null = null;
  /** The capture is over: what is known of addresses beyond their windows is gone when the flows that are left end. */
  isEnding = false;
  readonly #counters = new KeptMap<Counter>();

  get kept(): KeptMap<Counter> {
    return this.#counters;
  }

  judge(signature: Signature, situation: Situation): Verdict {
    this.newAction = null;
    const { packet } = situation;
    if (packet.ipVersion === 0) return 'alert';
    for (const threshold of signature.thresholds) {
      if (threshold.type === 'suppress') {
        // What it does holds all the same: for a pass, that its flow passes; the other alerts of the packet are told.
        if (isSuppressed(threshold, packet)) return 'silent';
        continue;
      }
      const verdict = this.#one(signature, threshold, situation);
      if (verdict !== 'alert') return verdict;
    }
    return 'alert';
  }

  #one(signature: Signature, threshold: Threshold, situation: Situation): Verdict {
    const { packet, memory } = situation;
    if (threshold.track === 'by_flow') {
      if (memory === null) return 'nothing';
      const id = counterId(signature.thresholds.indexOf(threshold), signature.order);
      const counters = countersOf(memory);
      return judgeOne(threshold, packet, counters.get(id), (counter) => counters.set(id, counter));
    }
    const ask = (): number => this.#ask(signature, threshold, packet);
    const code = this.answers === null ? ask() : this.answers.to(situation.flow, ask);
    this.newAction = NEW_ACTIONS[code >> 2] ?? this.newAction;
    return VERDICTS[code & 3]!;
  }

  /** Verdict and action in one number. */
  #ask(signature: Signature, threshold: Threshold, packet: Packet): number {
    const key = `${signature.rule.gid} ${signature.rule.sid} ${keyOf(signature, threshold, packet)}`;
    const counter = this.#counters.get(key);
    const keep = (begun: Counter): void => this.#keep(key, begun);
    this.#counters.touch(key);
    if (threshold.type !== 'rate') return VERDICTS.indexOf(judgeOne(threshold, packet, counter, keep));
    const isGone = this.isEnding && threshold.track !== 'by_rule' && isWindowOver(threshold, counter, packet.timeUs);
    const action = judgeRate(threshold, isGone ? undefined : counter, packet.timeUs, keep);
    return action === null ? 0 : NEW_ACTIONS.indexOf(action) << 2;
  }

  #keep(key: string, counter: Counter): void {
    this.#counters.set(key, counter);
    if (this.#counters.size <= COUNTERS_MAX) return;
    const [oldest] = this.#counters.keys();
    this.#counters.delete(oldest!);
    this.evicted += 1;
  }
}

/** A packet that has no such port counts as one with port 0. */
function judgeOne(
  threshold: Threshold,
  packet: Packet,
  counter: Counter | undefined,
  keep: (counter: Counter) => void,
): Verdict {
  const { type, uniqueOn } = threshold;
  if (type === 'backoff') return judgeBackoff(threshold, counter, packet.timeUs, keep);
  if (uniqueOn === undefined) return judge(threshold, counter, packet.timeUs, keep);
  const port = uniqueOn === 'src_port' ? packet.sourcePort : packet.destinationPort;
  return judgePorts(threshold, port, counter, packet.timeUs, keep);
}

function countersOf(memory: FlowMemory): Map<number, Counter> {
  memory.counters ??= new Map();
  return memory.counters;
}

/** By rule each of the two of a rule in both directions counts for itself; of an address they count together, whichever way it sends. */
function keyOf({ isSwapped }: Signature, { track }: Threshold, packet: Packet): string {
  switch (track) {
    case 'by_src':
      return `h${sourceKey(packet)}`;
    case 'by_dst':
      return `h${destinationKey(packet)}`;
    case 'by_both':
      return `b${pairKey(packet)}`;
    default:
      return isSwapped ? 'r<' : 'r';
  }
}

function isSuppressed({ track, addresses = null }: Threshold, packet: Packet): boolean {
  if (addresses === null) return false;
  const holds = (isSource: boolean): boolean => {
    if (packet.ipVersion === 4) return holdsV4(addresses, (isSource ? packet.src0 : packet.dst0) >>> 0);
    const words = isSource
      ? [packet.src0, packet.src1, packet.src2, packet.src3]
      : [packet.dst0, packet.dst1, packet.dst2, packet.dst3];
    return holdsV6(
      addresses,
      words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n),
    );
  };
  return (track !== 'by_dst' && holds(true)) || (track !== 'by_src' && holds(false));
}
