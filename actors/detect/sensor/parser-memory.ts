/**
 * What the parsers of all flows keep together. Each flow's share is counted when it has changed; the flows stand in the order
 * of that, so the first one has waited longest. Beyond the cap that one gives way, whole: its transactions are told as at its end.
 */
import type { Flow } from '../flow/index.ts';
import type { Conversation } from '../protocols/index.ts';

/** A packet makes no more flows give way; the next ones go on. */
const GIVE_WAY_MAX = 16;

export class ParserMemory {
  heldBytes = 0;
  readonly #bytesMax: number;
  readonly #giveWay: (flow: Flow) => void;
  readonly #flows = new Set<Flow>();

  /** `giveWay` is to end the flow. */
  constructor(bytesMax: number, giveWay: (flow: Flow) => void) {
    this.#bytesMax = bytesMax;
    this.#giveWay = giveWay;
  }

  /** A packet of the flow was examined. */
  count(flow: Flow, conversation: Conversation): void {
    const bytes = conversation.keptBytes;
    const before = conversation.countedBytes;
    if (bytes === before) return;
    conversation.countedBytes = bytes;
    this.heldBytes += bytes - before;
    if (before > 0) this.#flows.delete(flow);
    if (bytes > 0) this.#flows.add(flow);
  }

  /** The flow is over. */
  forget(flow: Flow, conversation: Conversation): void {
    if (conversation.countedBytes === 0) return;
    this.heldBytes -= conversation.countedBytes;
    conversation.countedBytes = 0;
    this.#flows.delete(flow);
  }

  /** Between two packets. */
  makeRoom(): void {
    for (let left = GIVE_WAY_MAX; left > 0 && this.heldBytes > this.#bytesMax; left -= 1) {
      const first = this.#flows.values().next().value;
      if (first === undefined) return;
      this.#giveWay(first);
    }
  }
}
