/**
 * Two brokers that answer as one would that has no troubles: the first coordinates transactions, the second groups, and
 * they share the partitions. Tests put their own answers in front.
 */
import type { Test } from 'tap';
import { type KafkaLogOptions, openKafkaLog } from '../../../../../engine/log/kafka/index.ts';
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  findCoordinator,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import type { Append, GroupOffset, Log } from '../../../../../engine/log/port.ts';
import { type Asked, FakeBroker } from '../fake-broker.ts';
import { batches } from '../texts.ts';

export const TOPIC = 'numbers';
export const GROUP = 'group';
/** By partition. */
const LEADERS = [0, 1, 0] as const;
const TRANSACTIONS = 0;
const GROUPS = 1;
const TRANSACTION_KEY = 1;

export interface Stamp {
  readonly partition: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
}

export class ScriptedCluster {
  readonly brokers: readonly [FakeBroker, FakeBroker];
  /** What was asked of either, but for metadata and the like, as `name` or `name detail`, in the order of arrival. */
  readonly heard: string[] = [];
  /** The batches of each Produce request, in order. */
  readonly produced: Stamp[][] = [];
  /** Called for each Produce of a partition: an error code, or 0. */
  produceError: (stamp: Stamp, time: number) => number = () => 0;
  /** The answer to the n-th EndTxn: an error code, or false to say nothing. */
  endError: (committed: boolean, time: number, asked: Asked) => number | false = () => 0;
  /** Called before a Produce is answered; false: it is not. */
  answersProduce: (time: number, asked: Asked) => boolean = () => true;
  initErrors: number[] = [];
  /** Called before an InitProducerId is answered. */
  answersInit: (id: string) => void = () => {};
  readonly #epochs = new Map<string, number>();
  #ends = 0;
  #offset = 100;

  private constructor(brokers: readonly [FakeBroker, FakeBroker], transactionVersion: number) {
    this.brokers = brokers;
    for (const broker of brokers) {
      broker.features.set('transaction.version', transactionVersion);
      broker.leads(TOPIC, LEADERS, brokers);
      broker.on(findCoordinator, ({ keyType, coordinatorKeys: [key = ''] }) => {
        const nodeId = keyType === TRANSACTION_KEY ? TRANSACTIONS : GROUPS;
        return { coordinators: [{ key, nodeId, host: '127.0.0.1', port: brokers[nodeId]!.port, errorCode: 0 }] };
      });
      broker.on(initProducerId, ({ transactionalId }) => {
        const id = transactionalId ?? '';
        this.heard.push(`InitProducerId ${id}`);
        this.answersInit(id);
        const errorCode = this.initErrors.shift() ?? 0;
        const producerEpoch = (this.#epochs.get(id) ?? -1) + 1;
        if (errorCode === 0) this.#epochs.set(id, producerEpoch);
        return { errorCode, producerId: producerIdOf(id), producerEpoch };
      });
      broker.on(produce, (request, asked) => {
        const stamps = request.topicData.flatMap(({ partitionData }) =>
          partitionData.map(({ index, records }) => stampOf(index, records ?? new Uint8Array(0))),
        );
        const time = this.produced.push(stamps);
        this.heard.push(`Produce v${asked.version} ${stamps.map(({ partition }) => partition).join(',')}`);
        if (!this.answersProduce(time, asked)) return false;
        const partitionResponses = stamps.map((stamp) => {
          const errorCode = this.produceError(stamp, time);
          return { index: stamp.partition, errorCode, baseOffset: errorCode === 0 ? this.#offset++ : -1 };
        });
        return { responses: [{ name: TOPIC, partitionResponses }] };
      });
      broker.on(txnOffsetCommit, ({ topics }, asked) => {
        const [metadata] = topics.flatMap(({ partitions }) => partitions.flatMap((one) => one.committedMetadata ?? []));
        this.heard.push(`TxnOffsetCommit v${asked.version}${metadata === undefined ? '' : ` ${metadata}`}`);
        return {
          topics: topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex })),
          })),
        };
      });
      broker.on(endTxn, ({ transactionalId, producerId, producerEpoch, committed }, asked) => {
        this.heard.push(`EndTxn v${asked.version} ${committed ? 'commit' : 'abort'} ${transactionalId}`);
        const errorCode = this.endError(committed, ++this.#ends, asked);
        if (errorCode === false) return false;
        this.#epochs.set(transactionalId, producerEpoch + 1);
        return { errorCode, producerId, producerEpoch: producerEpoch + 1 };
      });
      broker.on(addPartitionsToTxn, (_, asked) => {
        this.heard.push(`AddPartitionsToTxn v${asked.version}`);
        return {};
      });
      broker.on(addOffsetsToTxn, (_, asked) => {
        this.heard.push(`AddOffsetsToTxn v${asked.version}`);
        return {};
      });
    }
  }

  static async start(transactionVersion = 2): Promise<ScriptedCluster> {
    return new ScriptedCluster([await FakeBroker.start(), await FakeBroker.start()], transactionVersion);
  }

  open(more: Partial<KafkaLogOptions> = {}): Log {
    const bootstrap = [this.brokers[0].bootstrap];
    return openKafkaLog({ bootstrap, applicationId: 'app', processId: 'p', retryMsMax: 5_000, ...more });
  }

  /** What was heard and begins so. */
  all(start: string): string[] {
    return this.heard.filter((text) => text.startsWith(start));
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop()));
  }
}

/** A cluster for one case, and a log on it. */
export function scripted(
  t: Test,
  name: string,
  run: (t: Test, cluster: ScriptedCluster, log: Log) => Promise<void>,
  { transactionVersion = 2, ...options }: Partial<KafkaLogOptions> & { readonly transactionVersion?: number } = {},
): void {
  void t.test(name, async (t) => {
    const cluster = await ScriptedCluster.start(transactionVersion);
    const log = cluster.open(options);
    t.teardown(async () => {
      await log.close();
      await cluster.stop();
    });
    await run(t, cluster, log);
  });
}

/** `count` records in batches of one. */
export function append(partition: number, count = 1): Append {
  return { topic: TOPIC, partition, bytes: batches(Array.from({ length: count }, String), 'none', 1) };
}

export function offset(value: number): GroupOffset {
  return { group: GROUP, topic: TOPIC, partition: 0, offset: value };
}

const producerIdOf = (id: string): number => (id.endsWith('-1') ? 2 : id.endsWith('-0') ? 1 : 3);

function stampOf(partition: number, batch: Uint8Array): Stamp {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  return {
    partition,
    producerId: Number(view.getBigInt64(43)),
    epoch: view.getInt16(51),
    sequence: view.getInt32(53),
    isTransactional: (view.getInt16(21) & 0x10) !== 0,
  };
}
