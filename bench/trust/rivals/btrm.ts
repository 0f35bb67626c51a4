/**
 * BTRM-WSN (Gómez Mármol, Martínez Pérez, "Providing trust in wireless sensor networks using a bio-inspired technique",
 * Telecommunication Systems 46, 2011): ants look for trustworthy servers along the links of a network and leave
 * pheromone there; the client takes the best path, and punishes it where the server at its end was bad.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow } from '../../../engine/index.ts';
import type { Network } from '../simulator/network.ts';
import { inProportion, uniform } from './draws.ts';

export interface BtrmOptions {
  readonly phi: number;
  readonly rho: number;
  /** How often an ant takes the best link without a draw. */
  readonly q0: number;
  /** Powers of the number of servers. */
  readonly ants: number;
  readonly iterations: number;
  readonly alpha: number;
  readonly beta: number;
  readonly initialPheromone: number;
  readonly pathLengthFactor: number;
  readonly transitionThreshold: number;
  readonly punishmentThreshold: number;
}

/** As TRMSim-WSN has them. */
export const BTRM_DEFAULTS: BtrmOptions = {
  phi: 0.01,
  rho: 0.87,
  q0: 0.45,
  ants: 0.35,
  iterations: 0.59,
  alpha: 1,
  beta: 1,
  initialPheromone: 0.85,
  pathLengthFactor: 0.71,
  transitionThreshold: 0.66,
  punishmentThreshold: 0.48,
};

const PHEROMONE_MIN = 0.001;
const PHEROMONE_MAX = 0.999;

interface Link {
  readonly to: number;
  /** 1 / length. */
  readonly nearness: number;
  pheromone: number;
}

export class BtrmModel implements TrustModel {
  readonly name = 'BTRM-WSN';
  /** Hops of the paths taken, for comparison with what was published. */
  hops = 0;
  transactions = 0;
  readonly #options: BtrmOptions;
  readonly #network: Network;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #links: Link[][];
  /** By the sensor at the other end. */
  readonly #linkTo: ReadonlyMap<number, Link>[];
  readonly #into: Link[][];
  readonly #ants: number;
  readonly #iterations: number;
  /** The path each client took last: sensors, the client first. */
  readonly #paths = new Map<string, readonly number[]>();

  constructor(network: Network, random: Random, options: BtrmOptions = BTRM_DEFAULTS) {
    this.#options = options;
    this.#network = network;
    const { sensors, servers } = network;
    this.#indexes = new Map(sensors.map(({ name }, i) => [name, i]));
    const { initialPheromone } = options;
    const spread = initialPheromone * (1 - initialPheromone);
    this.#links = sensors.map((sensor) =>
      sensor.neighbours.map((to) => ({
        to,
        nearness: 1 / Math.max(1, Math.hypot(sensor.x - sensors[to]!.x, sensor.y - sensors[to]!.y)),
        pheromone: bounded(initialPheromone + (2 * uniform(random) - 1) * spread),
      })),
    );
    this.#linkTo = this.#links.map((links) => new Map(links.map((link) => [link.to, link])));
    this.#into = sensors.map((_, to) => this.#links.flatMap((links) => links.filter((link) => link.to === to)));
    this.#ants = Math.max(1, Math.round(servers.length ** options.ants));
    this.#iterations = Math.max(1, Math.round(servers.length ** options.iterations));
  }

  choose(trustor: string, _service: string, candidates: readonly string[], _nowMs: number, random: Random): string {
    const servers = new Set(candidates.map((name) => this.#indexes.get(name)!));
    const path = this.#bestPath(this.#indexes.get(trustor)!, servers, random);
    if (path === null) return candidates[randomBelow(random, candidates.length)]!;
    this.#paths.set(trustor, path);
    this.hops += path.length - 1;
    this.transactions++;
    return this.#network.sensors[path.at(-1)!]!.name;
  }

  observe({ trustor, trustee, satisfaction }: Interaction): void {
    const from = this.#indexes.get(trustor)!;
    // A server that rates another says what it likes of its own links: that is how it colludes.
    if (this.#network.sensors[from]!.role === 'server') {
      const own = this.#linkTo[from]!.get(this.#indexes.get(trustee)!);
      if (own !== undefined) own.pheromone = satisfaction >= 0.5 ? PHEROMONE_MAX : PHEROMONE_MIN;
      return;
    }
    const path = this.#paths.get(trustor);
    if (path === undefined || this.#network.sensors[path.at(-1)!]!.name !== trustee) return;
    const { phi, punishmentThreshold } = this.#options;
    const length = path.length;
    for (let i = 1; i < length - 1; i++) {
      const link = this.#link(path[i - 1]!, path[i]!);
      const distance = Math.sqrt(i / ((length - 1) * (length - i)));
      if (satisfaction >= punishmentThreshold)
        link.pheromone = bounded(link.pheromone - 2 * phi * (1 - satisfaction) * distance);
      else link.pheromone = bounded((link.pheromone - phi * distance) * satisfaction * (1 - distance));
    }
    if (satisfaction >= punishmentThreshold) return;
    for (const link of this.#into[path.at(-1)!]!) link.pheromone = bounded((link.pheromone - phi) * satisfaction);
  }

  /** The pheromone on the link between them, where there is one. */
  score(trustor: string, trustee: string): number {
    const [from, to] = [this.#indexes.get(trustor)!, this.#indexes.get(trustee)!];
    return this.#linkTo[from]!.get(to)?.pheromone ?? this.#options.initialPheromone;
  }

  #bestPath(client: number, servers: ReadonlySet<number>, random: Random): readonly number[] | null {
    let best: readonly number[] | null = null;
    let bestQuality = 0;
    for (let iteration = 0; iteration < this.#iterations; iteration++) {
      const paths: number[][] = [];
      for (let ant = 0; ant < this.#ants; ant++) {
        const path = this.#walk(client, servers, random);
        if (path !== null) paths.push(path);
      }
      const keys = paths.map((path) => path.join());
      for (const [i, path] of paths.entries()) {
        const share = keys.filter((key) => key === keys[i]).length / paths.length;
        const quality = this.#quality(path, share);
        if (quality <= bestQuality) continue;
        bestQuality = quality;
        best = path;
      }
      if (best !== null) this.#reinforce(best, bestQuality);
    }
    return best;
  }

  /** Of one ant; null where it found no server. */
  #walk(client: number, servers: ReadonlySet<number>, random: Random): number[] | null {
    const path = [client];
    const seen = new Set(path);
    for (;;) {
      const open: Link[] = [];
      for (const link of this.#links[path.at(-1)!]!) if (!seen.has(link.to)) open.push(link);
      if (open.length === 0) return servers.has(path.at(-1)!) ? path : null;
      const link = this.#next(open, random);
      const { phi } = this.#options;
      path.push(link.to);
      seen.add(link.to);
      const { pheromone, nearness } = link;
      const stops =
        servers.has(link.to) && pheromone > this.#options.transitionThreshold && uniform(random) < pheromone;
      link.pheromone = bounded((1 - phi) * pheromone + phi * (1 + (1 - phi) * (1 - pheromone) * nearness) * pheromone);
      if (stops) return path;
    }
  }

  #next(open: readonly Link[], random: Random): Link {
    const { alpha, beta, q0 } = this.#options;
    // A power of one is left out: it costs more than all the rest.
    const values = open.map(
      ({ pheromone, nearness }) =>
        (alpha === 1 ? pheromone : pheromone ** alpha) * (beta === 1 ? nearness : nearness ** beta),
    );
    if (uniform(random) >= q0) return open[inProportion(random, values)]!;
    return open[values.indexOf(Math.max(...values))]!;
  }

  #quality(path: readonly number[], share: number): number {
    const hops = path.length - 1;
    let pheromone = 0;
    for (let i = 1; i < path.length; i++) pheromone += this.#link(path[i - 1]!, path[i]!).pheromone;
    return (share * (pheromone / hops)) / hops ** this.#options.pathLengthFactor;
  }

  #reinforce(path: readonly number[], quality: number): void {
    const { rho } = this.#options;
    for (let i = 1; i < path.length; i++) {
      const link = this.#link(path[i - 1]!, path[i]!);
      const gain = 1 + link.pheromone * link.nearness * quality;
      link.pheromone = bounded((1 - rho) * link.pheromone + rho * gain * link.pheromone);
    }
  }

  #link(from: number, to: number): Link {
    return this.#linkTo[from]!.get(to)!;
  }
}

const bounded = (pheromone: number): number => Math.min(PHEROMONE_MAX, Math.max(PHEROMONE_MIN, pheromone));
