/**
 * What a broker answers, asked of a real one and of the simulated one alike: each case is a conversation over the wire,
 * and what is expected was seen of Kafka. The client is only the connection; nothing here retries but where it says so.
 */
import { systemClock } from '../../../../engine/base/index.ts';
import { BatchEncoder, batchSpans, stampBatch } from '../../../../engine/batch/index.ts';
import type { Network } from '../../../../engine/log/index.ts';
import { Connection } from '../../../../engine/log/kafka/client/index.ts';
import * as protocol from '../../../../engine/log/kafka/protocol/index.ts';

export interface BrokerUnderTest {
  readonly host: string;
  readonly port: number;
  readonly network?: Network;
}

const CONCURRENT = 51;
const GROUP = 0;
const TRANSACTION = 1;
const utf8 = new TextEncoder();

/** One producer and what it is known by. */
export interface Producer {
  readonly id: string;
  producerId: number;
  epoch: number;
}

/** A conversation with one broker. */
export class Talk {
  readonly connection: Connection;
  readonly #prefix: string;

  private constructor(connection: Connection, prefix: string) {
    this.connection = connection;
    this.#prefix = prefix;
  }

  static async begin(broker: BrokerUnderTest, prefix: string): Promise<Talk> {
    const { host, port, network } = broker;
    const connection = await Connection.open({
      ...{ host, port, clientId: 'suite', clock: systemClock, requestTimeoutMs: 60_000, network },
      signal: new AbortController().signal,
    });
    const talk = new Talk(connection, prefix);
    // A broker makes the topics of its coordinators when they are first asked for.
    for (const keyType of [GROUP, TRANSACTION]) {
      await until(async () => {
        const answer = await connection.request(protocol.findCoordinator, { keyType, coordinatorKeys: ['suite'] });
        return answer.coordinators[0]!.errorCode === 0;
      });
    }
    await until(async () => (await talk.initProducer(null)).error === 0);
    return talk;
  }

  name(text: string): string {
    return `${this.#prefix}-${text}`;
  }

  async topic(text: string, partitions = 1): Promise<string> {
    const name = this.name(text);
    const request = {
      topics: [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 10_000,
    };
    await this.connection.request(protocol.createTopics, request);
    // A topic that was just made has no leader for a moment.
    await until(async () => (await this.bounds(name)).errorCode === 0);
    return name;
  }

  init(id: string): Promise<Producer & { readonly error: number }> {
    return this.initProducer(this.name(id));
  }

  async initProducer(transactionalId: string | null): Promise<Producer & { readonly error: number }> {
    const request = { transactionalId, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId, producerEpoch } = await this.connection.request(protocol.initProducerId, request);
    return { id: transactionalId ?? '', producerId, epoch: producerEpoch, error: errorCode };
  }

  /** As a client does: again while an earlier transaction is being ended, or its coordinator is not ready. */
  async initPatiently(id: string): Promise<Producer> {
    let found = await this.init(id);
    await until(async () => {
      if (found.error === 0) return true;
      found = await this.init(id);
      return found.error === 0;
    });
    return found;
  }

  /** One record; gives [error, base offset]. */
  async produce(
    producer: Producer | null,
    topic: string,
    sequence: number,
    { partition = 0, versionMax = 13, records = 1, isTransactional = true } = {},
  ): Promise<readonly [number, number]> {
    const batch = batchOf(records);
    if (producer !== null) {
      const { producerId, epoch: producerEpoch } = producer;
      stampBatch(batch, 0, batch.length, { producerId, producerEpoch, baseSequence: sequence, isTransactional });
    }
    const version = this.connection.versionOf(protocol.produce, versionMax);
    const named = version >= 13 ? { topicId: await this.topicId(topic) } : { name: topic };
    const answer = await this.connection.request(
      protocol.produce,
      {
        ...{ transactionalId: producer === null || !isTransactional ? null : producer.id, acks: -1, timeoutMs: 10_000 },
        topicData: [{ ...named, partitionData: [{ index: partition, records: batch }] }],
      },
      { versionMax },
    );
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
    return [errorCode, baseOffset];
  }

  async commitOffset(
    { id, producerId, epoch }: Producer,
    group: string,
    topic: string,
    offset: number,
    versionMax = 5,
  ): Promise<number> {
    const request = {
      ...{ transactionalId: id, groupId: this.name(group), producerId, producerEpoch: epoch },
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }] }],
    };
    const answer = await this.connection.request(protocol.txnOffsetCommit, request, { versionMax });
    return answer.topics[0]!.partitions[0]!.errorCode;
  }

  async end({ id, producerId, epoch }: Producer, committed: boolean, versionMax = 5): Promise<protocol.EndTxnResponse> {
    const request = { transactionalId: id, producerId, producerEpoch: epoch, committed };
    return this.connection.request(protocol.endTxn, request, { versionMax });
  }

  /** Ends the transaction and goes on with the epoch that the broker gave. */
  async endAndGoOn(producer: Producer, committed: boolean): Promise<void> {
    const { errorCode, producerEpoch } = await this.end(producer, committed);
    if (errorCode !== 0) throw new Error(`EndTxn: ${errorCode}`);
    producer.epoch = producerEpoch;
  }

  async offset(group: string, topic: string, requireStable: boolean): Promise<readonly [number, number]> {
    const answer = await this.connection.request(protocol.offsetFetch, {
      groups: [{ groupId: this.name(group), topics: [{ name: topic, partitionIndexes: [0] }] }],
      requireStable,
    });
    const { errorCode, committedOffset } = answer.groups[0]!.topics[0]!.partitions[0]!;
    return [errorCode, committedOffset];
  }

  /** The end, of what is committed unless said otherwise. */
  async bounds(topic: string, isolationLevel = 1): Promise<{ readonly errorCode: number; readonly offset: number }> {
    const answer = await this.connection.request(protocol.listOffsets, {
      ...{ replicaId: -1, isolationLevel },
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    return answer.topics[0]!.partitions[0]!;
  }

  async fetch(
    topic: string,
    offset: number,
    {
      sessionId = 0,
      sessionEpoch = -1,
      maxWaitMs = 0,
      wants = true,
      topicId,
    }: {
      readonly sessionId?: number;
      readonly sessionEpoch?: number;
      readonly maxWaitMs?: number;
      readonly wants?: boolean;
      readonly topicId?: string;
    } = {},
  ): Promise<protocol.FetchResponse> {
    const partition = { partition: 0, fetchOffset: offset, partitionMaxBytes: 1_000_000 };
    const topics = wants ? [{ topicId: topicId ?? (await this.topicId(topic)), partitions: [partition] }] : [];
    const request = { maxWaitMs, minBytes: 1, maxBytes: 1_000_000, isolationLevel: 1, sessionId, sessionEpoch, topics };
    return this.connection.request(protocol.fetch, request, { extraMs: maxWaitMs });
  }

  async topicId(topic: string): Promise<string> {
    const answer = await this.connection.request(protocol.metadata, { topics: [{ name: topic }] });
    return answer.topics[0]!.topicId;
  }

  /** The end of what is committed, once it is that; markers follow their transaction. */
  async committedEnd(topic: string, wanted: number): Promise<number> {
    await until(async () => (await this.bounds(topic)).offset === wanted);
    return (await this.bounds(topic)).offset;
  }
}

/** Again and again, for as long as a busy machine may need. */
export async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonic() + 120_000;
  while (!(await isDone())) {
    if (systemClock.monotonic() > deadline) throw new Error('it does not come about');
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
  }
}

/** Asks again while the broker ends the transaction before. */
export async function whileConcurrent<T>(ask: () => Promise<T>, errorOf: (answer: T) => number): Promise<T> {
  let answer = await ask();
  await until(async () => {
    if (errorOf(answer) !== CONCURRENT) return true;
    answer = await ask();
    return errorOf(answer) !== CONCURRENT;
  });
  return answer;
}

function batchOf(records: number): Uint8Array {
  const encoder = new BatchEncoder();
  for (let i = 0; i < records; i++) {
    const value = utf8.encode(`record ${i}`);
    encoder.append(1_700_000_000_000, value, -1, -1, value, 0, value.length);
  }
  return encoder.finish();
}

/** [base offset, whether it is a control batch] of each batch of an answer. */
export function batchesOf(answer: protocol.FetchResponse): readonly (readonly [number, boolean])[] {
  const records = answer.responses[0]?.partitions[0]?.records;
  if (records === null || records === undefined) return [];
  return [...batchSpans(records)].map(({ baseOffset, isControl }) => [baseOffset, isControl]);
}
