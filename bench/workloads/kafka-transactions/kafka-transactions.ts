/**
 * Transactions back to back, each of 1,000 records and an offset commit, beside kafkajs on the same broker in the same
 * run. What was committed is counted afterwards, under read committed, before the time counts.
 */
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { BatchCursor, BatchEncoder } from '../../../engine/batch/index.ts';
import { type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';

const RECORDS = 1_000;
const VALUE = Buffer.from(
  'a reading of about one hundred bytes, as a counter of a city might send it every second or two.....',
);
const TRANSACTIONS = 3_000;
const TRANSACTIONS_QUICK = 800;
const WARM_UP = 200;
/** kafkajs does some ten a second. */
const TRANSACTIONS_KAFKAJS = 60;
const ROUNDS = 5;
const ROUNDS_QUICK = 3;
/** As many as a task has under way. */
const UNDER_WAY_MAX = 2;
const PEER = 'kafkajs, one transactional id';
const INPUT = 'bench-input';

interface Measured {
  readonly perSecond: number;
  readonly latencies: readonly number[];
}

export const kafkaTransactions: Workload = {
  name: 'kafka-transactions',
  says: 'transactions back to back, 1,000 records and an offset commit each, beside kafkajs',
  async run({ isQuick, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const kafka = await startBenchKafka();
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap], applicationId: 'bench' });
    const client = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING });
    const foreign = client.producer({ transactionalId: 'kafkajs', maxInFlightRequests: 1, idempotent: true });
    try {
      await foreign.connect();
      await log.createTopics([{ name: INPUT, partitions: 1, cleanup: 'delete' }]);
      await runOurs(log, 'warm-up', WARM_UP);
      const ours: Measured[] = [];
      const theirs: Measured[] = [];
      for (let round = 1; round <= (isQuick ? ROUNDS_QUICK : ROUNDS); round++) {
        ours.push(await runOurs(log, `ours-${round}`, isQuick ? TRANSACTIONS_QUICK : TRANSACTIONS));
        theirs.push(await runKafkajs(log, foreign, `kafkajs-${round}`));
        const [our, their] = [ours, theirs].map((runs) => runs.at(-1)!.perSecond);
        progress(`run ${round}: ${our!.toFixed(0)} transactions/s, kafkajs ${their!.toFixed(1)}`);
      }
      return [figureOf(ours, theirs)];
    } finally {
      await foreign.disconnect();
      await log.close();
      await kafka.stop();
    }
  },
};

async function runOurs(log: Log, topic: string, transactions: number): Promise<Measured> {
  await log.createTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
  const ownership = await log.acquire(topic);
  const encoder = new BatchEncoder({ batchBytesMax: 512 * 1024 });
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let n = 0; n < transactions; n++) {
    const now = Date.now();
    for (let i = 0; i < RECORDS; i++) encoder.append(now, VALUE, 0, 10, VALUE, 0, VALUE.length);
    while (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
    const sentAt = performance.now();
    const committed = log
      .commit({
        ownership,
        appends: [{ topic, partition: 0, bytes: encoder.finish() }],
        offsets: [{ group: topic, topic: INPUT, partition: 0, offset: (n + 1) * RECORDS }],
      })
      .then(() => {
        latencies.push(performance.now() - sentAt);
        underWay.delete(committed);
      });
    underWay.add(committed);
  }
  await Promise.all(underWay);
  const perSecond = (transactions / (performance.now() - startedAt)) * 1_000;
  await check(log, topic, transactions);
  return { perSecond, latencies };
}

async function runKafkajs(log: Log, producer: Producer, topic: string): Promise<Measured> {
  await log.createTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
  const messages = Array.from({ length: RECORDS }, () => ({ key: VALUE.subarray(0, 10), value: VALUE }));
  const latencies: number[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < TRANSACTIONS_KAFKAJS; n++) {
    const sentAt = performance.now();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages });
    const partitions = [{ partition: 0, offset: String((n + 1) * RECORDS) }];
    await transaction.sendOffsets({ consumerGroupId: topic, topics: [{ topic: INPUT, partitions }] });
    await transaction.commit();
    latencies.push(performance.now() - sentAt);
  }
  const perSecond = (TRANSACTIONS_KAFKAJS / (performance.now() - startedAt)) * 1_000;
  await check(log, topic, TRANSACTIONS_KAFKAJS);
  return { perSecond, latencies };
}

/** Every record is there once, and the group stands where the last transaction put it. */
async function check(log: Log, topic: string, transactions: number): Promise<void> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  let records = 0;
  for (let offset = 0; records < transactions * RECORDS; offset = Math.max(offset, cursor.offsetNext)) {
    const { bytes, start, end } = await reader.fetch(topic, 0, offset, 4 * 1024 * 1024);
    cursor.reset(bytes, start, end);
    cursor.seek(offset);
    while (cursor.next()) records++;
    // The markers of the last transaction are a moment behind its commit.
    if (end === start) await reader.wait([{ topic, partition: 0, offset }], 1_000);
  }
  const [committed] = await reader.committed(topic, INPUT);
  await reader.close();
  if (records !== transactions * RECORDS || committed !== transactions * RECORDS) {
    throw new Error(`${topic}: ${records} records, offset ${committed}, for ${transactions} transactions`);
  }
}

function figureOf(ours: readonly Measured[], theirs: readonly Measured[]): Figure {
  const latencies = ours.flatMap((run) => run.latencies).toSorted((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)]!.toFixed(1);
  return figure({
    name: 'kafka-transactions: 1,000 records and an offset commit',
    unit: 'transactions/s',
    ours: ours.map(({ perSecond }) => perSecond),
    peers: { [PEER]: theirs.map(({ perSecond }) => perSecond) },
    floor: 300,
    aim: 600,
    judged: 'ours',
    notes: [
      `from the call of commit to its answer: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${UNDER_WAY_MAX} under way`,
      'records and offsets counted after each run, under read committed',
      'one partition, one broker on the same machine, transaction protocol v2',
    ],
  });
}
