/** Tasks that share a transaction: who rides when, and what a next owner asks for before it reads. */
import t from 'tap';
import { KAFKA_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { offsetFetch } from '../../../../../engine/log/kafka/protocol/index.ts';
import type { Log, Ownership } from '../../../../../engine/log/port.ts';
import { append, GROUP, offset, type ScriptedCluster, scripted, TOPIC } from './scripted-cluster.ts';

const SOON = { ride: { commits: 2, withinMs: 60_000, ridersMin: 2, aloneMs: 0 } };
const PLACES = [{ group: GROUP, topic: TOPIC, partition: 0 }];

interface Kept {
  metadata: string | null;
  isUnstable: boolean;
  /** Beside the offset of partition 1, where that is another. */
  readonly second?: string;
}

/** Offsets as the brokers have them: what they were told is all that they know. */
function keepsOffsets(cluster: ScriptedCluster, state: Kept): void {
  for (const broker of cluster.brokers)
    broker.on(offsetFetch, ({ groupId, topics, requireStable }) => {
      cluster.heard.push(`OffsetFetch ${groupId}`);
      const errorCode = requireStable && state.isUnstable ? KAFKA_ERROR.UNSTABLE_OFFSET_COMMIT : 0;
      const kept = (partition: number) => (partition === 1 ? (state.second ?? state.metadata) : state.metadata);
      return {
        topics: topics?.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            committedOffset: 5,
            metadata: errorCode === 0 ? kept(partitionIndex) : '',
            errorCode,
          })),
        })),
      };
    });
}

const nothingKnown = () => ({ metadata: null as string | null, isUnstable: false });

/** Commits of both, until both ride. */
async function riding(log: Log, names = ['a', 'b']): Promise<Ownership[]> {
  const owners = await Promise.all(names.map((name) => log.acquire(name, PLACES)));
  for (let n = 0; n < 6; n++)
    await Promise.all(
      owners.map((ownership, i) => log.commit({ ownership, appends: [append(i)], offsets: [offset(n)] })),
    );
  return owners;
}

scripted(
  t,
  'who commits often shares a transaction with the others, and has said so before',
  async (t, cluster, log) => {
    keepsOffsets(cluster, nothingKnown());
    const owners = await riding(log);
    const firstShared = cluster.heard.findIndex((heard) => heard.includes('commit app-carrier-p-'));
    const announced = cluster.heard.findIndex(
      (heard) => heard.endsWith('app-carrier-p') && heard.startsWith('TxnOffset'),
    );
    t.ok(announced >= 0 && announced < firstShared, 'the first transaction of the carrier comes after the word of it');
    cluster.heard.length = 0;
    await Promise.all(
      owners.map((ownership, i) => log.commit({ ownership, appends: [append(i)], offsets: [offset(9)] })),
    );
    t.equal(cluster.all('EndTxn').length, 1);
  },
  SOON,
);

scripted(
  t,
  'one alone does not ride, nor does who keeps no offsets or sends much',
  async (t, cluster, log) => {
    keepsOffsets(cluster, nothingKnown());
    await riding(log, ['a']);
    const owners = await Promise.all(['c', 'd'].map((name) => log.acquire(name)));
    for (let n = 0; n < 6; n++)
      await Promise.all(
        owners.map((ownership) => log.commit({ ownership, appends: [append(0)], offsets: [offset(n)] })),
      );
    t.same(
      cluster.heard.filter((heard) => heard.includes('carrier')),
      [],
    );
  },
  SOON,
);

scripted(
  t,
  'a next owner takes the carrier that was named, once the ids of the task are its own',
  async (t, cluster, log) => {
    // Above any that the ids of this owner would give.
    const announced = 2 ** 52;
    const state = { metadata: `msec ${announced} app-carrier-other` as string | null, isUnstable: true };
    keepsOffsets(cluster, state);
    cluster.answersInit = (id) => {
      if (id.startsWith('app-carrier-other')) state.isUnstable = false;
    };
    const { epoch } = await log.acquire('a', PLACES);
    t.equal(epoch, announced + 1, 'and its own word will count for more');
    const inits = cluster.all('InitProducerId');
    t.same(inits.slice(0, 2).toSorted(), ['InitProducerId app-a-0', 'InitProducerId app-a-1']);
    t.same(
      inits.slice(2).toSorted(),
      [0, 1, 2].map((id) => `InitProducerId app-carrier-other-${id}`),
    );
    t.equal(cluster.heard.at(-1), `OffsetFetch ${GROUP}`, 'and looks again until nothing is undecided');
  },
  SOON,
);

scripted(
  t,
  'a carrier that was named is taken though nothing is undecided: what it carries may not have begun',
  async (t, cluster, log) => {
    keepsOffsets(cluster, { metadata: 'msec 3 app-carrier-other', isUnstable: false });
    await log.acquire('a', PLACES);
    t.same(
      cluster.all('InitProducerId app-carrier').toSorted(),
      [0, 1, 2].map((id) => `InitProducerId app-carrier-other-${id}`),
    );
  },
  SOON,
);

for (const { first, second, taken, because } of [
  { first: 'msec 3 -', second: 'msec 3 app-carrier-other', taken: true, because: 'the first has not moved since' },
  { first: 'msec 3 app-carrier-other', second: 'msec 3 -', taken: true, because: 'the second has not moved since' },
  { first: 'msec 4 -', second: 'msec 3 app-carrier-other', taken: false, because: 'a later owner has taken it' },
  { first: 'msec 3 app-carrier-other', second: 'msec 4 -', taken: false, because: 'a later owner has taken it, too' },
])
  scripted(
    t,
    `of two offsets one names a carrier: ${because}`,
    async (t, cluster, log) => {
      keepsOffsets(cluster, { metadata: first, second, isUnstable: false });
      await log.acquire('a', [...PLACES, { group: GROUP, topic: TOPIC, partition: 1 }]);
      t.same(
        cluster.all('InitProducerId app-carrier').toSorted(),
        taken ? [0, 1, 2].map((id) => `InitProducerId app-carrier-other-${id}`) : [],
      );
    },
    SOON,
  );

scripted(
  t,
  'the carrier of this process is taken anew before a task that rode it has its next owner',
  async (t, cluster, log) => {
    const state = nothingKnown();
    keepsOffsets(cluster, state);
    await riding(log);
    t.ok(cluster.all('EndTxn').some((heard) => heard.includes('commit app-carrier-p-')));
    state.metadata = 'msec 0 app-carrier-p';
    cluster.heard.length = 0;
    await log.acquire('a', PLACES);
    t.same(
      cluster.all('InitProducerId app-carrier').toSorted(),
      [0, 1, 2].map((id) => `InitProducerId app-carrier-p-${id}`),
    );
  },
  SOON,
);

scripted(
  t,
  'what was let go names no carrier',
  async (t, cluster, log) => {
    keepsOffsets(cluster, nothingKnown());
    const [first] = await riding(log);
    cluster.heard.length = 0;
    await log.release?.(first!);
    t.match(cluster.all('TxnOffsetCommit').at(-1), /^TxnOffsetCommit v5 msec \d+ -$/);
    await t.rejects(log.commit({ ownership: first!, offsets: [offset(10)] }), { code: 'FENCED' });
  },
  SOON,
);

scripted(
  t,
  'a transaction that is refused ends all on board, and nobody else',
  async (t, cluster, log) => {
    keepsOffsets(cluster, nothingKnown());
    const owners = await riding(log, ['a', 'b', 'c']);
    cluster.produceError = () => KAFKA_ERROR.INVALID_PRODUCER_EPOCH;
    const outcomes = await Promise.allSettled(
      owners.slice(0, 2).map((ownership, i) => log.commit({ ownership, appends: [append(i)], offsets: [offset(10)] })),
    );
    for (const outcome of outcomes) t.match(outcome, { status: 'rejected', reason: { code: 'FENCED' } });
    cluster.produceError = () => 0;
    cluster.heard.length = 0;
    await log.commit({ ownership: owners[2]!, appends: [append(2)], offsets: [offset(10)] });
    t.same(
      cluster.all('EndTxn v5 commit').map((heard) => heard.replace(/-\d$/, '')),
      ['EndTxn v5 commit app-c'],
    );
  },
  SOON,
);
