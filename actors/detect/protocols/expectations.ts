/** Connections that flows have agreed on, between the same two hosts: bounded, and forgotten after a while. */
import type { ExpectedTransfer } from './protocol.ts';

/** Who agreed, as far as it is needed here. */
export interface Agreeing {
  readonly src0: number;
  readonly src1: number;
  readonly src2: number;
  readonly src3: number;
  readonly dst0: number;
  readonly dst1: number;
  readonly dst2: number;
  readonly dst3: number;
  readonly destinationPort: number;
  readonly lastUs: number;
}

interface Agreed<Flow> {
  readonly by: Flow;
  readonly atSeconds: number;
  readonly transfer: ExpectedTransfer;
}

/** As in Suricata. */
const SECONDS_MAX = 30;
const OF_A_PAIR_MAX = 10;
const PAIRS_MAX = 10_000;

const seconds = (timeUs: number): number => Math.floor(timeUs / 1_000_000);

function pairOf({ src0, src1, src2, src3, dst0, dst1, dst2, dst3 }: Agreeing): string {
  const [source, destination] = [`${src0} ${src1} ${src2} ${src3}`, `${dst0} ${dst1} ${dst2} ${dst3}`];
  return source < destination ? `${source} ${destination}` : `${destination} ${source}`;
}

export class Expectations<Flow extends Agreeing> {
  /** By the two hosts, the newest first. */
  readonly #pairs = new Map<string, Agreed<Flow>[]>();

  get isEmpty(): boolean {
    return this.#pairs.size === 0;
  }

  add(flow: Flow, transfer: ExpectedTransfer): void {
    const pair = pairOf(flow);
    const before = this.#pairs.get(pair) ?? [];
    const agreed = { by: flow, atSeconds: seconds(flow.lastUs), transfer };
    this.#pairs.set(pair, [agreed, ...before].slice(0, OF_A_PAIR_MAX));
    if (this.#pairs.size > PAIRS_MAX) this.#pairs.delete(this.#pairs.keys().next().value!);
  }

  /** What was agreed on about this flow, whose bytes go this way; it is not any more. The newest counts. */
  take(flow: Flow, direction: 0 | 1): { readonly transfer: ExpectedTransfer; readonly by: Flow } | null {
    const pair = pairOf(flow);
    const agreed = this.#pairs.get(pair);
    if (agreed === undefined) return null;
    const isMeant = ({ transfer }: Agreed<Flow>): boolean =>
      transfer.direction === direction && transfer.port === flow.destinationPort;
    const now = seconds(flow.lastUs);
    const found = agreed.find(isMeant) ?? null;
    this.#keep(
      pair,
      agreed.filter((one) => !isMeant(one) && now <= one.atSeconds + SECONDS_MAX),
    );
    return found;
  }

  /** The flow is over, and with it what it agreed on. */
  forget(flow: Flow): void {
    const pair = pairOf(flow);
    const agreed = this.#pairs.get(pair);
    if (agreed !== undefined)
      this.#keep(
        pair,
        agreed.filter(({ by }) => by !== flow),
      );
  }

  #keep(pair: string, agreed: Agreed<Flow>[]): void {
    if (agreed.length === 0) this.#pairs.delete(pair);
    else this.#pairs.set(pair, agreed);
  }
}
