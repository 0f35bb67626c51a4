/** A file that a transaction carries, as alerts and fileinfo records name it. */
import type { TransactionFile } from '../protocols/index.ts';
import { textOf } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';

export function fileOf(file: TransactionFile, transactionId: number): EveRecord {
  return {
    ...(file.name.length === 0 ? {} : { filename: textOf(file.name) }),
    gaps: file.hasGaps,
    state: file.state === 'open' ? 'UNKNOWN' : file.state.toUpperCase(),
    stored: false,
    size: file.size,
    ...(file.range ?? {}),
    tx_id: transactionId,
  };
}
