/**
 * What members of a classic group tell each other through the coordinator, which does not look into it: the protocol
 * "consumer" (ConsumerProtocol of Kafka's Java client) for one topic. A version number, then the data in that version.
 */
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  type Data,
  WireReader,
  WireWriter,
} from '../protocol/index.ts';
import type { AssignedMember } from './sticky-assignor.ts';

/** Has owned partitions and the generation; read by every client that knows cooperative rebalancing. */
const SUBSCRIPTION_VERSION = 2;
const ASSIGNMENT_VERSION = 1;

export function encodeSubscription(topic: string, owned: readonly number[], generationId: number): Uint8Array {
  const ownedPartitions = owned.length === 0 ? [] : [{ topic, partitions: owned }];
  // Java's assignor looks here where a subscription is too old to have a generation.
  const userData = new Uint8Array(4);
  new DataView(userData.buffer).setInt32(0, generationId);
  return encode(
    consumerProtocolSubscription,
    { topics: [topic], userData, ownedPartitions, generationId },
    SUBSCRIPTION_VERSION,
  );
}

/** Null where the member is not subscribed to the topic. BATCH_CORRUPT, DEPENDENCY_DOWN where it cannot be read. */
export function decodeSubscription(memberId: string, bytes: Uint8Array, topic: string): AssignedMember | null {
  const { topics, ownedPartitions, generationId, userData } = decode(consumerProtocolSubscription, bytes);
  if (!topics.includes(topic)) return null;
  const owned = ownedPartitions.filter((part) => part.topic === topic).flatMap(({ partitions }) => partitions);
  const inUserData =
    userData !== null && userData.length >= 4 ? new DataView(userData.buffer, userData.byteOffset).getInt32(0) : -1;
  return { memberId, owned, generation: generationId >= 0 ? generationId : inUserData };
}

export function encodeAssignment(topic: string, partitions: readonly number[]): Uint8Array {
  const assignedPartitions = partitions.length === 0 ? [] : [{ topic, partitions }];
  return encode(consumerProtocolAssignment, { assignedPartitions }, ASSIGNMENT_VERSION);
}

/** Of the topic, ascending. A member for which the leader has nothing gets no bytes. */
export function decodeAssignment(bytes: Uint8Array, topic: string): readonly number[] {
  if (bytes.length === 0) return [];
  const { assignedPartitions } = decode(consumerProtocolAssignment, bytes);
  return assignedPartitions
    .filter((part) => part.topic === topic)
    .flatMap(({ partitions }) => partitions)
    .sort((a, b) => a - b);
}

function encode<T>(data: Data<T>, value: T, version: number): Uint8Array {
  const writer = new WireWriter();
  writer.int16(version);
  data.encode(writer, value, version);
  return Buffer.concat(writer.take());
}

function decode<T>(data: Data<T>, bytes: Uint8Array): ReturnType<Data<T>['decode']> {
  const reader = new WireReader(bytes);
  // A newer version only has more at its end.
  const version = Math.min(reader.int16(), data.versions.max);
  return data.decode(reader, version);
}
