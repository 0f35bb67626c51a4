/** What an ownership asks of its brokers, in which order, and what it makes of each answer. */
import t from 'tap';
import { KAFKA_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { framed } from '../fake-broker.ts';
import { append, offset, scripted } from './scripted-cluster.ts';

const V1 = { transactionVersion: 1 };

scripted(t, 'acquiring takes both ids, and waits while their last transactions are ended', async (t, cluster, log) => {
  const { CONCURRENT_TRANSACTIONS, NOT_COORDINATOR } = KAFKA_ERROR;
  cluster.initErrors = [CONCURRENT_TRANSACTIONS, 0, NOT_COORDINATOR, CONCURRENT_TRANSACTIONS];
  const { owner, epoch } = await log.acquire('task');
  t.same([owner, epoch], ['task', 2 ** 15]);
  t.equal(cluster.all('InitProducerId app-task-0').length + cluster.all('InitProducerId app-task-1').length, 5);
  t.ok((await log.acquire('task')).epoch > epoch);
});

scripted(t, 'v2: no partition is announced, ids take turns, sequences begin at 0', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  cluster.heard.length = 0;
  for (let n = 1; n <= 4; n++) {
    await log.commit({ ownership, appends: [append(0, 2)], offsets: [offset(n)] });
  }
  t.same(
    cluster.all('EndTxn'),
    [0, 1, 0, 1].map((id) => `EndTxn v5 commit app-task-${id}`),
  );
  t.same([cluster.all('Add'), cluster.all('TxnOffsetCommit v5').length], [[], 4]);
  t.ok(cluster.all('Produce').every((heard) => heard.startsWith('Produce v12')));
  const stamps = cluster.produced.flat().map(({ producerId, epoch, sequence }) => [producerId, epoch, sequence]);
  const expected = [
    ...[1, 2].flatMap((id) => [0, 1].map((sequence) => [id, 0, sequence])),
    ...[1, 2].flatMap((id) => [0, 1].map((sequence) => [id, 1, sequence])),
  ];
  t.same(stamps, expected, 'each end has raised the epoch');
  t.ok(cluster.produced.flat().every(({ isTransactional }) => isTransactional));
});

scripted(t, 'a request takes one batch of a partition, and leaders are asked one by one', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  const underWay: number[] = [];
  cluster.answersProduce = (_, { socket }) => {
    underWay.push(socket.localPort ?? 0);
    return true;
  };
  const appends = [append(0, 7), append(1, 2), append(2, 3)];
  const { baseOffsets } = await log.commit({ ownership, appends });
  t.equal(baseOffsets.length, 3);
  const [first, second] = cluster.brokers.map(({ port }) => port);
  t.same(underWay, [...new Array(7).fill(first), ...new Array(2).fill(second)]);
  t.same(
    cluster.produced.map((stamps) => stamps.map(({ partition, sequence }) => `${partition}:${sequence}`).join(' ')),
    ['0:0 2:0', '0:1 2:1', '0:2 2:2', '0:3', '0:4', '0:5', '0:6', '1:0', '1:1'],
  );
});

scripted(
  t,
  'what is refused for a while is sent again with its sequence, and what was behind it',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    for (let n = 0; n < 2; n++) await log.commit({ ownership, appends: [append(0)] });
    cluster.produced.length = 0;
    const { NOT_LEADER_OR_FOLLOWER, OUT_OF_ORDER_SEQUENCE_NUMBER, CONCURRENT_TRANSACTIONS } = KAFKA_ERROR;
    let next = 0;
    let refusals = [NOT_LEADER_OR_FOLLOWER, CONCURRENT_TRANSACTIONS];
    cluster.produceError = ({ sequence }) => {
      if (sequence !== next) return OUT_OF_ORDER_SEQUENCE_NUMBER;
      const [refusal, ...others] = refusals;
      if (sequence === 1 && refusal !== undefined) {
        refusals = others;
        return refusal;
      }
      next++;
      return 0;
    };
    const { baseOffsets } = await log.commit({ ownership, appends: [append(0, 4)] });
    t.same(baseOffsets, [102]);
    t.same(
      cluster.produced.flat().map(({ sequence }) => sequence),
      [0, 1, 2, 3, 1, 1, 2, 3],
    );
  },
);

scripted(
  t,
  'a transaction is written while the one before is ended, and ended only after it',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    cluster.heard.length = 0;
    // Written at one broker and ended at the other: one alone would answer in order.
    const written = Promise.withResolvers<void>();
    let release = () => {};
    cluster.answersProduce = (time) => {
      if (time === 2) written.resolve();
      return true;
    };
    cluster.endError = (_, time, asked) => {
      if (time !== 1) return 0;
      release = () => asked.socket.write(framed(asked, { producerId: 1, producerEpoch: 1 }));
      return false;
    };
    const first = log.commit({ ownership, appends: [append(1)] });
    const second = log.commit({ ownership, appends: [append(1)] });
    const third = log.commit({ ownership, appends: [append(1)] });
    await written.promise;
    t.equal(cluster.all('EndTxn').length, 1, 'the second waits for the answer to the first');
    t.equal(cluster.produced.length, 2, 'and the third for the id of the first');
    release();
    await Promise.all([first, second, third]);
    t.same(
      cluster.all('EndTxn'),
      [0, 1, 0].map((id) => `EndTxn v5 commit app-task-${id}`),
    );
  },
);

scripted(
  t,
  'where an end is refused, what was written behind it is aborted, and all later is fenced',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    cluster.heard.length = 0;
    cluster.endError = (committed) => (committed ? KAFKA_ERROR.INVALID_TXN_STATE : 0);
    const commits = [0, 1, 2].map(() => log.commit({ ownership, appends: [append(0)] }));
    const outcomes = await Promise.allSettled(commits);
    for (const outcome of outcomes) t.match(outcome, { status: 'rejected', reason: { code: 'FENCED' } });
    t.same(cluster.all('EndTxn v5 commit'), ['EndTxn v5 commit app-task-0'], 'nothing else was committed');
    t.ok(cluster.all('EndTxn v5 abort').includes('EndTxn v5 abort app-task-1'));
    await t.rejects(log.commit({ ownership, appends: [append(0)] }), { code: 'FENCED' });
    cluster.endError = () => 0;
    await log.commit({ ownership: await log.acquire('task'), appends: [append(0)] });
  },
);

scripted(t, 'v2: an end without an answer is asked for again, under the same epoch', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  const epochs: unknown[] = [];
  cluster.endError = (_, time, { request, socket }) => {
    epochs.push((request as { producerEpoch: number }).producerEpoch);
    if (time <= 2) socket.destroy();
    return time <= 2 ? false : time === 3 ? KAFKA_ERROR.CONCURRENT_TRANSACTIONS : 0;
  };
  await log.commit({ ownership, appends: [append(0)] });
  t.same(epochs, [0, 0, 0, 0]);
  await log.commit({ ownership, appends: [append(0)] });
  t.pass('and the ownership lives');
});

scripted(t, 'a Produce without an answer ends the ownership', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  cluster.answersProduce = (_, { socket }) => {
    socket.destroy();
    return false;
  };
  await t.rejects(log.commit({ ownership, appends: [append(0)] }), { code: 'DEPENDENCY_DOWN' });
  await t.rejects(log.commit({ ownership, appends: [append(0)] }), { code: 'FENCED' });
  t.equal(cluster.produced.length, 1, 'and is not sent again');
});

scripted(t, 'a batch that is too large fails its transaction, which is aborted', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  cluster.produceError = ({ partition }) => (partition === 2 ? KAFKA_ERROR.MESSAGE_TOO_LARGE : 0);
  await t.rejects(log.commit({ ownership, appends: [append(0), append(2)] }), { code: 'BATCH_TOO_LARGE' });
  t.same(cluster.all('EndTxn'), ['EndTxn v5 abort app-task-0']);
});

scripted(t, 'offsets alone are a transaction, and nothing at all is none', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  cluster.heard.length = 0;
  await log.commit({ ownership, offsets: [offset(3), { ...offset(4), group: 'another' }] });
  t.same(cluster.heard, ['TxnOffsetCommit v5', 'TxnOffsetCommit v5', 'EndTxn v5 commit app-task-0']);
  cluster.heard.length = 0;
  await log.commit({ ownership });
  t.same(cluster.heard, []);
});

const told: string[] = [];
scripted(
  t,
  'v1: partitions and groups are announced, sequences go on, and the weakness is told once',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    await log.acquire('other');
    cluster.heard.length = 0;
    for (let n = 1; n <= 3; n++) await log.commit({ ownership, appends: [append(0, 2)], offsets: [offset(n)] });
    const one = ['AddPartitionsToTxn v3', 'AddOffsetsToTxn v4', 'Produce v11 0', 'Produce v11 0', 'TxnOffsetCommit v4'];
    t.same(cluster.heard.slice(0, 5).toSorted(), one.toSorted());
    t.equal(cluster.heard[5], 'EndTxn v4 commit app-task-0');
    const ofFirst = cluster.produced.flat().filter(({ producerId }) => producerId === 1);
    t.same(
      ofFirst.map(({ epoch, sequence }) => [epoch, sequence]),
      [0, 1, 2, 3].map((sequence) => [0, sequence]),
    );
    t.same(told, ['transactionProtocolOld']);
  },
  { ...V1, emit: (name) => told.push(name) },
);

scripted(
  t,
  'v1: an end without an answer ends the ownership',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    cluster.endError = (_, __, { socket }) => {
      socket.destroy();
      return false;
    };
    const unanswered = { code: 'FENCED', cause: { code: 'DEPENDENCY_DOWN' } };
    await t.rejects(log.commit({ ownership, appends: [append(0)] }), unanswered);
    t.equal(cluster.all('EndTxn').length, 1, 'and is not asked for again');
  },
  V1,
);

scripted(t, 'bytes whose sum does not hold are refused, whatever stamp they would get', async (t, cluster, log) => {
  const ownership = await log.acquire('task');
  const broken = append(0);
  broken.bytes[70]! ^= 1;
  await t.rejects(log.commit({ ownership, appends: [append(2), broken] }), { code: 'BATCH_CORRUPT' });
  t.same([cluster.produced, cluster.all('EndTxn')], [[], []], 'before anything is sent');
});

scripted(
  t,
  'a broker that knows nothing of the producer gets a second batch only after the first',
  async (t, cluster, log) => {
    const ownership = await log.acquire('task');
    let refusals = 2;
    // As a new topic's broker: not the leader yet, and a moment later it takes whatever comes first.
    cluster.produceError = () => (refusals-- > 0 ? KAFKA_ERROR.NOT_LEADER_OR_FOLLOWER : 0);
    await log.commit({ ownership, appends: [append(0, 3)] });
    t.same(
      cluster.produced.flat().map(({ sequence }) => sequence),
      [0, 0, 0, 1, 2],
    );
  },
);
