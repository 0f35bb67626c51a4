/** A file that a transaction carries, as alerts and fileinfo records name it. */
import { fixed, type JsonWriter, key } from '../json/index.ts';
import type { TransactionFile } from '../protocols/index.ts';
import { textOf } from '../protocols/index.ts';

const STATES = {
  open: fixed({ state: 'UNKNOWN', stored: false }),
  closed: fixed({ state: 'CLOSED', stored: false }),
  truncated: fixed({ state: 'TRUNCATED', stored: false }),
} as const;

const FILENAME = key('filename');
const MAGIC = key('magic');
const GAPS = key('gaps');
const SIZE = key('size');
const START = key('start');
const END = key('end');
const TX_ID = key('tx_id');

export function addFile(
  into: JsonWriter,
  file: TransactionFile,
  state: TransactionFile['state'],
  transactionId: number,
): void {
  if (file.name.length > 0) into.text(FILENAME, file.name, textOf);
  if (file.knownKind !== null) into.string(MAGIC, file.knownKind);
  into.flag(GAPS, file.hasGaps);
  into.fixed(STATES[state]);
  into.number(SIZE, file.size);
  if (file.range !== undefined && file.range !== null) {
    into.number(START, file.range.start);
    into.number(END, file.range.end);
  }
  into.number(TX_ID, transactionId);
}
