/** Which worker has which partition: whole partitions to a worker, so that the stages of one device's data share a cache. */

/** Worker by partition. */
export type Placement = ReadonlyMap<number, number>;

/**
 * What stays keeps its worker, what is new goes to whoever has least, and then as many partitions move as it takes
 * until no worker has two more than another: which ones a process loses is for others to say, and may be all of one.
 */
export function placePartitions(before: Placement, partitions: Iterable<number>, workers: number): Placement {
  const wanted = [...new Set(partitions)].sort((a, b) => a - b);
  const loads: number[][] = Array.from({ length: workers }, () => []);
  const fresh: number[] = [];
  for (const partition of wanted) {
    const worker = before.get(partition);
    if (worker === undefined) fresh.push(partition);
    else loads[worker]!.push(partition);
  }
  const by = (isBetter: (a: number, b: number) => boolean) =>
    loads.reduce((best, load) => (isBetter(load.length, best.length) ? load : best));
  for (const partition of fresh) by((a, b) => a < b).push(partition);
  for (;;) {
    const [most, least] = [by((a, b) => a > b), by((a, b) => a < b)];
    if (most.length - least.length < 2) break;
    least.push(most.pop()!);
  }
  return new Map(loads.flatMap((load, worker) => load.map((partition) => [partition, worker] as const)));
}
