/** The conversations of the broker suite. */
import type { Test } from 'tap';
import * as protocol from '../../../../engine/log/kafka/protocol/index.ts';
import { type BrokerUnderTest, batchesOf, Talk, until, whileConcurrent } from './broker-suite.ts';

type T = Test;
type Case = (t: T, talk: Talk, broker: BrokerUnderTest) => Promise<void>;

const first = ([error]: readonly [number, number]): number => error;

const plainCases: Readonly<Record<string, Case>> = {
  async 'a topic is made once, and a bad name is refused'(t, talk) {
    const create = async (name: string) => {
      const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
      const answer = await talk.connection.request(protocol.createTopics, { topics, timeoutMs: 10_000 });
      return answer.topics[0]!.errorCode;
    };
    t.equal(await create(talk.name('once')), 0);
    t.equal(await create(talk.name('once')), 36, 'TOPIC_ALREADY_EXISTS');
    t.equal(await create('no spaces'), 17, 'INVALID_TOPIC_EXCEPTION');
  },

  async 'what is not there has names'(t, talk) {
    const topic = await talk.topic('there');
    t.equal((await talk.bounds(talk.name('absent'))).errorCode, 3, 'UNKNOWN_TOPIC_OR_PARTITION');
    const unknown = await talk.fetch(topic, 0, { topicId: 'EBESExQVFhcYGRobHB0eHw' });
    t.equal(unknown.responses[0]!.partitions[0]!.errorCode, 100, 'UNKNOWN_TOPIC_ID');
    t.equal((await talk.fetch(topic, 7)).responses[0]!.partitions[0]!.errorCode, 1, 'OFFSET_OUT_OF_RANGE');
    const metadata = await talk.connection.request(protocol.metadata, { topics: [{ name: talk.name('absent') }] });
    t.equal(metadata.topics[0]!.errorCode, 3);
  },

  async 'a producer without transactions: repeats have no effect, gaps and old epochs are refused'(t, talk) {
    const topic = await talk.topic('idempotent');
    const producer = await talk.initProducer(null);
    t.same([producer.error, producer.epoch], [0, 0]);
    const send = (sequence: number, records = 1) =>
      talk.produce(producer, topic, sequence, { records, isTransactional: false });
    t.same(await send(0, 2), [0, 0]);
    t.same(await send(2), [0, 2]);
    t.same(await send(0, 2), [0, 0], 'a repeat gives its place again');
    t.equal(first(await send(4)), 45, 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    producer.epoch = 1;
    t.equal(first(await send(5)), 45, 'a new epoch begins at 0');
    t.same(await send(0), [0, 3]);
    producer.epoch = 0;
    t.equal(first(await send(3)), 47, 'INVALID_PRODUCER_EPOCH');
    t.equal((await talk.bounds(topic)).offset, 4);
  },

  async 'a session names only what changed, and answers only with news'(t, talk) {
    const topic = await talk.topic('session');
    await talk.produce(null, topic, -1);
    const opened = await talk.fetch(topic, 0, { sessionEpoch: 0 });
    t.ok(opened.sessionId > 0);
    t.equal(batchesOf(opened).length, 1);
    const { sessionId } = opened;
    const moved = await talk.fetch(topic, 1, { sessionId, sessionEpoch: 1 });
    t.same(batchesOf(moved), []);
    const quiet = await talk.fetch(topic, 1, { sessionId, sessionEpoch: 2, wants: false });
    t.same(quiet.responses, [], 'nothing is new');
    await talk.produce(null, topic, -1);
    const news = await talk.fetch(topic, 1, { sessionId, sessionEpoch: 3, wants: false });
    t.same(batchesOf(news), [[1, false]]);
    const skipped = await talk.fetch(topic, 2, { sessionId, sessionEpoch: 9, wants: false });
    t.equal(skipped.errorCode, 71, 'INVALID_FETCH_SESSION_EPOCH');
    const unknown = await talk.fetch(topic, 2, { sessionId: 123_456, sessionEpoch: 4, wants: false });
    t.equal(unknown.errorCode, 70, 'FETCH_SESSION_ID_NOT_FOUND');
  },

  async 'a fetch is held until there is something'(t, talk, broker) {
    const topic = await talk.topic('held');
    const other = await Talk.begin(broker, '');
    const held = other.fetch(topic, 0, { maxWaitMs: 120_000 });
    await talk.produce(null, topic, -1);
    t.equal(batchesOf(await held).length, 1);
    other.connection.close();
    const empty = await talk.fetch(topic, 1, { maxWaitMs: 20 });
    t.same(batchesOf(empty), []);
  },
};

const secondProtocolCases: Readonly<Record<string, Case>> = {
  async 'each start of an id raises its epoch'(t, talk) {
    const one = await talk.initPatiently('starts');
    t.equal(one.epoch, 0);
    const two = await talk.initPatiently('starts');
    t.same([two.producerId, two.epoch], [one.producerId, 1]);
  },

  async 'a transaction is seen when it ends, all of it'(t, talk) {
    const topic = await talk.topic('committed');
    const producer = await talk.initPatiently('committed');
    t.same(await talk.produce(producer, topic, 0), [0, 0]);
    t.equal(await talk.commitOffset(producer, 'group', topic, 5), 0);
    t.equal((await talk.bounds(topic)).offset, 0, 'the last stable offset');
    t.equal((await talk.bounds(topic, 0)).offset, 1, 'what is written');
    t.same(batchesOf(await talk.fetch(topic, 0)), []);
    t.equal(first(await talk.offset('group', topic, true)), 88, 'UNSTABLE_OFFSET_COMMIT');
    t.same(await talk.offset('group', topic, false), [0, -1]);
    const ended = await talk.end(producer, true);
    t.same([ended.errorCode, ended.producerId, ended.producerEpoch], [0, producer.producerId, producer.epoch + 1]);
    t.equal(await talk.committedEnd(topic, 2), 2, 'the marker takes an offset');
    // Kafka may end an answer before the newest batch, also where there is room for it.
    t.same(batchesOf(await talk.fetch(topic, 0))[0], [0, false]);
    t.same(batchesOf(await talk.fetch(topic, 1)), [[1, true]]);
    await until(async () => first(await talk.offset('group', topic, true)) === 0);
    t.same(await talk.offset('group', topic, true), [0, 5]);
  },

  async 'what was aborted is delivered with a list that says so'(t, talk) {
    const topic = await talk.topic('aborted');
    const producer = await talk.initPatiently('aborted');
    await talk.produce(producer, topic, 0);
    t.equal(await talk.commitOffset(producer, 'aborting', topic, 5), 0);
    await talk.endAndGoOn(producer, false);
    t.equal(await talk.committedEnd(topic, 2), 2);
    const { responses } = await talk.fetch(topic, 0);
    const { producerId } = producer;
    t.same(responses[0]!.partitions[0]!.abortedTransactions, [{ producerId, firstOffset: 0 }]);
    await until(async () => first(await talk.offset('aborting', topic, true)) === 0);
    t.same(await talk.offset('aborting', topic, true), [0, -1]);
    const after = await whileConcurrent(() => talk.produce(producer, topic, 0), first);
    t.same(after, [0, 2], 'sequences begin at 0 with the new epoch');
    t.equal((await talk.end(producer, true)).errorCode, 0);
  },

  async 'an EndTxn that comes again has no second effect, and another result is refused'(t, talk) {
    const topic = await talk.topic('again');
    const producer = await talk.initPatiently('again');
    await talk.produce(producer, topic, 0);
    const { producerEpoch } = await talk.end(producer, true);
    const again = await whileConcurrent(
      () => talk.end(producer, true),
      ({ errorCode }) => errorCode,
    );
    t.same([again.errorCode, again.producerEpoch], [0, producerEpoch]);
    t.equal((await talk.end(producer, false)).errorCode, 48, 'INVALID_TXN_STATE');
  },

  async 'nothing can be committed where nothing was written'(t, talk) {
    const producer = await talk.initPatiently('empty');
    t.equal((await talk.end(producer, true)).errorCode, 48, 'INVALID_TXN_STATE');
    const aborted = await talk.end(producer, false);
    t.same([aborted.errorCode, aborted.producerEpoch], [0, producer.epoch + 1]);
  },

  async 'a newer start fences the older, whatever it still sends'(t, talk) {
    const topic = await talk.topic('fenced');
    const zombie = await talk.initPatiently('fenced');
    await talk.produce(zombie, topic, 0);
    t.equal((await talk.init('fenced')).error, 51, 'CONCURRENT_TRANSACTIONS while the old one is aborted');
    const owner = await talk.initPatiently('fenced');
    t.ok(owner.epoch > zombie.epoch);
    t.equal(first(await talk.produce(zombie, topic, 1)), 47, 'INVALID_PRODUCER_EPOCH');
    t.equal(await talk.commitOffset(zombie, 'fencing', topic, 1), 47);
    t.equal((await talk.end(zombie, true)).errorCode, 90, 'PRODUCER_FENCED');
    t.same(await whileConcurrent(() => talk.produce(owner, topic, 0), first), [0, 2]);
    await talk.endAndGoOn(owner, true);
    t.equal(await talk.committedEnd(topic, 4), 4);
    t.equal((await talk.fetch(topic, 0)).responses[0]!.partitions[0]!.abortedTransactions?.length, 1);
  },

  async 'who was never started cannot write in a transaction'(t, talk) {
    const topic = await talk.topic('stranger');
    const stranger = { id: talk.name('stranger'), producerId: 987_654, epoch: 0 };
    t.equal(first(await talk.produce(stranger, topic, 0)), 49, 'INVALID_PRODUCER_ID_MAPPING');
    t.equal((await talk.end(stranger, true)).errorCode, 49);
  },

  async 'of two transactions with offsets the later written counts'(t, talk) {
    const topic = await talk.topic('two');
    const [one, two] = [await talk.initPatiently('two-0'), await talk.initPatiently('two-1')];
    t.equal(await talk.commitOffset(one, 'rotating', topic, 10), 0);
    t.equal(await talk.commitOffset(two, 'rotating', topic, 20), 0);
    await talk.endAndGoOn(two, true);
    await talk.endAndGoOn(one, true);
    await until(async () => first(await talk.offset('rotating', topic, true)) === 0);
    t.same(await talk.offset('rotating', topic, true), [0, 20]);
  },
};

const firstProtocolCases: Readonly<Record<string, Case>> = {
  async 'before a partition or group was added nothing can be written'(t, talk) {
    const topic = await talk.topic('added');
    const producer = await talk.initPatiently('added');
    t.equal(first(await talk.produce(producer, topic, 0, { versionMax: 10 })), 48, 'INVALID_TXN_STATE');
    t.equal(first(await talk.produce(producer, topic, 0, { versionMax: 11 })), 120, 'TRANSACTION_ABORTABLE');
    t.equal(await talk.commitOffset(producer, 'not-added', topic, 1, 3), 48);
    t.equal(await talk.commitOffset(producer, 'not-added', topic, 1, 4), 120);
    t.equal(await add(talk, producer, topic), 0);
    t.same(await talk.produce(producer, topic, 0, { versionMax: 11 }), [0, 0]);
    const { errorCode, producerEpoch } = await talk.end(producer, true, 4);
    t.same([errorCode, producerEpoch], [0, -1], 'the epoch stays');
    t.equal(await talk.committedEnd(topic, 2), 2);
    const repeated = await whileConcurrent(
      () => talk.end(producer, true, 4),
      (answer) => answer.errorCode,
    );
    t.equal(repeated.errorCode, 0, 'nobody can tell a repeat from an end of nothing');
    const again = await whileConcurrent(
      () => add(talk, producer, topic),
      (error) => error,
    );
    t.equal(again, 0);
    t.same(await talk.produce(producer, topic, 1, { versionMax: 11 }), [0, 2], 'sequences go on');
    t.equal((await talk.end(producer, false, 4)).errorCode, 0);
  },

  async 'offsets go into a transaction once their group was added'(t, talk) {
    const topic = await talk.topic('group-added');
    const producer = await talk.initPatiently('group-added');
    const { id, producerId, epoch } = producer;
    const request = { transactionalId: id, producerId, producerEpoch: epoch, groupId: talk.name('old') };
    t.equal((await talk.connection.request(protocol.addOffsetsToTxn, request)).errorCode, 0);
    t.equal(await talk.commitOffset(producer, 'old', topic, 3, 4), 0);
    t.equal((await talk.end(producer, true, 4)).errorCode, 0);
    await until(async () => first(await talk.offset('old', topic, true)) === 0);
    t.same(await talk.offset('old', topic, true), [0, 3]);
  },
};

async function add(
  talk: Talk,
  { id, producerId, epoch }: { readonly id: string; readonly producerId: number; readonly epoch: number },
  topic: string,
): Promise<number> {
  const answer = await talk.connection.request(protocol.addPartitionsToTxn, {
    ...{ v3AndBelowTransactionalId: id, v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: epoch },
    v3AndBelowTopics: [{ name: topic, partitions: [0] }],
  });
  return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode;
}

/** Runs the cases that the broker's transaction protocol has. */
export function brokerSuite(t: T, open: () => Promise<BrokerUnderTest>, transactionVersion: 1 | 2): void {
  const cases = { ...plainCases, ...(transactionVersion === 2 ? secondProtocolCases : firstProtocolCases) };
  let broker: Promise<BrokerUnderTest> | undefined;
  for (const [index, [name, run]] of Object.entries(cases).entries()) {
    void t.test(name, async (t) => {
      broker ??= open();
      const talk = await Talk.begin(await broker, `suite${index}`);
      try {
        await run(t, talk, await broker);
      } finally {
        talk.connection.close();
      }
    });
  }
}
