/**
 * Under read committed a broker still sends the batches of aborted transactions, with a list of them; leaving them out
 * is the consumer's work (KIP-98, "Consumer"). They are turned into control batches in place, which every cursor passes
 * over and counts, so that readers above know nothing of transactions and still advance over them.
 */
import { BatchHeads, hideBatch } from '../../../batch/index.ts';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

const heads = new BatchHeads();

/** `bytes` belong to the caller and are changed. `aborted` is what came with exactly these bytes. */
export function hideAborted(
  bytes: Uint8Array,
  start: number,
  end: number,
  aborted: readonly AbortedTransaction[],
): void {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const active = new Set<number>();
  let next = 0;
  heads.reset(bytes, start, end);
  while (heads.next()) {
    while (next < waiting.length && waiting[next]!.firstOffset <= heads.lastOffset)
      active.add(waiting[next++]!.producerId);
    if (!heads.isTransactional || !active.has(heads.producerId)) continue;
    // The marker ends the aborted transaction; a later one of the same producer is in the list again.
    if (heads.isControl) active.delete(heads.producerId);
    else hideBatch(bytes, heads.start, heads.end);
  }
}
