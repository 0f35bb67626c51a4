/**
 * What looking closer may cost for one packet, over all rules, buffers and transactions that are asked with it. A buffer has bounds of
 * its own; without this one a packet that many rules with costly expressions are asked about could take the sum of them. Beyond it
 * an expression does not hold and a content is not found, so that a packet made for that is told by the count and no worker stands still.
 */

/** Steps of expressions: one buffer has 1,000,000. */
export const PACKET_STEPS_MAX = 3_000_000;
/** Bytes that contents are looked for in, each time anew: one buffer has as many. */
export const PACKET_SEARCHED_BYTES_MAX = 1 << 24;

export class Expense {
  steps = PACKET_STEPS_MAX;
  bytes = PACKET_SEARCHED_BYTES_MAX;
  /** Packets for which it was not enough. */
  exceeded = 0;

  /** The next packet. */
  begin(): void {
    if (this.steps <= 0 || this.bytes <= 0) this.exceeded += 1;
    this.steps = PACKET_STEPS_MAX;
    this.bytes = PACKET_SEARCHED_BYTES_MAX;
  }
}
