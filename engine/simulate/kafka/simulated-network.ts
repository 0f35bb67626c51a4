/**
 * The way between one process and the simulated broker. Bytes of a connection keep their order; connections do not wait
 * for each other. A connection may be cut: then what was sent is lost or arrives all the same, later than anybody
 * expects, and answers never arrive; or it hangs half open until the client gives up.
 */
import { assert, type Random, randomBelow } from '../../base/index.ts';
import type { Network, Stream, StreamReceiver } from '../../log/index.ts';
import { APART_MS } from '../simulated-log.ts';
import { Life, type Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import type { SimulatedBroker } from './broker.ts';

export interface NetworkPlan {
  readonly latencyMsMax: number;
  /** Of 1,024 requests before `troubledUntilMs`, how many end their connection; before or after they had their effect. */
  readonly cuts: number;
  /** Of 1,024 requests, how many are held back on the way. */
  readonly heldBack: number;
  readonly heldBackMsMax: number;
  readonly troubledUntilMs: number;
}

export interface NetworkSetup {
  readonly broker: SimulatedBroker;
  readonly timeline: Timeline;
  /** Of the client: nothing is received after its end. */
  readonly life: Life;
  /** Of the world, in which sent bytes travel on. */
  readonly world: Life;
  readonly random: Random;
  readonly plan: NetworkPlan;
  readonly trace: Trace;
}

type Cut = 'request lost' | 'answer lost' | 'half open';

export class SimulatedNetwork implements Network {
  readonly #setup: NetworkSetup;

  constructor(setup: NetworkSetup) {
    this.#setup = setup;
  }

  connect(_address: unknown, _tls: unknown, receiver: StreamReceiver): Stream {
    return new SimulatedStream(this.#setup, receiver);
  }
}

class SimulatedStream implements Stream {
  readonly #setup: NetworkSetup;
  readonly #receiver: StreamReceiver;
  /** Of the connection: what arrives at the client happens under it. */
  readonly #life: Life;
  readonly #requests: Uint8Array[] = [];
  #isBusy = false;
  #isCut = false;
  #toBrokerAt = 0;
  #toClientAt = 0;

  constructor(setup: NetworkSetup, receiver: StreamReceiver) {
    this.#setup = setup;
    this.#receiver = receiver;
    this.#life = new Life(setup.life);
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#isCut || this.#life.isOver) return;
    const { timeline, world } = this.#setup;
    const bytes = new Uint8Array(Buffer.concat(parts));
    assert(bytes.length === 4 + new DataView(bytes.buffer).getInt32(0), 'a write is one request');
    const request = bytes.subarray(4);
    const cut = this.#drawCut();
    this.#toBrokerAt = this.#arrival(this.#toBrokerAt, this.#drawHeldBackMs());
    if (cut !== null) this.#cut(cut);
    if (cut === 'request lost') return;
    // Whoever sent it may be dead by then: the bytes are on their way.
    timeline.after(this.#toBrokerAt - timeline.elapsedMs, world, () => {
      this.#requests.push(request);
      this.#serve();
    });
  }

  close(): void {
    this.#life.end();
  }

  /** A broker takes the next request of a connection when it has answered the one before. */
  #serve(): void {
    const request = this.#isBusy ? undefined : this.#requests.shift();
    if (request === undefined) return;
    this.#isBusy = true;
    this.#setup.broker.handle(request, (answer) => {
      this.#isBusy = false;
      this.#answer(answer);
      this.#serve();
    });
  }

  #answer(bytes: Uint8Array): void {
    if (this.#isCut) return;
    const { timeline } = this.#setup;
    this.#toClientAt = this.#arrival(this.#toClientAt, 0);
    timeline.after(this.#toClientAt - timeline.elapsedMs, this.#life, () => {
      for (let at = 0; at < bytes.length && !this.#isCut && !this.#life.isOver; ) {
        const room = this.#receiver.buffer();
        const count = Math.min(room.length, bytes.length - at);
        room.set(bytes.subarray(at, at + count));
        at += count;
        this.#receiver.received(count);
      }
    });
  }

  #cut(cut: Cut): void {
    const { timeline, trace } = this.#setup;
    this.#isCut = true;
    trace.add('cut@network', () => cut);
    if (cut === 'half open') return;
    timeline.after(this.#drawMs(this.#setup.plan.latencyMsMax), this.#life, () => {
      const life = this.#life;
      if (!life.isOver) this.#receiver.ended('the connection was reset');
    });
  }

  #drawCut(): Cut | null {
    const { plan, random, timeline } = this.#setup;
    if (timeline.elapsedMs >= plan.troubledUntilMs || randomBelow(random, 1024) >= plan.cuts) return null;
    return (['request lost', 'answer lost', 'half open'] as const)[randomBelow(random, 3)]!;
  }

  #drawHeldBackMs(): number {
    const { plan, random, timeline } = this.#setup;
    if (timeline.elapsedMs >= plan.troubledUntilMs || randomBelow(random, 1024) >= plan.heldBack) return 0;
    return this.#drawMs(plan.heldBackMsMax);
  }

  #arrival(before: number, moreMs: number): number {
    const { timeline, plan } = this.#setup;
    return Math.max(timeline.elapsedMs + this.#drawMs(plan.latencyMsMax) + moreMs, before + APART_MS);
  }

  #drawMs(max: number): number {
    return (this.#setup.random.u32() / 2 ** 32) * max;
  }
}
