/** @platformatic/kafka as its documentation shows it: what throws, in the commit too, is followed by an abort. */
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

/** What is used of the library, which wants whole consumers for offsets and takes the few fields that it reads of them. */
interface Transaction {
  send(options: { readonly messages: readonly object[]; readonly acks: number }): Promise<unknown>;
  addConsumer(consumer: { readonly groupId: string }): Promise<void>;
  addOffset(message: object): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
  cancel(): Promise<void>;
}

interface Producer {
  beginTransaction(): Promise<Transaction>;
  close(isForced: boolean): Promise<void>;
}

interface Library {
  readonly Producer: new (options: object) => Producer;
}

const BROKER = 1;

export async function platformaticClient(
  bootstrap: string,
  { requestMs, transactionMs } = PATIENCE,
): Promise<ListClient> {
  const library: string = '@platformatic/kafka';
  const { Producer } = (await import(library)) as Library;
  return {
    name: 'platformatic',
    inFlightMax: 1,
    async open(owner) {
      const producer = new Producer({
        clientId: 'platformatic',
        bootstrapBrokers: [bootstrap],
        transactionalId: owner,
        idempotent: true,
        // Its own default, producer 0 of epoch 0, makes the broker refuse whoever comes second to a transactional id.
        producerId: -1n,
        producerEpoch: -1,
        requestTimeout: requestMs,
        connectTimeout: requestMs,
        // What the broker is asked to wait, and the time after which it aborts a transaction.
        timeout: transactionMs,
        retries: RETRIES,
        retryDelay: RETRY_PAUSE_MS,
      });
      try {
        await (await producer.beginTransaction()).cancel();
        return new PlatformaticWriter(producer);
      } catch (error) {
        await producer.close(true).catch(() => {});
        throw error;
      }
    },
    close: async () => {},
  };
}

class PlatformaticWriter implements ListWriter {
  readonly #producer: Producer;

  constructor(producer: Producer) {
    this.#producer = producer;
  }

  async write(job: WriteJob): Promise<WriteResult> {
    let transaction: Transaction;
    try {
      transaction = await this.#producer.beginTransaction();
    } catch {
      return { outcome: 'fail', isUsable: false };
    }
    let isCommitAsked = false;
    try {
      const { topic } = job;
      for (const part of parts(job)) {
        const messages = part.map(({ key, value, partition }) => ({
          topic,
          partition,
          key: Buffer.from(key),
          value: Buffer.from(`${value}`),
        }));
        await transaction.send({ messages, acks: -1 });
      }
      if (job.offset !== null) {
        const { group, partition, offset } = job.offset;
        await transaction.addConsumer({ groupId: group });
        const consumer = { groupId: group, generationId: -1, memberId: '', coordinatorId: BROKER };
        await transaction.addOffset({ topic, partition, offset: BigInt(offset - 1), metadata: { consumer } });
      }
      if (job.isAborted) throw new Error('the application changes its mind');
      isCommitAsked = true;
      await transaction.commit();
      return { outcome: 'ok', isUsable: true };
    } catch {
      try {
        await transaction.abort();
        return { outcome: 'fail', isUsable: true };
      } catch {
        return { outcome: isCommitAsked ? 'info' : 'fail', isUsable: false };
      }
    }
  }

  async close(): Promise<void> {
    await this.#producer.close(true).catch(() => {});
  }
}
