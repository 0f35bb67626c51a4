/** FTP's data connections: a flow that a control connection has announced carries one file. */
import { wordsOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { ExpectedTransfer, Parser, Protocol, Transaction } from '../protocol.ts';
import { fileBuffers, StreamedFile } from '../streamed-file.ts';
import { textOf } from '../text.ts';

const FINISHED = 1;
const BOTH = 3;

export class FtpDataTransaction implements Transaction {
  readonly id = 0;
  readonly progress: [number, number] = [FINISHED, FINISHED];
  readonly events: readonly string[] = [];
  readonly isUpdated: [boolean, boolean] = [false, false];
  readonly files: StreamedFile[] = [];
  /** From its first byte on. */
  transfer: ExpectedTransfer | null = null;

  get keptBytes(): number {
    return this.files[0]?.keptBytes ?? 0;
  }
}

class FtpDataParser implements Parser<FtpDataTransaction> {
  readonly transactions: FtpDataTransaction[] = [];
  hasFailed = false;
  readonly #expected: ExpectedTransfer | null;
  readonly #tx = new FtpDataTransaction();
  /** Bits of the directions that have said all they will. */
  #ended = 0;

  constructor(expected: ExpectedTransfer | null) {
    this.#expected = expected;
    this.transactions.push(this.#tx);
  }

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    const tx = this.#tx;
    tx.isUpdated[direction] = true;
    const transfer = this.#expected;
    if (transfer?.direction === direction) this.#read(transfer, bytes, isLast);
    if (isLast) this.#ended |= 1 << direction;
    if (this.#ended === BOTH) for (const file of tx.files) file.abandon();
  }

  #read(transfer: ExpectedTransfer, bytes: Uint8Array, isLast: boolean): void {
    const tx = this.#tx;
    if (bytes.length > 0) this.#take(transfer, bytes);
    const file = tx.files[0];
    if (!isLast || file?.state !== 'open') return;
    file.close();
    tx.progress[transfer.direction] = FINISHED;
  }

  #take(transfer: ExpectedTransfer, bytes: Uint8Array): void {
    const tx = this.#tx;
    let file = tx.files[0];
    if (file === undefined) {
      tx.transfer = transfer;
      transfer.begin?.();
      tx.progress[transfer.direction] = 0;
      file = new StreamedFile(transfer.file, transfer.direction);
      tx.files.push(file);
    }
    if (file.state === 'open') file.append(bytes);
  }

  gap(): void {
    this.hasFailed = true;
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }
}

export const ftpData: Protocol<FtpDataTransaction> = {
  name: 'ftp-data',
  eveName: 'ftp_data',
  isUntoldOfFiles: true,
  transports: ['tcp'],
  probes: [],
  open: (_transport, expected) => new FtpDataParser(expected ?? null),
  end: [FINISHED, FINISHED],
  filesAt: [0, 0],
  buffers: fileBuffers([0, 1]),
  conditions: [
    {
      keyword: 'ftpdata_command',
      directions: [0, 1],
      progress: 0,
      compile: (value) => {
        const command = wordsOf(value)[0]!.toUpperCase();
        const wanted: Direction = command === 'RETR' ? 1 : 0;
        return ({ transfer }, direction) => transfer?.command === command && direction === wanted;
      },
    },
  ],
  eve: ({ transfer }) =>
    transfer === null
      ? {}
      : { ...(transfer.file.length === 0 ? {} : { filename: textOf(transfer.file) }), command: transfer.command },
};
