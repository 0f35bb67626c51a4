/** Which worker has which partition: whole partitions to a worker, so that the stages of one device's data share a cache. */

/** Worker by partition. */
export type Placement = ReadonlyMap<number, number>;

/** How much there is to do, by partition; one that is missing weighs nothing. */
export type Weights = ReadonlyMap<number, number>;

const NO_WEIGHTS: Weights = new Map();

/**
 * What stays keeps its worker, what is new goes to whoever has least, and then as many partitions move as it takes
 * until no worker has two more than another: which ones a process loses is for others to say, and may be all of one.
 * Weights decide which partitions come together, heaviest first, and never how many: what has piled up says what there is
 * to do now, and little of tomorrow.
 */
export function placePartitions(
  before: Placement,
  partitions: Iterable<number>,
  workers: number,
  weights: Weights = NO_WEIGHTS,
): Placement {
  const weightOf = (partition: number) => weights.get(partition) ?? 0;
  const wanted = [...new Set(partitions)].sort((a, b) => a - b);
  const loads = Array.from({ length: workers }, () => new Load(weightOf));
  const fresh: number[] = [];
  for (const partition of wanted) {
    const worker = before.get(partition);
    if (worker === undefined) fresh.push(partition);
    else loads[worker]!.add(partition);
  }
  fresh.sort((a, b) => weightOf(b) - weightOf(a) || a - b);
  for (const partition of fresh) lightestWithRoom(loads, wanted.length).add(partition);
  for (;;) {
    const most = best(loads, (a, b) => a.size > b.size);
    const least = best(loads, (a, b) => a.size < b.size);
    if (most.size - least.size < 2) break;
    least.add(most.takeFor(least));
  }
  return new Map(
    loads.flatMap(({ partitions }, worker) => partitions.map((partition) => [partition, worker] as const)),
  );
}

/** What one worker has. */
class Load {
  readonly partitions: number[] = [];
  weight = 0;
  readonly #weightOf: (partition: number) => number;

  constructor(weightOf: (partition: number) => number) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.partitions.length;
  }

  add(partition: number): void {
    this.partitions.push(partition);
    this.weight += this.#weightOf(partition);
  }

  /** The one that brings both nearest to each other; of equals the one that came last. */
  takeFor(other: Load): number {
    const apart = this.weight - other.weight;
    const distance = (partition: number) => Math.abs(apart - 2 * this.#weightOf(partition));
    const taken = this.partitions.reduce((chosen, one) => (distance(one) <= distance(chosen) ? one : chosen));
    this.partitions.splice(this.partitions.indexOf(taken), 1);
    this.weight -= this.#weightOf(taken);
    return taken;
  }
}

/** Of those who would not have two more than another in the end, the one with the least to do. */
function lightestWithRoom(loads: readonly Load[], partitions: number): Load {
  const each = Math.floor(partitions / loads.length);
  const withMore = loads.filter(({ size }) => size > each).length;
  const most = withMore < partitions % loads.length ? each : each - 1;
  const withRoom = loads.filter(({ size }) => size <= most);
  return best(withRoom, (a, b) => a.weight < b.weight || (a.weight === b.weight && a.size < b.size));
}

/** The first that none is better than. */
function best(loads: readonly Load[], isBetter: (a: Load, b: Load) => boolean): Load {
  return loads.reduce((chosen, load) => (isBetter(load, chosen) ? load : chosen));
}
