/** What this process writes without owning anything. */
import t from 'tap';
import { KAFKA_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { append, offset, scripted } from './scripted-cluster.ts';

scripted(
  t,
  'a batch goes out idempotently, and again with its stamp when its answer is lost',
  async (t, cluster, log) => {
    cluster.answersProduce = (time, { socket }) => {
      if (time === 1) socket.destroy();
      return time !== 1;
    };
    t.same(await log.commit({ appends: [append(0)] }), { baseOffsets: [100] });
    await log.commit({ appends: [append(0)] });
    const stamp = { partition: 0, producerId: 3, epoch: 0, isTransactional: false };
    t.same(cluster.produced.flat(), [
      { ...stamp, sequence: 0 },
      { ...stamp, sequence: 0 },
      { ...stamp, sequence: 1 },
    ]);
    t.same(cluster.all('EndTxn'), []);
  },
);

scripted(t, 'what is handed in together shares requests, and one failure is nobody else’s', async (t, cluster, log) => {
  cluster.produceError = ({ partition }) => (partition === 2 ? KAFKA_ERROR.MESSAGE_TOO_LARGE : 0);
  const [first, second] = await Promise.allSettled(
    [0, 2].map((partition) => log.commit({ appends: [append(partition)] })),
  );
  t.match(first, { status: 'fulfilled' });
  t.match(second, { status: 'rejected', reason: { code: 'BATCH_TOO_LARGE' } });
  t.equal(cluster.produced.length, 1, 'one request to one leader');
  cluster.produceError = () => 0;
  await log.commit({ appends: [append(2)] });
  t.same(cluster.produced.at(-1)?.[0]?.sequence, 0, 'with a producer id that nothing is known of');
  t.equal(cluster.all('InitProducerId').length, 2);
});

scripted(
  t,
  'several parts are a transaction, written again after its Produce was not answered',
  async (t, cluster, log) => {
    cluster.answersProduce = (time, { socket }) => {
      if (time === 1) socket.destroy();
      return time !== 1;
    };
    await log.commit({ appends: [append(0), append(2)], offsets: [offset(7)] });
    t.same(cluster.all('InitProducerId'), new Array(2).fill('InitProducerId app-process-p'));
    t.same(
      cluster.produced.flat().map(({ partition, epoch, sequence }) => [partition, epoch, sequence]),
      [
        [0, 0, 0],
        [2, 0, 0],
        // The abort has raised the epoch, and taking the id anew has.
        [0, 2, 0],
        [2, 2, 0],
      ],
    );
    t.same(cluster.all('EndTxn v5 commit').length, 1);
  },
);

scripted(
  t,
  'a transaction waits for what was handed in before it, and holds up what comes after',
  async (t, _, log) => {
    const done: string[] = [];
    const commit = async (name: string, ...appends: ReturnType<typeof append>[]) => {
      await log.commit({ appends });
      done.push(name);
    };
    await Promise.all([commit('a', append(0)), commit('b', append(1), append(2)), commit('c', append(0))]);
    t.same(done, ['a', 'b', 'c']);
  },
);

scripted(t, 'an end whose outcome stays unknown is said to be so', async (t, cluster, log) => {
  cluster.endError = () => KAFKA_ERROR.INVALID_TXN_STATE;
  await t.rejects(log.commit({ appends: [append(0), append(1)] }), { code: 'DEPENDENCY_DOWN' });
  cluster.endError = () => 0;
  await log.commit({ appends: [append(0), append(1)] });
});
