/** A file that a transaction carries, as alerts and fileinfo records name it. */
import type { TransactionFile } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';

export function fileOf(file: TransactionFile, transactionId: number): EveRecord {
  return {
    filename: Buffer.from(file.name).toString('utf8'),
    gaps: file.hasGaps,
    state: file.state === 'open' ? 'UNKNOWN' : file.state.toUpperCase(),
    stored: false,
    size: file.size,
    tx_id: transactionId,
  };
}
