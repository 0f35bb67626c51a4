/**
 * Under read committed a broker still sends the batches of aborted transactions, with a list of them; leaving them out
 * is the consumer's work (KIP-98, "Consumer"). They are turned into control batches in place, which every cursor passes
 * over and counts, so that readers above know nothing of transactions and still advance over them.
 */
import { batchSpans, hideBatch } from '../../batch/index.ts';
import type { FetchResponseAbortedTransaction } from './protocol/index.ts';

/** `bytes` belong to the caller and are changed. `aborted` is what came with exactly these bytes. */
export function hideAborted(
  bytes: Uint8Array,
  start: number,
  end: number,
  aborted: readonly FetchResponseAbortedTransaction[],
): void {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const active = new Set<number>();
  let next = 0;
  for (const span of batchSpans(bytes, start, end)) {
    while (next < waiting.length && waiting[next]!.firstOffset <= span.lastOffset)
      active.add(waiting[next++]!.producerId);
    if (!span.isTransactional || !active.has(span.producerId)) continue;
    // The marker ends the aborted transaction; a later one of the same producer is in the list again.
    if (span.isControl) active.delete(span.producerId);
    else hideBatch(bytes, span.start, span.end);
  }
}
