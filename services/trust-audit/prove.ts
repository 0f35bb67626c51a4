/** Makes the proof that one interaction is in the log: the newest entry with its id, under the newest signed checkpoint. */
import type { LogReader } from '../../engine/index.ts';
import { TRUST_LOG } from '../../schemas/topics/index.ts';
import {
  decodeEntry,
  entryHash,
  type InclusionProof,
  type LogEntry,
  WIRE_HEADER_BYTES,
} from '../../schemas/trust-log/index.ts';
import { eachRecord } from '../record-walk/index.ts';
import { checkpointsOf } from './audit.ts';
import { PathFinder } from './path-finder.ts';
import { isWanted, type Wanted } from './score-book.ts';

export type Proven = { readonly proof: InclusionProof } | { readonly missing: 'entry' | 'checkpoint' | 'beginning' };

/** `beginning`: retention has deleted entries that no checkpoint before the wanted one stands for. */
export async function proofOf(reader: LogReader, partition: number, wanted: Wanted, id: string): Promise<Proven> {
  let found: LogEntry | null = null;
  let body = new Uint8Array(0);
  let first = -1;
  const each = (take: (entry: LogEntry, bytes: Uint8Array) => void) =>
    eachRecord(reader, { topic: TRUST_LOG, partition, from: 0 }, ({ value }) => {
      if (value !== null) take(decodeEntry(value), value.subarray(WIRE_HEADER_BYTES));
    });
  await each((entry, bytes) => {
    if (first < 0) first = entry.index;
    if (entry.id !== id || !isWanted(wanted, entry)) return;
    found = entry;
    body = bytes.slice();
  });
  if (found === null) return { missing: 'entry' };
  const { index } = found as LogEntry;
  const checkpoints = await checkpointsOf(reader, partition);
  const checkpoint = checkpoints.findLast(({ size, signature }) => size > index && signature.length > 0);
  if (checkpoint === undefined) return { missing: 'checkpoint' };
  const from = first === 0 ? null : checkpoints.findLast(({ size }) => size >= first && size <= index);
  if (from === undefined) return { missing: 'beginning' };
  const finder = from === null ? new PathFinder(index) : new PathFinder(index, from.size, from.peaks);
  await each((entry, bytes) => {
    if (entry.index === finder.size && finder.size < checkpoint.size) finder.append(entryHash(bytes));
  });
  if (finder.size < checkpoint.size) return { missing: 'beginning' };
  return { proof: { index, body, path: finder.path(), checkpoint } };
}
