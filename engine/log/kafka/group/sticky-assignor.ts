/**
 * What the leader of a classic group does: shares a topic's partitions evenly and moves as few as that takes. Whoever
 * owns a partition must give it up before another is given it, so that one which changes hands is nobody's for one
 * round; its owner joins again when it has ended there (cooperative rebalancing, KIP-429).
 */

export interface AssignedMember {
  readonly memberId: string;
  /** What it says it holds. */
  readonly owned: readonly number[];
  /** The generation in which it came by that; -1 where it does not say. */
  readonly generation: number;
}

/** Partitions by member; every member is there. The same for the same input, whoever computes it. */
export function assignSticky(members: readonly AssignedMember[], partitions: number): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0));
  const owners = ownersOf(sorted, partitions);
  const result = new Map(sorted.map(({ memberId }) => [memberId, [] as number[]]));
  if (sorted.length === 0) return result;
  for (const [partition, owner] of owners) result.get(owner)!.push(partition);
  const free: number[] = [];
  for (let partition = 0; partition < partitions; partition++) if (!owners.has(partition)) free.push(partition);

  const floor = Math.floor(partitions / sorted.length);
  // So many members have one more; they are those that have most already.
  let extra = partitions % sorted.length;
  const quotas = new Map<string, number>();
  for (const [memberId, held] of [...result].sort(([, a], [, b]) => b.length - a.length)) {
    quotas.set(memberId, extra > 0 ? floor + 1 : floor);
    extra--;
    free.push(...held.splice(quotas.get(memberId)!));
  }
  free.sort((a, b) => a - b);
  for (const [memberId, held] of result) held.push(...free.splice(0, quotas.get(memberId)! - held.length));

  const claims = Map.groupBy(
    sorted.flatMap(({ memberId, owned }) => owned.map((partition) => ({ partition, memberId }))),
    ({ partition }) => partition,
  );
  for (const [memberId, held] of result) {
    const isFree = (partition: number) => (claims.get(partition) ?? []).every((claim) => claim.memberId === memberId);
    result.set(
      memberId,
      held.filter(isFree).sort((a, b) => a - b),
    );
  }
  return result;
}

/** Of several who claim a partition the one of the newest generation counts; where two are equal, none. */
function ownersOf(members: readonly AssignedMember[], partitions: number): Map<number, string> {
  const best = new Map<number, { readonly memberId: string | null; readonly generation: number }>();
  for (const { memberId, owned, generation } of members)
    for (const partition of owned) {
      if (partition < 0 || partition >= partitions) continue;
      const other = best.get(partition);
      if (other === undefined || other.generation < generation) best.set(partition, { memberId, generation });
      else if (other.generation === generation) best.set(partition, { memberId: null, generation });
    }
  return new Map([...best].flatMap(([partition, { memberId }]) => (memberId === null ? [] : [[partition, memberId]])));
}
