/**
 * EnMon frames to one-minute windows per device with kafkajs alone: `eachBatch`, a map of windows for each partition, and,
 * as often as the others commit, what was told, the changed windows for the changelog and the offsets. Exactly once these
 * go in one transaction, at least once the offsets follow. One thread of as many as the group shares the partitions among.
 * Nothing here reads the changelog, as nothing restarts in a measurement.
 */
import { workerData } from 'node:worker_threads';
import {
  AssignerProtocol,
  type EachBatchPayload,
  Kafka,
  logLevel,
  type Message,
  type PartitionAssigner,
  Partitioners,
} from 'kafkajs';
import type { KafkajsTask } from './peer.ts';

const QUANTITIES = 4;
const NUMBERS = 1 + 4 * QUANTITIES;
const FRAME_BYTES = 31;
const REBALANCING = ['ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID'];

/** Count, then of each quantity sum, least, greatest, squares. */
class Sums {
  readonly device: string;
  readonly start: number;
  readonly numbers = new Float64Array(NUMBERS);
  isDirty = false;

  constructor(device: string, start: number) {
    this.device = device;
    this.start = start;
  }

  take(at: number, value: number, isFirst: boolean): void {
    const { numbers } = this;
    numbers[at]! += value;
    if (isFirst || value < numbers[at + 1]!) numbers[at + 1] = value;
    if (isFirst || value > numbers[at + 2]!) numbers[at + 2] = value;
    numbers[at + 3]! += value * value;
  }

  bytes(): Buffer {
    const bytes = Buffer.allocUnsafe(8 + 8 * NUMBERS);
    bytes.writeBigInt64BE(BigInt(this.start));
    for (let i = 0; i < NUMBERS; i++) bytes.writeBigInt64BE(BigInt(this.numbers[i]!), 8 + 8 * i);
    return bytes;
  }
}

/** Of one partition: windows by their start, then by device. */
class Partition {
  readonly windows = new Map<number, Map<string, Sums>>();
  readonly dirty: Sums[] = [];
  readonly closed: Sums[] = [];
  streamTime = 0;
  /** What came before is in the windows: a rejoin of the group reads from the committed offset again. */
  position = 0n;
  isCommitted = true;
}

const task = workerData as KafkajsTask;
const { windowMs, graceMs } = task;
const isExactlyOnce = task.guarantee === 'exactly_once';
// What it tries again it would tell as an error; what it does not ends the thread.
const kafka = new Kafka({ brokers: [task.bootstrap], clientId: task.application, logLevel: logLevel.NOTHING });
const producer = kafka.producer({
  createPartitioner: Partitioners.DefaultPartitioner,
  ...(isExactlyOnce
    ? { idempotent: true, maxInFlightRequests: 1, transactionalId: `${task.application}-${task.thread}` }
    : {}),
});
/** A partition is always the same thread's, which has its windows; nobody's until that thread has joined. */
const byThread: PartitionAssigner = ({ cluster }) => ({
  name: 'ByThread',
  version: 1,
  protocol: ({ topics }) => ({
    name: 'ByThread',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.of(task.thread ?? 0) }),
  }),
  async assign({ members, topics }) {
    return members.map(({ memberId, memberMetadata }) => {
      const thread = AssignerProtocol.MemberMetadata.decode(memberMetadata)!.userData[0];
      const own = (topic: string) =>
        cluster
          .findTopicPartitionMetadata(topic)
          .map(({ partitionId }) => partitionId)
          .filter((partition) => partition % task.threads === thread);
      const assignment = Object.fromEntries(topics.map((topic) => [topic, own(topic)]));
      const memberAssignment = { version: 1, assignment, userData: Buffer.alloc(0) };
      return { memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode(memberAssignment) };
    });
  },
});
const consumer = kafka.consumer({
  groupId: task.application,
  partitionAssigners: [byThread],
  maxBytesPerPartition: task.fetchBytes,
  maxBytes: 8 * task.fetchBytes,
  readUncommitted: false,
});
const partitions = new Map<number, Partition>();
let committedAt = 0;
/** One at a time; a batch waits for it. */
let committing = Promise.resolve();

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic: task.input, fromBeginning: true });
await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
setInterval(() => void commitInTurn(), task.commitMs);

async function eachBatch({ batch, resolveOffset, heartbeat }: EachBatchPayload): Promise<void> {
  await committing;
  let partition = partitions.get(batch.partition);
  if (partition === undefined) {
    partition = new Partition();
    partitions.set(batch.partition, partition);
  }
  const isRepeated = BigInt(batch.firstOffset() ?? 0) < partition.position;
  for (const { key, value, timestamp, offset } of batch.messages) {
    if (isRepeated && BigInt(offset) < partition.position) continue;
    add(partition, key!.toString('latin1'), value!, Number(timestamp));
  }
  const offsetNext = BigInt(batch.lastOffset()) + 1n;
  if (offsetNext > partition.position) {
    partition.position = offsetNext;
    partition.isCommitted = false;
  }
  resolveOffset(batch.lastOffset());
  if (performance.now() - committedAt >= task.commitMs) await commitInTurn();
  await heartbeat();
}

/** Decodes with every check that the generated decoder makes. */
function add(partition: Partition, device: string, frame: Buffer, timestamp: number): void {
  if (frame.length !== FRAME_BYTES || frame[0] !== 1 || frame[1] !== 0 || frame[2] !== 28 || frame[22] !== 0)
    throw new Error('no EnMon frame');
  for (let i = 7; i < 22; i++) if (frame[i]! < 0x30 || frame[i]! > 0x39) throw new Error('IMEI');
  const battery = (frame[23]! << 8) | frame[24]!;
  const noise = (frame[25]! << 8) | frame[26]!;
  const temperature = (((frame[27]! << 8) | frame[28]!) << 16) >> 16;
  const humidity = (frame[29]! << 8) | frame[30]!;
  if (battery < 1700 || battery > 6000 || noise > 140 || temperature < -400 || temperature > 850 || humidity > 1000)
    throw new Error('out of range');
  const start = timestamp - (timestamp % windowMs);
  if (start + windowMs + graceMs <= partition.streamTime) return;
  let devices = partition.windows.get(start);
  if (devices === undefined) {
    devices = new Map();
    partition.windows.set(start, devices);
  }
  let sums = devices.get(device);
  if (sums === undefined) {
    sums = new Sums(device, start);
    devices.set(device, sums);
  }
  if (!sums.isDirty) {
    sums.isDirty = true;
    partition.dirty.push(sums);
  }
  const isFirst = sums.numbers[0]!++ === 0;
  sums.take(1, battery, isFirst);
  sums.take(5, noise, isFirst);
  sums.take(9, temperature, isFirst);
  sums.take(13, humidity, isFirst);
  if (timestamp <= partition.streamTime) return;
  partition.streamTime = timestamp;
  for (const [opened, closed] of partition.windows) {
    if (opened + windowMs + graceMs > timestamp) continue;
    partition.windows.delete(opened);
    for (const one of closed.values()) partition.closed.push(one);
  }
}

function commitInTurn(): Promise<void> {
  committing = committing.then(commit).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  return committing;
}

async function commit(): Promise<void> {
  const told: Message[] = [];
  const changes: Message[] = [];
  const offsets: { partition: number; offset: string }[] = [];
  for (const [id, partition] of partitions) {
    if (partition.isCommitted) continue;
    offsets.push({ partition: id, offset: String(partition.position) });
    partition.isCommitted = true;
    for (const sums of partition.closed) {
      told.push({ key: sums.device, value: sums.bytes(), timestamp: String(sums.start + windowMs - 1), partition: id });
      changes.push({ key: `${sums.device} ${sums.start}`, value: null, partition: id });
    }
    for (const sums of partition.dirty) {
      sums.isDirty = false;
      if (partition.windows.get(sums.start) === undefined) continue;
      changes.push({ key: `${sums.device} ${sums.start}`, value: sums.bytes(), partition: id });
    }
    partition.closed.length = 0;
    partition.dirty.length = 0;
  }
  committedAt = performance.now();
  if (offsets.length === 0) return;
  const topicMessages = [
    { topic: task.output, messages: told },
    { topic: task.changelog, messages: changes },
  ].filter(({ messages }) => messages.length > 0);
  if (isExactlyOnce) {
    const transaction = await producer.transaction();
    if (topicMessages.length > 0) await transaction.sendBatch({ topicMessages, acks: -1 });
    await transaction.sendOffsets({
      consumerGroupId: task.application,
      topics: [{ topic: task.input, partitions: offsets }],
    });
    await transaction.commit();
    return;
  }
  if (topicMessages.length > 0) await producer.sendBatch({ topicMessages, acks: -1 });
  try {
    await consumer.commitOffsets(offsets.map((offset) => ({ topic: task.input, ...offset })));
  } catch (error) {
    // The group is rebalancing: they go with the next.
    if (!isRebalancing(error)) throw error;
    for (const { partition } of offsets) partitions.get(partition)!.isCommitted = false;
  }
}

/** What a retry gave up on comes with the broker's answer as its cause. */
function isRebalancing(error: unknown): boolean {
  const { type, cause } = error as { readonly type?: string; readonly cause?: { readonly type?: string } };
  return REBALANCING.includes(type ?? '') || REBALANCING.includes(cause?.type ?? '');
}
