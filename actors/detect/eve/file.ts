/** A file that a transaction carries, as alerts and fileinfo records name it. */
import type { TransactionFile } from '../protocols/index.ts';
import { textOf } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';

const STATES = { open: 'UNKNOWN', closed: 'CLOSED', truncated: 'TRUNCATED' } as const;

export function fileOf(file: TransactionFile, transactionId: number): EveRecord {
  const about: EveRecord = {};
  if (file.name.length > 0) about.filename = textOf(file.name);
  if (file.knownKind !== null) about.magic = file.knownKind;
  about.gaps = file.hasGaps;
  about.state = STATES[file.state];
  about.stored = false;
  about.size = file.size;
  if (file.range !== undefined && file.range !== null) Object.assign(about, file.range);
  about.tx_id = transactionId;
  return about;
}
