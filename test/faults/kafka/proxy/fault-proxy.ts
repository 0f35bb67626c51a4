/**
 * A TCP proxy before one Kafka broker that understands its frames. The broker advertises the proxy's port, so that no
 * client finds a way around it. A request that is held back stays in the old connection to the broker, which lives on
 * when the client has long gone or has connected anew: what a network, or a broker that pauses, does to a request. What
 * stands behind it on the same connection stays behind it; nothing is ever reordered within a connection.
 */
import { createServer, type Server } from 'node:net';
import { away, DEFAULT_RATES, type Decision, decide, type FaultRates, PASS } from './fault-plan.ts';
import { type Faults, ProxiedConnection } from './proxied-connection.ts';
import type { RequestHead } from './request-head.ts';

/** A request that waits until others of its transactional id have been answered. */
interface Held {
  others: number;
  release(): void;
}

export class FaultProxy implements Faults {
  readonly rates: FaultRates;
  /** Numbers in [0, 1), from a seed. */
  random: () => number = () => 0;
  /** Told of every fault, for the counts of a run. */
  onFault: (fault: string, head: RequestHead) => void = () => {};
  /** Decides before chance does; undefined leaves it to chance, or to nothing while there is peace. */
  script: (head: RequestHead) => Decision | undefined = () => undefined;
  /** Faults happen only while this holds; what is held back is let go when it ends. */
  isHostile = false;
  /** While it holds nothing passes, in either direction. */
  isDark = false;
  /** Requests of these kinds are held back: the broker that serves them is out of reach, and others are not. */
  away: ReadonlySet<number> = new Set();
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #held = new Map<string, Set<Held>>();
  #target = { host: '127.0.0.1', port: 0 };

  private constructor(rates: FaultRates) {
    this.rates = rates;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new ProxiedConnection(this, socket, this.#target);
      this.#connections.add(connection);
      void connection.gone.then(() => this.#connections.delete(connection));
    });
  }

  /** Listens on a free port of loopback; the broker is named later, because it must know this port first. */
  static async listen(rates: FaultRates = DEFAULT_RATES): Promise<FaultProxy> {
    const proxy = new FaultProxy(rates);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** host:port of the broker. */
  forwardTo(target: string): void {
    const colon = target.lastIndexOf(':');
    this.#target = { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
  }

  /** Ends every connection with a reset; held requests go on their way all the same. */
  cutAll(): void {
    for (const connection of this.#connections) connection.resetClient();
  }

  dark(isDark: boolean): void {
    this.isDark = isDark;
    for (const connection of this.#connections) connection.pump();
  }

  /** Faults from here on. */
  begin(random: () => number, onFault: (fault: string, head: RequestHead) => void): void {
    this.random = random;
    this.onFault = onFault;
    this.isHostile = true;
  }

  /** No more faults: what was held back arrives, and all goes through. */
  calm(): void {
    this.isHostile = false;
    this.away = new Set();
    this.dark(false);
    this.releaseAll();
  }

  /** What is held back goes on its way. */
  releaseAll(): void {
    for (const held of this.#held.values()) for (const each of [...held]) each.release();
  }

  decide(head: RequestHead): Decision {
    const decision = this.script(head) ?? this.#draw(head);
    if (decision.fault !== 'pass') this.onFault(decision.fault, head);
    return decision;
  }

  #draw(head: RequestHead): Decision {
    if (!this.isHostile) return PASS;
    return this.away.has(head.apiKey) ? away(head, this.random) : decide(head, this.random, this.rates);
  }

  /** Calls `release` when so many requests of that id were answered, and gives a way to do it earlier. */
  hold(transactionalId: string, others: number, release: () => void): () => void {
    const held = this.#held.get(transactionalId) ?? new Set<Held>();
    this.#held.set(transactionalId, held);
    const entry: Held = {
      others,
      release() {
        if (held.delete(entry)) release();
      },
    };
    held.add(entry);
    return entry.release;
  }

  /** A request of that id was answered: what has waited for it may go now. */
  answered(transactionalId: string): void {
    for (const each of [...(this.#held.get(transactionalId) ?? [])]) {
      if (each.others-- <= 0) each.release();
    }
  }

  async close(): Promise<void> {
    this.calm();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.end();
    await closed;
  }
}
