/**
 * All that `trust.scores` tells, as a graph for each service, kept up record by record, and where the parties are. Bounded:
 * so many services, providers and pairs; what finds no room is counted.
 */
import type { PairScore, ProviderScore } from '../../schemas/index.ts';
import { OWN_BATCH } from './batch-draw.ts';
import { Names } from './names.ts';
import { NONE } from './pair-store.ts';
import { type Place, pointOf, type SpherePoint } from './place.ts';
import { type GraphOptions, ServiceGraph } from './service-graph.ts';

export interface TrustGraphOptions extends GraphOptions {
  readonly servicesMax: number;
  /** Of one service. */
  readonly providersMax: number;
  /** A provider that takes so long to answer performs half as well as one that takes no time. */
  readonly halfResponseMs: number;
}

export class TrustGraph {
  readonly names = new Names();
  /** Records that found no room. */
  unplaced = 0;
  readonly #options: TrustGraphOptions;
  readonly #services = new Map<string, ServiceGraph>();
  /** Of all parties that stand somewhere, whether they serve or not. */
  readonly #places = new Map<string, SpherePoint>();
  /** What a party was enrolled with, and the numbers of these. */
  readonly #batches = new Map<string, number>();
  readonly #batchNumbers = new Map<string, number>();
  /** Why a party is not trusted: the bits of who says so. */
  readonly #untrusted = new Map<string, number>();
  /** What a question about an unknown service is answered from. */
  readonly #nothing: ServiceGraph;

  constructor(options: TrustGraphOptions) {
    this.#options = options;
    this.#nothing = new ServiceGraph(options);
  }

  /** By name; the graphs are to be looked at. */
  get services(): ReadonlyMap<string, ServiceGraph> {
    return this.#services;
  }

  /** An empty one where nobody serves it. */
  service(name: string): ServiceGraph {
    return this.#services.get(name) ?? this.#nothing;
  }

  takePair(told: PairScore): void {
    const graph = this.#serviceFor(told.service);
    const provider = graph === null ? NONE : this.#providerFor(graph, told.trustee);
    if (graph === null || provider === NONE) return;
    const known = this.names.find(told.trustor);
    const isNew = known < 0 || graph.pairs.find(known, provider) === NONE;
    const trustor = isNew ? this.names.hold(told.trustor) : known;
    const { small, big } = told;
    const opinion = {
      trust: told.trust,
      recent: small.mean,
      evidence: small.evidence,
      lasting: big.mean,
      lastingEvidence: big.evidence,
      atMs: told.at,
    };
    const putOut = graph.set(trustor, provider, opinion, told.interactions);
    if (putOut !== NONE) this.names.release(putOut);
  }

  takeProvider(told: ProviderScore): void {
    const graph = this.#serviceFor(told.service);
    const provider = graph === null ? NONE : this.#providerFor(graph, told.trustee);
    if (graph === null || provider === NONE) return;
    const { providers } = graph;
    providers.isTold[provider] = 1;
    providers.stand(provider, told.standing);
    providers.reliability[provider] = this.#reliabilityOf(told);
    graph.setRequests(provider, told.interactions);
  }

  /** A record that ends its key: `trustee service`, or `trustee service trustor`. */
  forget(key: string): void {
    const [trustee = '', service = '', trustor] = key.split(' ');
    const graph = this.#services.get(service);
    const provider = graph?.providers.find(this.names.find(trustee)) ?? NONE;
    if (graph === undefined || provider === NONE) return;
    if (trustor === undefined) graph.providers.isTold[provider] = 0;
    else {
      const name = this.names.find(trustor);
      if (name >= 0 && graph.forget(name, provider)) this.names.release(name);
    }
    if (graph.providers.raters[provider] !== 0 || graph.providers.isTold[provider] !== 0) return;
    this.names.release(graph.providers.name[provider]!);
    graph.providers.remove(provider);
  }

  /** Whether a device is distrusted as such; `by` has one bit, of who says so. Nobody is sent there then. */
  distrust(name: string, by: number, isUntrusted: boolean): void {
    const before = this.#untrusted.get(name) ?? 0;
    const now = isUntrusted ? before | by : before & ~by;
    if (now === before) return;
    if (now === 0) this.#untrusted.delete(name);
    else this.#untrusted.set(name, now);
    const id = this.names.find(name);
    if (id < 0) return;
    for (const { providers } of this.#services.values()) {
      const at = providers.find(id);
      if (at >= 0) providers.distrust(at, now !== 0);
    }
  }

  /** It was said where a party is; null: nobody knows any more. */
  move(name: string, place: Place | null): void {
    const point = place === null ? null : pointOf(place);
    if (point === null) this.#places.delete(name);
    else this.#places.set(name, point);
    const id = this.names.find(name);
    if (id < 0) return;
    for (const { providers } of this.#services.values()) {
      const at = providers.find(id);
      if (at >= 0) providers.put(at, point);
    }
  }

  /** What it was enrolled with; null: by itself. */
  enrol(name: string, batch: string | null): void {
    if (batch === null) {
      if (!this.#batches.delete(name)) return;
    } else {
      let number = this.#batchNumbers.get(batch);
      if (number === undefined) {
        number = this.#batchNumbers.size + 1;
        this.#batchNumbers.set(batch, number);
      }
      this.#batches.set(name, number);
    }
    const id = this.names.find(name);
    if (id < 0) return;
    for (const { providers } of this.#services.values()) {
      const at = providers.find(id);
      if (at >= 0) providers.batch[at] = this.batchOf(name);
    }
  }

  batchOf(name: string): number {
    return this.#batches.get(name) ?? OWN_BATCH;
  }

  #serviceFor(name: string): ServiceGraph | null {
    let graph = this.#services.get(name);
    if (graph !== undefined) return graph;
    if (this.#services.size >= this.#options.servicesMax) {
      this.unplaced++;
      return null;
    }
    graph = new ServiceGraph(this.#options);
    this.#services.set(name, graph);
    return graph;
  }

  #providerFor({ providers }: ServiceGraph, name: string): number {
    const known = providers.find(this.names.find(name));
    if (known >= 0) return known;
    if (providers.size >= this.#options.providersMax) {
      this.unplaced++;
      return NONE;
    }
    const at = providers.add(this.names.hold(name));
    providers.put(at, this.#places.get(name) ?? null);
    providers.batch[at] = this.batchOf(name);
    providers.distrust(at, this.#untrusted.has(name));
    return at;
  }

  /** R′: the mean of what was measured; NaN where nothing was. */
  #reliabilityOf({ responseMs, availability, quality }: ProviderScore): number {
    const { halfResponseMs } = this.#options;
    const promptness = responseMs === null ? null : halfResponseMs / (halfResponseMs + responseMs);
    const measured = [promptness, availability, quality].filter((each) => each !== null);
    return measured.length === 0 ? Number.NaN : measured.reduce((sum, each) => sum + each, 0) / measured.length;
  }
}
