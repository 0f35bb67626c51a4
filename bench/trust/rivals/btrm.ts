/**
 * BTRM-WSN (Gómez Mármol, Martínez Pérez, "Providing trust in wireless sensor networks using a bio-inspired technique",
 * Telecommunication Systems 46, 2011): ants look for trustworthy servers along the links of a network and leave
 * pheromone there; the client takes the best path, and punishes it where the server at its end was bad.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow } from '../../../engine/index.ts';
import type { Network } from '../simulator/network.ts';
import { uniform } from './draws.ts';

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

/** Links and sensors of one ant's way: `sensors` has one more, the client first. */
class Path {
  hops = 0;
  readonly sensors: Int32Array;
  readonly links: Int32Array;

  constructor(sensors: number) {
    this.sensors = new Int32Array(sensors);
    this.links = new Int32Array(sensors);
  }

  get last(): number {
    return this.sensors[this.hops]!;
  }

  isAs(other: Path): boolean {
    if (this.hops !== other.hops) return false;
    for (let i = 0; i < this.hops; i++) if (this.links[i] !== other.links[i]) return false;
    return true;
  }

  take({ hops, sensors, links }: Path): void {
    this.hops = hops;
    this.sensors.set(sensors.subarray(0, hops + 1));
    this.links.set(links.subarray(0, hops));
  }
}

export class BtrmModel implements TrustModel {
  readonly name = 'BTRM-WSN';
  /** Hops of the paths taken, for comparison with what was published. */
  hops = 0;
  transactions = 0;
  readonly #options: BtrmOptions;
  readonly #network: Network;
  readonly #indexes: ReadonlyMap<string, number>;
  /** Links of sensor i are those from `#first[i]` on, to `#first[i + 1]`. */
  readonly #first: Int32Array;
  readonly #to: Int32Array;
  readonly #nearness: Float64Array;
  /** nearness^beta */
  readonly #drawn: Float64Array;
  readonly #pheromone: Float64Array;
  readonly #into: readonly (readonly number[])[];
  readonly #iterations: number;
  readonly #ants: readonly Path[];
  readonly #best: Path;
  /** The path each client took last. */
  readonly #paths = new Map<string, Path>();
  readonly #seen: Int32Array;
  #stamp = 0;
  readonly #openLinks: Int32Array;
  readonly #openValues: Float64Array;

  constructor(network: Network, random: Random, options: BtrmOptions = BTRM_DEFAULTS) {
    this.#options = options;
    this.#network = network;
    const { sensors } = network;
    const count = sensors.length;
    this.#indexes = new Map(sensors.map(({ name }, i) => [name, i]));
    this.#first = new Int32Array(count + 1);
    for (const [i, { neighbours }] of sensors.entries()) this.#first[i + 1] = this.#first[i]! + neighbours.length;
    const links = this.#first[count]!;
    this.#to = Int32Array.from(sensors.flatMap(({ neighbours }) => neighbours));
    this.#nearness = new Float64Array(links);
    this.#pheromone = new Float64Array(links);
    const { initialPheromone } = options;
    const spread = initialPheromone * (1 - initialPheromone);
    const into: number[][] = sensors.map(() => []);
    for (const [i, sensor] of sensors.entries())
      for (let link = this.#first[i]!; link < this.#first[i + 1]!; link++) {
        const to = this.#to[link]!;
        into[to]!.push(link);
        this.#nearness[link] = 1 / Math.max(1, Math.hypot(sensor.x - sensors[to]!.x, sensor.y - sensors[to]!.y));
        this.#pheromone[link] = bounded(initialPheromone + (2 * uniform(random) - 1) * spread);
      }
    this.#into = into;
    this.#drawn = this.#nearness.map((nearness) => nearness ** options.beta);
    const servers = sensors.filter(({ role }) => role !== 'client').length;
    const ants = Math.max(1, Math.floor(servers ** options.ants));
    this.#iterations = Math.max(1, Math.floor(servers ** options.iterations));
    this.#ants = Array.from({ length: ants }, () => new Path(count));
    this.#best = new Path(count);
    this.#seen = new Int32Array(count);
    this.#openLinks = new Int32Array(count);
    this.#openValues = new Float64Array(count);
  }

  choose(trustor: string, _service: string, candidates: readonly string[], _nowMs: number, random: Random): string {
    const isServer = new Uint8Array(this.#network.sensors.length);
    for (const name of candidates) isServer[this.#indexes.get(name)!] = 1;
    const best = this.#bestPath(this.#indexes.get(trustor)!, isServer, random);
    if (best === null) {
      this.#paths.delete(trustor);
      return candidates[randomBelow(random, candidates.length)]!;
    }
    const path = this.#paths.get(trustor) ?? new Path(this.#network.sensors.length);
    path.take(best);
    this.#paths.set(trustor, path);
    this.hops += path.hops;
    this.transactions++;
    return this.#network.sensors[path.last]!.name;
  }

  observe({ trustor, trustee, satisfaction }: Interaction): void {
    const from = this.#indexes.get(trustor)!;
    // A server that rates another says what it likes of its own links: that is how it colludes.
    if (this.#network.sensors[from]!.role === 'server') {
      const own = this.#linkBetween(from, this.#indexes.get(trustee)!);
      if (own >= 0) this.#pheromone[own] = satisfaction >= 0.5 ? PHEROMONE_MAX : PHEROMONE_MIN;
      return;
    }
    const path = this.#paths.get(trustor);
    if (path === undefined || this.#network.sensors[path.last]!.name !== trustee) return;
    const { phi, punishmentThreshold } = this.#options;
    const { hops, links } = path;
    for (let i = 1; i < hops; i++) {
      const link = links[i - 1]!;
      const pheromone = this.#pheromone[link]!;
      const distance = Math.sqrt(i / (hops * (hops + 1 - i)));
      this.#pheromone[link] = bounded(
        satisfaction >= punishmentThreshold
          ? pheromone - 2 * phi * (1 - satisfaction) * distance
          : (pheromone - phi * distance) * satisfaction * (1 - distance),
      );
    }
    if (satisfaction >= punishmentThreshold) return;
    for (const link of this.#into[path.last]!)
      this.#pheromone[link] = bounded((this.#pheromone[link]! - phi) * satisfaction);
  }

  /** The pheromone on the link between them, where there is one. */
  score(trustor: string, trustee: string): number {
    const link = this.#linkBetween(this.#indexes.get(trustor)!, this.#indexes.get(trustee)!);
    return link < 0 ? this.#options.initialPheromone : this.#pheromone[link]!;
  }

  #linkBetween(from: number, to: number): number {
    for (let link = this.#first[from]!; link < this.#first[from + 1]!; link++) if (this.#to[link] === to) return link;
    return -1;
  }

  #bestPath(client: number, isServer: Uint8Array, random: Random): Path | null {
    const ants = this.#ants;
    let bestQuality = 0;
    for (let iteration = 0; iteration < this.#iterations; iteration++) {
      for (const ant of ants) this.#walk(ant, client, isServer, random);
      let winner: Path | null = null;
      let highest = 0;
      for (const ant of ants) {
        if (ant.hops === 0) continue;
        let same = 0;
        for (const other of ants) if (ant.isAs(other)) same++;
        const quality = this.#quality(ant, same / ants.length);
        if (quality <= highest) continue;
        highest = quality;
        winner = ant;
      }
      if (winner === null) continue;
      if (highest > bestQuality) {
        bestQuality = highest;
        this.#best.take(winner);
      }
      this.#reinforce(winner, bestQuality);
    }
    return bestQuality === 0 ? null : this.#best;
  }

  /** Of one ant, which turns back where it finds no way on; without hops where it found no server. */
  #walk(path: Path, client: number, isServer: Uint8Array, random: Random): void {
    const stamp = ++this.#stamp;
    const seen = this.#seen;
    const { phi, transitionThreshold } = this.#options;
    path.hops = 0;
    path.sensors[0] = client;
    seen[client] = stamp;
    for (;;) {
      const link = this.#next(path.last, stamp, random);
      if (link < 0) {
        if (path.hops === 0 || isServer[path.last] === 1) return;
        path.hops--;
        continue;
      }
      const to = this.#to[link]!;
      const pheromone = this.#pheromone[link]!;
      const now = bounded(
        (1 - phi) * pheromone + phi * (1 + (1 - phi) * (1 - pheromone) * this.#nearness[link]!) * pheromone,
      );
      this.#pheromone[link] = now;
      path.links[path.hops++] = link;
      path.sensors[path.hops] = to;
      seen[to] = stamp;
      if (isServer[to] === 1 && now > transitionThreshold && uniform(random) < now) return;
    }
  }

  /** The link that an ant takes from a sensor to one that it has not seen; -1 where there is none. */
  #next(from: number, stamp: number, random: Random): number {
    const { alpha, q0 } = this.#options;
    let open = 0;
    let sum = 0;
    let greatest = -1;
    let best = -1;
    for (let link = this.#first[from]!; link < this.#first[from + 1]!; link++) {
      const to = this.#to[link]!;
      if (this.#seen[to] === stamp) continue;
      const pheromone = this.#pheromone[link]!;
      // A power of one is left out: it costs more than all the rest.
      const value = (alpha === 1 ? pheromone : pheromone ** alpha) * this.#drawn[link]!;
      this.#openLinks[open] = link;
      this.#openValues[open++] = value;
      sum += value;
      if (value <= greatest) continue;
      greatest = value;
      best = link;
    }
    if (open === 0 || uniform(random) < q0) return best;
    let left = uniform(random) * sum;
    for (let i = 0; i < open; i++) {
      left -= this.#openValues[i]!;
      if (left < 0) return this.#openLinks[i]!;
    }
    return this.#openLinks[open - 1]!;
  }

  /** The mean of its pheromone is over its sensors, of which the client has none. */
  #quality({ hops, links }: Path, share: number): number {
    let pheromone = 0;
    for (let i = 0; i < hops; i++) pheromone += this.#pheromone[links[i]!]!;
    return (share * (pheromone / (hops + 1))) / hops ** this.#options.pathLengthFactor;
  }

  #reinforce({ hops, links }: Path, quality: number): void {
    const { rho } = this.#options;
    for (let i = 0; i < hops; i++) {
      const link = links[i]!;
      const pheromone = this.#pheromone[link]!;
      const gain = 1 + pheromone * this.#nearness[link]! * quality;
      this.#pheromone[link] = bounded((1 - rho) * pheromone + rho * gain * pheromone);
    }
  }
}

const bounded = (pheromone: number): number => Math.min(PHEROMONE_MAX, Math.max(PHEROMONE_MIN, pheromone));
