/** Reads from a simulated broker: with sessions, held until there is something, read committed or not. */
import type * as protocol from '../../log/kafka/protocol/index.ts';
import type { Complete, Loose } from '../../log/kafka/protocol/index.ts';
import type { BrokerState, BrokerTrouble, Respond } from './broker-state.ts';
import { partitionKey, type SessionAnswer, type SessionPartition } from './fetch-sessions.ts';
import { ERROR } from './kafka-error-codes.ts';

type Request = Complete<protocol.FetchRequest>;
type PartitionAnswer = Loose<protocol.FetchResponsePartitionData> & { readonly records: Uint8Array };

interface Found {
  readonly of: SessionPartition;
  readonly answer: PartitionAnswer;
}

export function answerFetch(
  broker: BrokerState,
  request: Request,
  respond: Respond<protocol.FetchResponse>,
  trouble: BrokerTrouble,
): void {
  const session = broker.sessions.answer({
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    wanted: request.topics.flatMap(({ topic, topicId, partitions }) =>
      partitions.map(
        ({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch }): SessionPartition => ({
          ...{ topic, topicId, partition, offset: fetchOffset, bytesMax: partitionMaxBytes },
          ...{ leaderEpoch: currentLeaderEpoch, told: '' },
        }),
      ),
    ),
    forgotten: request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((partition) => partitionKey(topic, topicId, partition)),
    ),
  });
  if (session.error !== ERROR.NONE) {
    respond({ errorCode: session.error, sessionId: 0, responses: [] });
    return;
  }
  hold(broker, request, session, trouble, (found) => respond(answerOf(session, found)));
}

/** Calls `done` when there are enough bytes, something to be told at once, or the time is over. */
function hold(
  broker: BrokerState,
  request: Request,
  session: SessionAnswer,
  trouble: BrokerTrouble,
  done: (found: readonly Found[]) => void,
): void {
  const read = () => session.partitions.map((of) => ({ of, answer: readPartition(broker, request, of, trouble) }));
  const isEnough = (found: readonly Found[]) =>
    found.some(({ answer }) => answer.errorCode !== ERROR.NONE) ||
    found.reduce((sum, { answer }) => sum + answer.records.length, 0) >= Math.max(request.minBytes, 0);
  const first = read();
  if (isEnough(first) || request.maxWaitMs <= 0) {
    done(first);
    return;
  }
  let isDone = false;
  const unsubscribes: (() => void)[] = [];
  const finish = (found: readonly Found[]) => {
    if (isDone) return;
    isDone = true;
    for (const unsubscribe of unsubscribes) unsubscribe();
    done(found);
  };
  for (const { topic, topicId, partition } of session.partitions) {
    const log = broker.topics.find({ name: topic, id: topicId })?.partitions[partition];
    if (log === undefined) continue;
    unsubscribes.push(
      log.subscribe(() => {
        const found = read();
        if (isEnough(found)) finish(found);
      }),
    );
  }
  broker.setup.after(request.maxWaitMs, () => finish(read()));
}

function readPartition(
  { topics, setup }: BrokerState,
  request: Request,
  { topic, topicId, partition, offset, bytesMax, leaderEpoch }: SessionPartition,
  trouble: BrokerTrouble,
): PartitionAnswer {
  const found = topics.find({ name: topic, id: topicId });
  const log = found?.partitions[partition];
  const nothing = {
    partitionIndex: partition,
    records: new Uint8Array(0),
    highWatermark: -1,
    abortedTransactions: null,
  };
  if (log === undefined) {
    const errorCode = topic === '' && found === undefined ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    return { ...nothing, errorCode };
  }
  if (trouble !== 'none') return { ...nothing, errorCode: ERROR.NOT_LEADER_OR_FOLLOWER };
  if (leaderEpoch > 0) return { ...nothing, errorCode: ERROR.UNKNOWN_LEADER_EPOCH };
  const isCommittedOnly = request.isolationLevel === 1;
  const places = { highWatermark: log.end, lastStableOffset: log.lastStableOffset, logStartOffset: log.start };
  if (offset < log.start || offset > log.end) {
    return { ...nothing, ...places, errorCode: ERROR.OFFSET_OUT_OF_RANGE };
  }
  const limit = isCommittedOnly ? log.lastStableOffset : log.end;
  const records = log.read(offset, limit, setup.isShortRead() ? 1 : Math.min(bytesMax, request.maxBytes));
  return {
    ...{ ...nothing, ...places, errorCode: ERROR.NONE, records },
    abortedTransactions: isCommittedOnly ? log.aborted(offset, limit) : null,
  };
}

function answerOf(session: SessionAnswer, found: readonly Found[]): Loose<protocol.FetchResponse> {
  const told = found.filter(({ of, answer }) => {
    const state = `${answer.errorCode} ${answer.lastStableOffset} ${answer.logStartOffset}`;
    const isNews = !session.isIncremental || answer.records.length > 0 || of.told !== state;
    of.told = state;
    return isNews;
  });
  const byTopic = Map.groupBy(told, ({ of: { topic, topicId } }) => (topic === '' ? topicId : topic));
  return {
    errorCode: ERROR.NONE,
    sessionId: session.id,
    responses: [...byTopic.values()].map((ones) => ({
      topic: ones[0]!.of.topic,
      topicId: ones[0]!.of.topicId,
      partitions: ones.map(({ answer }) => answer),
    })),
  };
}
