/**
 * Single batches without a transaction: each is written once, in the order of its partition, whatever has to be tried
 * again (KIP-98). One batch of a partition is under way at a time; partitions share requests. The producer id is the
 * process's own and no one can take it over.
 */
import { MsecError } from '../../../base/index.ts';
import { answerError, kafkaError, NO_ERROR } from '../client/index.ts';
import { initProducerId } from '../protocol/index.ts';
import { ask, type Lane } from './lane.ts';
import { type OutBatch, type ProducerIdentity, partitionKey, stampAll } from './out-batches.ts';
import { produceAll } from './produce-all.ts';

/** Topic ids (v13) save nothing here. */
const PRODUCE_VERSION_MAX = 12;

interface Waiting {
  readonly batch: OutBatch;
  readonly done: (batch: OutBatch) => void;
}

interface Queue {
  readonly waiting: Waiting[];
  isUnderWay: boolean;
}

export class IdempotentProducer {
  readonly #lane: Lane;
  readonly #queues = new Map<string, Queue>();
  #identity: Promise<ProducerIdentity> | null = null;
  #sequences = new Map<string, number>();
  #isScheduled = false;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Resolves with the batch's offset; batches of one partition keep the order of the calls. */
  async append(batch: OutBatch): Promise<number> {
    const { baseOffset, failure } = await new Promise<OutBatch>((done) => {
      const key = partitionKey(batch.topic, batch.partition);
      let queue = this.#queues.get(key);
      if (queue === undefined) {
        queue = { waiting: [], isUnderWay: false };
        this.#queues.set(key, queue);
      }
      queue.waiting.push({ batch, done });
      this.#schedule();
    });
    if (failure !== null) throw failure;
    return baseOffset;
  }

  /** At the end of the turn, so that what is handed in together goes in one request. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      const round: Waiting[] = [];
      for (const [key, queue] of this.#queues) {
        if (queue.isUnderWay) continue;
        const next = queue.waiting.shift();
        // A name that came from outside must not stay.
        if (next === undefined) this.#queues.delete(key);
        else {
          queue.isUnderWay = true;
          round.push(next);
        }
      }
      if (round.length > 0) void this.#send(round);
    });
  }

  /** Never rejects. */
  async #send(round: readonly Waiting[]): Promise<void> {
    const done = new Map(round.map(({ batch, done }) => [batch, done]));
    const finish = (batch: OutBatch) => {
      const queue = this.#queues.get(partitionKey(batch.topic, batch.partition));
      if (queue !== undefined) queue.isUnderWay = false;
      done.get(batch)?.(batch);
      done.delete(batch);
      this.#schedule();
    };
    const batches: OutBatch[] = [];
    let used: Promise<ProducerIdentity> | null = null;
    try {
      let identity: ProducerIdentity;
      do {
        this.#identity ??= this.#init();
        used = this.#identity;
        identity = await used;
        // Another round may have found the id to be of no use any more while this one waited for it.
      } while (used !== this.#identity);
      for (const { batch } of round) {
        try {
          stampAll([batch], identity, this.#sequences, false);
          batches.push(batch);
        } catch (thrown) {
          batch.failure = failureOf(thrown);
          finish(batch);
        }
      }
      await produceAll(this.#lane, batches, {
        transactionalId: null,
        versionMax: PRODUCE_VERSION_MAX,
        repeatsLost: true,
        isOneByOne: false,
        // One batch of a partition at a time.
        isFirst: false,
        onDone: finish,
      });
    } catch (thrown) {
      for (const { batch } of round) {
        if (!done.has(batch)) continue;
        batch.failure = failureOf(thrown);
        finish(batch);
      }
    }
    // Whether a batch that failed was written after all is not known, nor then the next sequence number of its partition.
    if (round.some(({ batch }) => batch.failure !== null) && this.#identity === used) {
      this.#identity = null;
      this.#sequences = new Map();
    }
  }

  async #init(): Promise<ProducerIdentity> {
    const patience = this.#lane.patience();
    for (;;) {
      let failure: MsecError;
      try {
        const connection = await this.#lane.cluster.anyConnection();
        const request = { transactionalId: null, transactionTimeoutMs: this.#lane.requestTimeoutMs };
        const { response, lost } = await ask(connection, initProducerId, request);
        if (response?.errorCode === NO_ERROR) return response;
        failure = lost ?? answerError(response.errorCode, 'InitProducerId');
        const kind = kafkaError(response?.errorCode ?? -1).class;
        if (kind !== 'retry' && kind !== 'refresh') throw failure;
      } catch (thrown) {
        if (!(thrown instanceof MsecError) || thrown.code !== 'DEPENDENCY_DOWN') throw thrown;
        failure = thrown;
      }
      await patience.pause(failure);
    }
  }
}

function failureOf(thrown: unknown): MsecError {
  return thrown instanceof MsecError ? thrown : new MsecError('ASSERTION_FAILED', String(thrown), { cause: thrown });
}
