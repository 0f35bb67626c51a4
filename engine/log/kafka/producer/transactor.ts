/**
 * One transactional id. A transaction of it is written and then ended; the next begins only after that. Under protocol
 * v2 (KIP-890) the end of each transaction raises the epoch, so whatever arrives late is refused; under v1 it is the same
 * epoch for ever, and only what was answered is known. A request without an answer is never guessed at: EndTxn is sent
 * again where the epoch tells a repetition (v2), all else is an error, after which the id has to be taken anew.
 */
import { MsecError } from '../../../base/index.ts';
import type { GroupOffset } from '../../port.ts';
import { byTopic } from '../by-topic.ts';
import { answerError, kafkaError, NO_ERROR } from '../client/index.ts';
import { addOffsetsToTxn, addPartitionsToTxn, endTxn, initProducerId, txnOffsetCommit } from '../protocol/index.ts';
import { ask, type Lane } from './lane.ts';
import { type OutBatch, type ProducerIdentity, partitionKey, stampAll } from './out-batches.ts';
import type { Patience } from './patience.ts';
import { produceAll } from './produce-all.ts';

/** The first versions that mean protocol v2 to a broker. */
const V2 = { produce: 12, txnOffsetCommit: 5, endTxn: 5 } as const;

/** `metadata` stands beside the offset: what an owner says of itself. */
export interface AnnouncedOffset extends GroupOffset {
  readonly metadata?: string;
}

export interface TransactorOptions {
  readonly lane: Lane;
  readonly transactionalId: string;
  /** After this long without its end a broker aborts the transaction. */
  readonly transactionTimeoutMs: number;
}

export class Transactor {
  readonly #lane: Lane;
  readonly #id: string;
  readonly #timeoutMs: number;
  #identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 };
  #isV2 = true;
  readonly #sequences = new Map<string, number>();
  /** Partitions that know the producer id. */
  readonly #known = new Set<string>();
  /** The broker may know of a transaction that has not ended. */
  #isBegun = false;
  /** Something was not answered, so that under v1 even an abort could hit another transaction than it means. */
  #isUncertain = false;

  constructor({ lane, transactionalId, transactionTimeoutMs }: TransactorOptions) {
    this.#lane = lane;
    this.#id = transactionalId;
    this.#timeoutMs = transactionTimeoutMs;
  }

  get identity(): ProducerIdentity {
    return this.#identity;
  }

  get isV2(): boolean {
    return this.#isV2;
  }

  /**
   * Takes the id over: every earlier holder is fenced, and its transaction is over (committed where its end was decided,
   * else aborted) before this resolves.
   */
  async init(): Promise<void> {
    const request = { transactionalId: this.#id, transactionTimeoutMs: this.#timeoutMs };
    await this.#untilDone(`InitProducerId of ${this.#id}`, async () => {
      const connection = await this.#lane.coordinatorConnection('transaction', this.#id);
      const { response, lost } = await ask(connection, initProducerId, request);
      if (lost !== undefined) throw lost;
      if (response.errorCode !== NO_ERROR) return response.errorCode;
      const { producerId, producerEpoch } = response;
      this.#identity = { producerId, producerEpoch };
      this.#isV2 = connection.transactionVersion >= 2;
      return NO_ERROR;
    });
    this.#sequences.clear();
    this.#known.clear();
    this.#isBegun = false;
    this.#isUncertain = false;
  }

  /** Everything of the transaction but its end; each batch then has its offset. Sends nothing where a batch is corrupt. */
  async write(batches: readonly OutBatch[], offsets: readonly AnnouncedOffset[]): Promise<void> {
    stampAll(batches, this.#identity, this.#sequences, true);
    const byGroup = [...Map.groupBy(offsets, ({ group }) => group)];
    if (batches.length === 0 && byGroup.length === 0) return;
    this.#isBegun = true;
    const writes = [() => this.#produce(batches)];
    for (const [group, items] of byGroup) writes.push(() => this.#commitOffsets(group, items));
    if (!this.#isV2) {
      if (batches.length > 0) await this.#addPartitions(batches);
      for (const [group] of byGroup) await this.#addOffsets(group);
      await allDone(writes);
    } else if (await this.#isOnOneBroker(batches, byGroup)) await allDone(writes);
    else for (const write of writes) await write();
  }

  /** Resolves once the end is decided, durably. FENCED, DEPENDENCY_DOWN where that is not known. */
  async end(committed: boolean): Promise<void> {
    if (!this.#isBegun) return;
    const { producerId, producerEpoch } = this.#identity;
    const request = { transactionalId: this.#id, producerId, producerEpoch, committed };
    const versionMax = this.#isV2 ? V2.endTxn : V2.endTxn - 1;
    await this.#untilDone(`EndTxn of ${this.#id}`, async (patience) => {
      const connection = await this.#lane.coordinatorConnection('transaction', this.#id);
      const { response, lost } = await ask(connection, endTxn, request, { versionMax });
      if (lost !== undefined) {
        this.#isUncertain = true;
        if (!this.#isV2)
          throw new MsecError('FENCED', `the end of a transaction of ${this.#id} was not answered`, { cause: lost });
        this.#lane.cluster.forgetCoordinator('transaction', this.#id);
        await patience.pause(lost);
        return null;
      }
      if (response.errorCode !== NO_ERROR) return response.errorCode;
      if (this.#isV2) {
        // After the last epoch comes another id.
        if (response.producerId !== producerId) this.#known.clear();
        this.#identity = { producerId: response.producerId, producerEpoch: response.producerEpoch };
        this.#sequences.clear();
      }
      return NO_ERROR;
    });
    this.#isBegun = false;
  }

  /** So that readers need not wait for the broker's own time limit. Whether it succeeds makes no other difference. */
  async abort(): Promise<void> {
    if (!this.#isBegun || this.#lane.isEnded || (this.#isUncertain && !this.#isV2)) return;
    try {
      await this.end(false);
    } catch (error) {
      if (!(error instanceof MsecError)) throw error;
    }
  }

  async #produce(batches: readonly OutBatch[]): Promise<void> {
    if (batches.length === 0) return;
    await produceAll(this.#lane, batches, {
      transactionalId: this.#id,
      versionMax: this.#isV2 ? V2.produce : V2.produce - 1,
      repeatsLost: false,
      isOneByOne: this.#isV2,
      isFirst: batches.some(({ topic, partition }) => !this.#known.has(partitionKey(topic, partition))),
    });
    for (const { topic, partition } of batches) this.#known.add(partitionKey(topic, partition));
    const failure = batches.find((batch) => batch.failure !== null)?.failure ?? null;
    if (failure === null) return;
    // Also where it was only refused to the end: then nothing is uncertain, but an abort by InitProducerId is as good.
    if (failure.code === 'DEPENDENCY_DOWN') this.#isUncertain = true;
    throw failure;
  }

  async #commitOffsets(group: string, offsets: readonly AnnouncedOffset[]): Promise<void> {
    const topics = byTopic(offsets).map(({ topic: name, items }) => ({
      name,
      partitions: items.map(({ partition: partitionIndex, offset: committedOffset, metadata = null }) => ({
        partitionIndex,
        committedOffset,
        committedMetadata: metadata,
      })),
    }));
    const request = { transactionalId: this.#id, groupId: group, ...this.#identity, topics };
    const versionMax = this.#isV2 ? V2.txnOffsetCommit : V2.txnOffsetCommit - 1;
    await this.#untilDone(`TxnOffsetCommit of group ${group}`, async () => {
      const connection = await this.#lane.coordinatorConnection('group', group);
      const { response, lost } = await ask(connection, txnOffsetCommit, request, { versionMax });
      if (lost !== undefined) return this.#giveUp(lost);
      const errors = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
      const error = errors.find((errorCode) => errorCode !== NO_ERROR) ?? NO_ERROR;
      if (kafkaError(error).class === 'refresh') this.#lane.cluster.forgetCoordinator('group', group);
      return error;
    });
  }

  async #addPartitions(batches: readonly OutBatch[]): Promise<void> {
    const places = new Map(batches.map((batch) => [partitionKey(batch.topic, batch.partition), batch]));
    const v3AndBelowTopics = byTopic([...places.values()]).map(({ topic: name, items }) => ({
      name,
      partitions: items.map(({ partition }) => partition),
    }));
    const request = {
      v3AndBelowTransactionalId: this.#id,
      v3AndBelowProducerId: this.#identity.producerId,
      v3AndBelowProducerEpoch: this.#identity.producerEpoch,
      v3AndBelowTopics,
    };
    await this.#untilDone(`AddPartitionsToTxn of ${this.#id}`, async () => {
      const connection = await this.#lane.coordinatorConnection('transaction', this.#id);
      const { response, lost } = await ask(connection, addPartitionsToTxn, request);
      if (lost !== undefined) return this.#giveUp(lost);
      const errors = response.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      );
      return errors.find((error) => error !== NO_ERROR) ?? NO_ERROR;
    });
  }

  async #addOffsets(groupId: string): Promise<void> {
    const request = { transactionalId: this.#id, groupId, ...this.#identity };
    await this.#untilDone(`AddOffsetsToTxn of ${this.#id}`, async () => {
      const connection = await this.#lane.coordinatorConnection('transaction', this.#id);
      const { response, lost } = await ask(connection, addOffsetsToTxn, request);
      return lost === undefined ? response.errorCode : this.#giveUp(lost);
    });
  }

  #giveUp(lost: MsecError): never {
    this.#isUncertain = true;
    throw new MsecError('FENCED', `a request in a transaction of ${this.#id} was not answered`, { cause: lost });
  }

  /**
   * Two leaders, or a leader and a coordinator, that add to one transaction at once refuse each other; on one connection
   * they are asked one after another by nature.
   */
  async #isOnOneBroker(
    batches: readonly OutBatch[],
    byGroup: readonly (readonly [string, unknown])[],
  ): Promise<boolean> {
    const { cluster } = this.#lane;
    try {
      const brokers = new Set<number>();
      for (const { topic, partition } of batches) brokers.add(await cluster.leader(topic, partition));
      for (const [group] of byGroup) brokers.add(await cluster.groupCoordinator(group));
      return brokers.size <= 1;
    } catch (error) {
      if (error instanceof MsecError && error.code === 'DEPENDENCY_DOWN') return false;
      throw error;
    }
  }

  /** `attempt` gives Kafka's error code, or null for another attempt at once. What may pass by itself is tried again. */
  async #untilDone(what: string, attempt: (patience: Patience) => Promise<number | null>): Promise<void> {
    const patience = this.#lane.patience();
    for (;;) {
      let failure: MsecError;
      try {
        const error = await attempt(patience);
        if (error === NO_ERROR) return;
        if (error === null) continue;
        failure = answerError(error, what);
        const kind = kafkaError(error).class;
        if (kind !== 'retry' && kind !== 'refresh') throw failure;
        if (kind === 'refresh') this.#lane.cluster.forgetCoordinator('transaction', this.#id);
      } catch (thrown) {
        if (!(thrown instanceof MsecError) || thrown.code !== 'DEPENDENCY_DOWN') throw thrown;
        failure = thrown;
      }
      await patience.pause(failure);
    }
  }
}

/** All of them have ended before the first failure is thrown. */
async function allDone(writes: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(writes.map((write) => write()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
