/**
 * The transaction coordinator, for both protocols: that of KIP-890 (`transaction.version` 2: partitions join by their
 * first write, each end raises the epoch) and the one before it. What is decided is answered at once; the markers follow
 * later, and until all are written the id answers CONCURRENT_TRANSACTIONS.
 */
import { ERROR } from './kafka-error-codes.ts';

export type TransactionState = 'Empty' | 'Ongoing' | 'Prepare' | 'Complete';

interface Transaction {
  readonly producerId: number;
  epoch: number;
  /** The epoch before the last end raised it; a repeated EndTxn comes with this one. */
  lastEpoch: number;
  state: TransactionState;
  /** Of the last end, also one that was decided and not yet done. */
  isCommitted: boolean;
  /** Names of what takes part, as the broker knows them. */
  readonly parts: Set<string>;
  timeoutMs: number;
  /** Rises with each transaction, so that a timeout ends the one that it was set for. */
  number: number;
}

export interface ProducerAnswer {
  readonly error: number;
  readonly producerId: number;
  readonly epoch: number;
}

export interface TransactionsSetup {
  readonly version: 1 | 2;
  /** Brings the marker to each part, in its time, and calls `done` when the last is there. */
  writeMarkers(
    parts: readonly string[],
    marker: { readonly producerId: number; readonly epoch: number; readonly isCommitted: boolean },
    done: () => void,
  ): void;
  after(ms: number, run: () => void): void;
}

const refused = (error: number): ProducerAnswer => ({ error, producerId: -1, epoch: -1 });

export class Transactions {
  readonly #setup: TransactionsSetup;
  readonly #byId = new Map<string, Transaction>();
  #producerIdNext = 1000;

  constructor(setup: TransactionsSetup) {
    this.#setup = setup;
  }

  /** Of a producer without a transactional id, too. */
  initProducer(transactionalId: string | null, timeoutMs: number): ProducerAnswer {
    if (transactionalId === null) return { error: ERROR.NONE, producerId: this.#producerIdNext++, epoch: 0 };
    const known = this.#byId.get(transactionalId);
    if (known === undefined) {
      const made: Transaction = {
        ...{ producerId: this.#producerIdNext++, epoch: 0, lastEpoch: -1, state: 'Empty', isCommitted: false },
        ...{ parts: new Set<string>(), timeoutMs, number: 0 },
      };
      this.#byId.set(transactionalId, made);
      return { error: ERROR.NONE, producerId: made.producerId, epoch: 0 };
    }
    if (known.state === 'Prepare') return refused(ERROR.CONCURRENT_TRANSACTIONS);
    if (known.state === 'Ongoing') {
      // The zombie is fenced first; who asks comes again until its transaction is over.
      this.#end(known, false, true);
      return refused(ERROR.CONCURRENT_TRANSACTIONS);
    }
    known.lastEpoch = known.epoch;
    known.epoch++;
    known.state = 'Empty';
    known.timeoutMs = timeoutMs;
    return { error: ERROR.NONE, producerId: known.producerId, epoch: known.epoch };
  }

  /** A part joins, or is found to have joined; an error of Kafka else. */
  join(transactionalId: string, producerId: number, epoch: number, part: string): number {
    const known = this.#byId.get(transactionalId);
    if (known === undefined || known.producerId !== producerId) return ERROR.INVALID_PRODUCER_ID_MAPPING;
    if (known.epoch !== epoch) return ERROR.PRODUCER_FENCED;
    if (known.state === 'Prepare') return ERROR.CONCURRENT_TRANSACTIONS;
    if (known.state !== 'Ongoing') this.#begin(known);
    known.parts.add(part);
    return ERROR.NONE;
  }

  /** Whether the part takes part in the transaction that is open: what a broker asks before it writes (KIP-890, part 1). */
  verify(transactionalId: string, producerId: number, epoch: number, part: string): number {
    const known = this.#byId.get(transactionalId);
    if (known === undefined || known.producerId !== producerId) return ERROR.INVALID_PRODUCER_ID_MAPPING;
    if (known.epoch !== epoch) return ERROR.PRODUCER_FENCED;
    if (known.state === 'Prepare') return ERROR.CONCURRENT_TRANSACTIONS;
    return known.state === 'Ongoing' && known.parts.has(part) ? ERROR.NONE : ERROR.INVALID_TXN_STATE;
  }

  end(transactionalId: string, producerId: number, epoch: number, isCommitted: boolean): ProducerAnswer {
    const known = this.#byId.get(transactionalId);
    if (known === undefined || known.producerId !== producerId) return refused(ERROR.INVALID_PRODUCER_ID_MAPPING);
    const isSecond = this.#setup.version === 2;
    const isRepeat = isSecond && known.state !== 'Ongoing' && epoch === known.lastEpoch && known.state !== 'Empty';
    if (epoch !== known.epoch && !isRepeat) return refused(ERROR.PRODUCER_FENCED);
    switch (known.state) {
      case 'Ongoing':
        return this.#end(known, isCommitted, isSecond);
      case 'Prepare':
        return refused(known.isCommitted === isCommitted ? ERROR.CONCURRENT_TRANSACTIONS : ERROR.INVALID_TXN_STATE);
      case 'Complete':
        if (isRepeat || !isSecond) {
          if (known.isCommitted !== isCommitted) return refused(ERROR.INVALID_TXN_STATE);
          return { error: ERROR.NONE, producerId, epoch: known.epoch };
        }
        return isCommitted ? refused(ERROR.INVALID_TXN_STATE) : this.#end(known, false, true);
      case 'Empty':
        return isCommitted || !isSecond ? refused(ERROR.INVALID_TXN_STATE) : this.#end(known, false, true);
    }
  }

  #begin(transaction: Transaction): void {
    transaction.state = 'Ongoing';
    transaction.parts.clear();
    const number = ++transaction.number;
    this.#setup.after(transaction.timeoutMs, () => {
      if (transaction.number === number && transaction.state === 'Ongoing') this.#end(transaction, false, true);
    });
  }

  #end(transaction: Transaction, isCommitted: boolean, raisesEpoch: boolean): ProducerAnswer {
    transaction.state = 'Prepare';
    transaction.isCommitted = isCommitted;
    transaction.lastEpoch = transaction.epoch;
    if (raisesEpoch) transaction.epoch++;
    const { producerId, epoch } = transaction;
    const parts = [...transaction.parts];
    transaction.parts.clear();
    this.#setup.writeMarkers(parts, { producerId, epoch, isCommitted }, () => {
      transaction.state = 'Complete';
    });
    return { error: ERROR.NONE, producerId, epoch };
  }
}
