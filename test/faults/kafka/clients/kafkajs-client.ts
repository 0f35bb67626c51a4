/** kafkajs as its documentation shows it: send, commit, and abort what throws before the commit. */
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import {
  type ListClient,
  type ListWriter,
  PATIENCE,
  parts,
  RETRIES,
  RETRY_PAUSE_MS,
  type WriteJob,
  type WriteResult,
} from './list-client.ts';

export function kafkajsClient(bootstrap: string, { requestMs, transactionMs } = PATIENCE): ListClient {
  const kafka = new Kafka({
    clientId: 'kafkajs',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    requestTimeout: requestMs,
    connectionTimeout: requestMs,
    retry: { retries: RETRIES, initialRetryTime: RETRY_PAUSE_MS },
  });
  return {
    name: 'kafkajs',
    inFlightMax: 1,
    async open(owner) {
      const producer = kafka.producer({
        transactionalId: owner,
        transactionTimeout: transactionMs,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: Partitioners.DefaultPartitioner,
      });
      try {
        await producer.connect();
        // The first transaction takes the id over; an empty one is ended without asking the broker.
        await (await producer.transaction()).abort();
        return new KafkajsWriter(producer);
      } catch (error) {
        await producer.disconnect().catch(() => {});
        throw error;
      }
    },
    close: async () => {},
  };
}

class KafkajsWriter implements ListWriter {
  readonly #producer: Producer;

  constructor(producer: Producer) {
    this.#producer = producer;
  }

  async write(job: WriteJob): Promise<WriteResult> {
    let transaction: Awaited<ReturnType<Producer['transaction']>>;
    try {
      transaction = await this.#producer.transaction();
    } catch {
      return { outcome: 'fail', isUsable: false };
    }
    try {
      for (const part of parts(job)) {
        const messages = part.map(({ key, value, partition }) => ({ key, value: `${value}`, partition }));
        await transaction.send({ topic: job.topic, messages });
      }
      if (job.offset !== null) {
        const { group, partition, offset } = job.offset;
        const topics = [{ topic: job.topic, partitions: [{ partition, offset: `${offset}` }] }];
        await transaction.sendOffsets({ consumerGroupId: group, topics });
      }
      if (job.isAborted) throw new Error('the application changes its mind');
    } catch {
      try {
        await transaction.abort();
        return { outcome: 'fail', isUsable: true };
      } catch {
        // Nobody has asked for a commit, so it must not happen.
        return { outcome: 'fail', isUsable: false };
      }
    }
    try {
      await transaction.commit();
      return { outcome: 'ok', isUsable: true };
    } catch {
      // Its state machine takes no abort and no second commit any more.
      return { outcome: 'info', isUsable: false };
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect().catch(() => {});
  }
}
