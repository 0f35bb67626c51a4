import t from 'tap';
import { FetchSession } from '../../../../../engine/log/kafka/fetch/fetch-session.ts';

const NOT_FOUND = 70;
const OTHER_EPOCH = 71;

function place(topic: string, partition: number) {
  return { topic, topicId: `id of ${topic}`, partition, leaderEpoch: 0, fetchOffset: 0, bytesMax: 10 };
}

t.test('a session says everything once, then what is different', async (t) => {
  const session = new FetchSession();
  const [a, b, c] = [place('one', 0), place('one', 1), place('two', 0)];
  const wanted = (partition: number, fetchOffset: number) => ({
    partition,
    currentLeaderEpoch: 0,
    fetchOffset,
    partitionMaxBytes: 10,
  });
  t.same(session.next([a, b, c], true), {
    sessionId: 0,
    sessionEpoch: 0,
    topics: [
      { topicId: 'id of one', partitions: [wanted(0, 0), wanted(1, 0)] },
      { topicId: 'id of two', partitions: [wanted(0, 0)] },
    ],
    forgottenTopicsData: [],
  });
  session.succeed(7);
  a.fetchOffset = 5;
  t.equal(session.askedOffset(a), 0, 'until the next request');
  t.same(session.next([c, a], true), {
    sessionId: 7,
    sessionEpoch: 1,
    topics: [{ topicId: 'id of one', partitions: [wanted(0, 5)] }],
    forgottenTopicsData: [{ topicId: 'id of one', partitions: [1] }],
  });
  session.succeed(7);
  t.same([session.askedOffset(a), session.askedOffset(b)], [5, -1]);
  t.same(session.next([a, c], true), { sessionId: 7, sessionEpoch: 2, topics: [], forgottenTopicsData: [] });
  session.succeed(7);
  c.topicId = 'another';
  t.same(session.next([a, c], true), {
    sessionId: 7,
    sessionEpoch: 3,
    topics: [{ topicId: 'another', partitions: [wanted(0, 0)] }],
    forgottenTopicsData: [{ topicId: 'id of two', partitions: [0] }],
  });
});

t.test(
  'after a failure everything is said again, and the old session is closed where the broker may have it',
  async (t) => {
    for (const [code, sessionId] of [
      [undefined, 7],
      [OTHER_EPOCH, 7],
      [NOT_FOUND, 0],
    ] as const) {
      const session = new FetchSession();
      const one = place('one', 0);
      session.next([one], false);
      session.succeed(7);
      session.next([one], false);
      session.fail(code);
      t.equal(session.askedOffset(one), -1);
      t.match(session.next([one], false), {
        sessionId,
        sessionEpoch: 0,
        topics: [{ topic: 'one', partitions: { length: 1 } }],
      });
    }
  },
);

t.test('a broker that makes no session is told everything each time, in the order of the caller', async (t) => {
  const session = new FetchSession();
  const [a, b] = [place('one', 0), place('one', 1)];
  session.next([a, b], true);
  session.succeed(0);
  const again = session.next([b, a], true);
  t.equal(again.sessionEpoch, 0);
  t.same(
    again.topics[0]?.partitions.map(({ partition }) => partition),
    [1, 0],
  );
});
