/**
 * A Kafka broker in this process, alone in its cluster: it takes the real client's bytes and answers them, and keeps what
 * was written when clients die. What it does is what Kafka 4.1 was seen to do; see broker-suite.ts among the tests. It
 * has no threads and no time of its own, so a seed decides everything.
 */
import { assert } from '../../base/index.ts';
import * as protocol from '../../log/kafka/protocol/index.ts';
import { type Complete, type Loose, type Message, WireReader, WireWriter } from '../../log/kafka/protocol/index.ts';
import { answerFetch } from './broker-fetch.ts';
import {
  BROKER_ID,
  type BrokerSetup,
  type BrokerState,
  type BrokerTrouble,
  coordinatorError,
  OFFSETS_PART,
  type Respond,
} from './broker-state.ts';
import { BrokerTopics } from './broker-topics.ts';
import { answerCreateTopics, answerDescribeConfigs, answerDescribeLogDirs, answerMetadata } from './broker-topology.ts';
import { answerAddOffsets, answerAddPartitions, answerProduce, answerTxnOffsetCommit } from './broker-writes.ts';
import { FetchSessions } from './fetch-sessions.ts';
import { GroupOffsets } from './group-offsets.ts';
import { ERROR } from './kafka-error-codes.ts';
import { Transactions } from './transactions.ts';

type Handler<Request, Response> = (
  request: Complete<Request>,
  respond: Respond<Response>,
  context: { readonly version: number; readonly trouble: BrokerTrouble },
) => void;

interface Route {
  readonly message: Message<unknown, unknown>;
  readonly handle: Handler<unknown, unknown>;
}

const EARLIEST = -2;

export class SimulatedBroker implements BrokerState {
  readonly setup: BrokerSetup;
  readonly topics = new BrokerTopics();
  readonly offsets = new GroupOffsets();
  readonly sessions = new FetchSessions();
  readonly transactions: Transactions;
  readonly #routes = new Map<number, Route>();

  constructor(setup: BrokerSetup) {
    this.setup = setup;
    this.transactions = new Transactions({
      version: setup.transactionVersion,
      after: (ms, run) => setup.after(ms, run),
      writeMarkers: (parts, marker, done) => this.#writeMarkers(parts, marker, done),
    });
    this.#addRoutes();
  }

  /** One request, without its length; `answer` is called once, with an answer that has one. */
  handle(frame: Uint8Array, answer: (bytes: Uint8Array) => void): void {
    const reader = new WireReader(frame);
    const header = protocol.readRequestHeader(reader, (apiKey) => this.#routes.get(apiKey)?.message);
    const route = this.#routes.get(header.apiKey);
    assert(route !== undefined, `the simulated broker does not know the API ${header.apiKey}`);
    const { message } = route;
    const { version } = header;
    const context = { version, trouble: this.setup.trouble(message.name) };
    const request = message.decodeRequest(reader, version) as Complete<unknown>;
    route.handle(
      request,
      (response) => {
        const writer = new WireWriter();
        protocol.writeResponseHeader(writer, message, version, header.correlationId);
        message.encodeResponse(writer, response, version);
        answer(framed(writer.take()));
      },
      context,
    );
  }

  #on<Request, Response>(message: Message<Request, Response>, handle: Handler<Request, Response>): void {
    // The table forgets which request goes with which handler; each route keeps the two together.
    this.#routes.set(message.apiKey, { message, handle } as unknown as Route);
  }

  #addRoutes(): void {
    const { setup, topics, offsets, transactions } = this;
    this.#on(protocol.apiVersions, (_request, respond) => respond(this.#apiVersions()));
    this.#on(protocol.metadata, (request, respond) => respond(answerMetadata(this, request)));
    this.#on(protocol.createTopics, (request, respond) => respond(answerCreateTopics(this, request)));
    this.#on(protocol.describeConfigs, (request, respond) => respond(answerDescribeConfigs(this, request)));
    this.#on(protocol.describeLogDirs, (_request, respond) => respond(answerDescribeLogDirs(this)));
    this.#on(protocol.produce, (request, respond, { version, trouble }) =>
      respond(answerProduce(this, request, version, trouble)),
    );
    this.#on(protocol.fetch, (request, respond, { trouble }) => answerFetch(this, request, respond, trouble));
    this.#on(protocol.txnOffsetCommit, (request, respond, { version, trouble }) =>
      respond(answerTxnOffsetCommit(this, request, version, trouble)),
    );
    this.#on(protocol.addPartitionsToTxn, (request, respond, { trouble }) =>
      respond(answerAddPartitions(this, request, trouble)),
    );
    this.#on(protocol.addOffsetsToTxn, (request, respond, { trouble }) =>
      respond(answerAddOffsets(this, request, trouble)),
    );
    this.#on(protocol.findCoordinator, ({ key, coordinatorKeys }, respond) => {
      const where = { nodeId: BROKER_ID, host: setup.host, port: setup.port };
      respond({
        ...where,
        coordinators: (coordinatorKeys.length > 0 ? coordinatorKeys : [key]).map((one) => ({ key: one, ...where })),
      });
    });
    this.#on(protocol.initProducerId, (request, respond, { trouble }) => {
      const troubled = coordinatorError(trouble);
      const { error, producerId, epoch } =
        troubled === ERROR.NONE
          ? transactions.initProducer(request.transactionalId, request.transactionTimeoutMs)
          : { error: troubled, producerId: -1, epoch: -1 };
      respond({ errorCode: error, producerId, producerEpoch: epoch });
    });
    this.#on(protocol.endTxn, (request, respond, { trouble }) => {
      const troubled = coordinatorError(trouble);
      const { transactionalId, producerId, producerEpoch, committed } = request;
      const ended =
        troubled === ERROR.NONE
          ? transactions.end(transactionalId, producerId, producerEpoch, committed)
          : { error: troubled, producerId: -1, epoch: -1 };
      respond({ errorCode: ended.error, producerId: ended.producerId, producerEpoch: ended.epoch });
    });
    this.#on(protocol.listOffsets, (request, respond, { trouble }) => {
      respond({
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, timestamp }) => {
            const log = topics.partition(name, partitionIndex);
            if (log === undefined) return { partitionIndex, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, offset: -1 };
            if (trouble !== 'none') return { partitionIndex, errorCode: ERROR.NOT_LEADER_OR_FOLLOWER, offset: -1 };
            const latest = request.isolationLevel === 1 ? log.lastStableOffset : log.end;
            const offset = timestamp === EARLIEST ? log.start : latest;
            return { partitionIndex, errorCode: ERROR.NONE, timestamp: -1, offset, leaderEpoch: 0 };
          }),
        })),
      });
    });
    this.#on(protocol.offsetCommit, (request, respond, { trouble }) => {
      const errorCode = coordinatorError(trouble);
      respond({
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
            if (errorCode === ERROR.NONE)
              offsets.store(request.groupId, name, partitionIndex, committedOffset, committedMetadata ?? '');
            return { partitionIndex, errorCode };
          }),
        })),
      });
    });
    this.#on(protocol.offsetFetch, (request, respond, { trouble }) => respond(this.#offsetFetch(request, trouble)));
    this.#on(protocol.deleteRecords, (request, respond) => {
      respond({
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, offset }) => {
            const log = topics.partition(name, partitionIndex);
            log?.deleteBefore(offset);
            return {
              partitionIndex,
              lowWatermark: log?.start ?? -1,
              errorCode: log === undefined ? ERROR.UNKNOWN_TOPIC_OR_PARTITION : ERROR.NONE,
            };
          }),
        })),
      });
    });
    this.#on(protocol.offsetForLeaderEpoch, (request, respond) => {
      respond({
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({
            ...{ partition, errorCode: ERROR.NONE, leaderEpoch: 0 },
            endOffset: topics.partition(topic, partition)?.end ?? -1,
          })),
        })),
      });
    });
  }

  #apiVersions(): Loose<protocol.ApiVersionsResponse> {
    const level = this.setup.transactionVersion;
    const hasSecond = level === 2;
    const newest = new Map([
      [protocol.produce.apiKey, hasSecond ? undefined : 11],
      [protocol.txnOffsetCommit.apiKey, hasSecond ? undefined : 4],
      [protocol.endTxn.apiKey, hasSecond ? undefined : 4],
    ]);
    return {
      apiKeys: [...this.#routes.values()].map(({ message: { apiKey, versions } }) => ({
        apiKey,
        minVersion: versions.min,
        maxVersion: newest.get(apiKey) ?? versions.max,
      })),
      finalizedFeaturesEpoch: 1,
      finalizedFeatures: [{ name: 'transaction.version', maxVersionLevel: level, minVersionLevel: level }],
    };
  }

  #offsetFetch(
    request: Complete<protocol.OffsetFetchRequest>,
    trouble: BrokerTrouble,
  ): Loose<protocol.OffsetFetchResponse> {
    const errorCode = coordinatorError(trouble);
    const one = (group: string, topic: string, partitionIndex: number) => {
      const isUnstable = request.requireStable && this.offsets.isPending(group, topic, partitionIndex);
      return {
        ...{ partitionIndex, committedLeaderEpoch: -1 },
        committedOffset: isUnstable ? -1 : this.offsets.committed(group, topic, partitionIndex),
        metadata: isUnstable ? '' : this.offsets.metadata(group, topic, partitionIndex),
        errorCode: isUnstable ? ERROR.UNSTABLE_OFFSET_COMMIT : ERROR.NONE,
      };
    };
    const ofTopics = (
      group: string,
      topics: readonly { name: string; partitionIndexes: readonly number[] }[] | null,
    ) =>
      errorCode !== ERROR.NONE
        ? []
        : (topics ?? []).map(({ name, partitionIndexes }) => ({
            name,
            partitions: partitionIndexes.map((partition) => one(group, name, partition)),
          }));
    return {
      errorCode,
      topics: ofTopics(request.groupId, request.topics),
      groups: request.groups.map(({ groupId, topics }) => ({ groupId, errorCode, topics: ofTopics(groupId, topics) })),
    };
  }

  #writeMarkers(
    parts: readonly string[],
    {
      producerId,
      epoch,
      isCommitted,
    }: { readonly producerId: number; readonly epoch: number; readonly isCommitted: boolean },
    done: () => void,
  ): void {
    let left = parts.length;
    // Also a transaction in which nothing took part is over only after a moment.
    if (left === 0) this.setup.after(this.setup.markerMs(), done);
    for (const part of parts) {
      this.setup.after(this.setup.markerMs(), () => {
        if (part.startsWith(OFFSETS_PART)) this.offsets.endTransaction(producerId, isCommitted);
        else {
          const [topic = '', partition] = part.split('\0');
          this.topics
            .partition(topic, Number(partition))
            ?.writeMarker(producerId, epoch, isCommitted, this.setup.now());
        }
        if (--left === 0) done();
      });
    }
  }
}

function framed(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(4 + length);
  new DataView(bytes.buffer).setInt32(0, length);
  let at = 4;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
