/** Runs that others disturbed are made again, as long as there are repeats left; never chosen by their own figure. */

export interface Repeats {
  left: number;
  made: number;
}

/** The first run in which others took no more than `shareMax` of the machine, or else the one in which they took least. */
export async function calmest<R extends { readonly othersShare: number }>(
  repeats: Repeats,
  shareMax: number,
  run: () => Promise<R>,
): Promise<R> {
  let best = await run();
  while (best.othersShare > shareMax && repeats.left > 0) {
    repeats.left--;
    repeats.made++;
    const next = await run();
    if (next.othersShare < best.othersShare) best = next;
  }
  return best;
}
