/** What the coordinator may answer, and a real one does too rarely to wait for. */
import t, { type Test } from 'tap';
import { KAFKA_ERROR, NO_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { encodeAssignment } from '../../../../../engine/log/kafka/group/classic-data.ts';
import { type KafkaShareOptions, openKafkaShare } from '../../../../../engine/log/kafka/index.ts';
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  consumerGroupHeartbeat,
  findCoordinator,
  heartbeat,
  joinGroup,
  type Loose,
  leaveGroup,
  syncGroup,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { FakeBroker, topicIdOf } from '../fake-broker.ts';

const TOPIC = 'frames';

async function start(t: Test, coordinators = 1) {
  const brokers = await Promise.all(Array.from({ length: coordinators }, () => FakeBroker.start()));
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  let coordinator = 0;
  for (const broker of brokers) {
    broker.leads(TOPIC, [0, 0, 0, 0], brokers);
    broker.features.set('group.version', 1);
    broker.on(findCoordinator, ({ coordinatorKeys: [key] }) => ({
      coordinators: [{ key, nodeId: coordinator, host: '127.0.0.1', port: brokers[coordinator]!.port }],
    }));
  }
  const said: string[] = [];
  let look = () => {};
  const open = (options: Partial<KafkaShareOptions> = {}) => {
    const share = openKafkaShare({
      ...{ bootstrap: [brokers[0]!.bootstrap], topic: TOPIC, group: 'g' },
      ...{ heartbeatIntervalMs: 5, sessionTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
      ...options,
    });
    const started = share.start({
      async change(partitions) {
        said.push(`change ${partitions}`);
        look();
      },
      lost() {
        said.push('lost');
        look();
      },
    });
    return { share, started };
  };
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (condition()) resolve();
      };
      look();
    });
  const moveTo = (index: number) => {
    coordinator = index;
  };
  return { brokers, broker: brokers[0]!, open, said, until, moveTo, look: () => look() };
}

type Answer = Loose<ConsumerGroupHeartbeatResponse>;

const refused = (error: keyof typeof KAFKA_ERROR): Answer => ({ errorCode: KAFKA_ERROR[error] });
const given = (partitions: readonly number[], memberEpoch: number): Answer => ({
  ...{ errorCode: NO_ERROR, memberEpoch, heartbeatIntervalMs: 5 },
  assignment: { topicPartitions: partitions.length === 0 ? [] : [{ topicId: topicIdOf(TOPIC), partitions }] },
});
const nothingNew = (memberEpoch: number): Answer => ({ memberEpoch, heartbeatIntervalMs: 5, assignment: null });
const held = ({ topicPartitions }: { topicPartitions: ConsumerGroupHeartbeatRequest['topicPartitions'] }) =>
  topicPartitions?.flatMap(({ partitions }) => partitions) ?? null;

t.test('KIP-848: joins with nothing, says at once what it holds, and repeats nothing', async (t) => {
  const { broker, open, said, until, look } = await start(t);
  const heard: [number, readonly number[] | null, boolean][] = [];
  broker.on(consumerGroupHeartbeat, (request) => {
    heard.push([request.memberEpoch, held(request), request.subscribedTopicNames !== null]);
    look();
    if (request.memberEpoch === 0) return given([0, 2], 1);
    return heard.length === 4 ? given([2], 2) : nothingNew(request.memberEpoch);
  });
  const { share, started } = open();
  await started;
  await until(() => heard.length >= 6);
  t.same(said, ['change 0,2', 'change 2']);
  t.same(heard.slice(0, 5), [
    [0, [], true],
    [1, [0, 2], false],
    [1, null, false],
    [1, null, false],
    [2, [2], false],
  ]);
  await share.close();
  t.equal(heard.at(-1)?.[0], -1);
});

for (const error of ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)
  t.test(`KIP-848: ${error} drops everything, and the member joins again under its id`, async (t) => {
    const { broker, open, said, until } = await start(t);
    const members = new Set<string>();
    let isFenced = false;
    broker.on(consumerGroupHeartbeat, ({ memberEpoch, memberId }) => {
      members.add(memberId);
      if (memberEpoch === 0) return given(isFenced ? [3] : [0, 1], 7);
      if (isFenced) return nothingNew(memberEpoch);
      isFenced = true;
      return refused(error);
    });
    const { share, started } = open();
    await started;
    await until(() => said.length === 3);
    t.same(said, ['change 0,1', 'lost', 'change 3']);
    t.equal(members.size, 1);
    await share.close();
  });

t.test('KIP-848: a coordinator that has moved is found, and told everything anew', async (t) => {
  const { brokers, open, said, until, moveTo, look } = await start(t, 2);
  const [old, now] = brokers as [FakeBroker, FakeBroker];
  let hasMoved = false;
  old.on(consumerGroupHeartbeat, ({ memberEpoch }) => {
    if (hasMoved) return refused('NOT_COORDINATOR');
    return memberEpoch === 0 ? given([1], 1) : nothingNew(1);
  });
  const heard: (string | null)[] = [];
  now.on(consumerGroupHeartbeat, (request) => {
    heard.push(`${request.memberEpoch} ${held(request)} ${request.subscribedTopicNames}`);
    look();
    return nothingNew(1);
  });
  const { share, started } = open();
  await started;
  await until(() => said.length === 1);
  moveTo(1);
  hasMoved = true;
  await until(() => heard.length >= 2);
  t.same(heard.slice(0, 2), ['1 1 frames', '1 null null']);
  t.same(said, ['change 1']);
  await share.close();
});

t.test('KIP-848: the name of an instance whose session is not over yet is waited for', async (t) => {
  const { broker, open, said } = await start(t);
  let joins = 0;
  broker.on(consumerGroupHeartbeat, ({ memberEpoch, instanceId }) => {
    t.equal(instanceId, 'one');
    if (memberEpoch !== 0) return nothingNew(memberEpoch);
    return ++joins < 3 ? refused('UNRELEASED_INSTANCE_ID') : given([0], 1);
  });
  const { share, started } = open({ instanceId: 'one' });
  await started;
  t.equal(joins, 3);
  t.same(said, ['change 0']);
  await share.close();
  const { request } = broker.asked.findLast(({ apiKey }) => apiKey === consumerGroupHeartbeat.apiKey)!;
  t.match(request, { memberEpoch: -2, instanceId: 'one' }, 'and it keeps what it has for a while');
});

t.test('what no retry mends is told at the start', async (t) => {
  const { broker, open } = await start(t);
  broker.on(consumerGroupHeartbeat, () => ({ errorCode: KAFKA_ERROR.GROUP_AUTHORIZATION_FAILED }));
  await t.rejects(open().started, { code: 'CONFIG_INVALID', message: /GROUP_AUTHORIZATION_FAILED/ });
  broker.on(consumerGroupHeartbeat, () => ({ errorCode: KAFKA_ERROR.UNRELEASED_INSTANCE_ID }));
  await t.rejects(open({ retryMsMax: 50 }).started, { code: 'DEPENDENCY_DOWN' });
  broker.on(joinGroup, () => ({ errorCode: KAFKA_ERROR.FENCED_INSTANCE_ID }));
  await t.rejects(open({ protocol: 'classic', instanceId: 'one' }).started, { code: 'FENCED' });
});

/** A coordinator with one member, who leads. */
function leads(broker: FakeBroker, assigned: () => readonly number[]) {
  let generation = 0;
  broker.on(joinGroup, ({ memberId }) => {
    if (memberId === '') return { errorCode: KAFKA_ERROR.MEMBER_ID_REQUIRED, memberId: 'm' };
    return { generationId: ++generation, protocolName: 'cooperative-sticky', leader: 'other', memberId };
  });
  broker.on(syncGroup, () => ({ assignment: encodeAssignment(TOPIC, assigned()) }));
}

t.test('a broker that has the newer protocol switched off is joined by the classic one', async (t) => {
  const { broker, open, said } = await start(t);
  broker.on(consumerGroupHeartbeat, () => ({ errorCode: KAFKA_ERROR.UNSUPPORTED_VERSION }));
  leads(broker, () => [0, 1]);
  const { share, started } = open();
  await started;
  t.same(said, ['change 0,1']);
  await share.close();
  t.equal(broker.count(leaveGroup), 1);
});

t.test('classic: who has given something up joins once more, with what is left', async (t) => {
  const { broker, open, said, until } = await start(t);
  const assigned = [[0, 1, 2], [0], [0, 3]];
  leads(broker, () => assigned.shift() ?? [0, 3]);
  let isCalled = false;
  broker.on(heartbeat, () => {
    const errorCode = isCalled ? NO_ERROR : KAFKA_ERROR.REBALANCE_IN_PROGRESS;
    isCalled = true;
    return { errorCode };
  });
  const { share, started } = open({ protocol: 'classic' });
  await started;
  await until(() => said.length === 3);
  t.same(said, ['change 0,1,2', 'change 0', 'change 0,3']);
  t.equal(broker.count(joinGroup), 4, 'the first of which brought the id');
  await share.close();
});

for (const [error, isKnown] of [
  ['ILLEGAL_GENERATION', true],
  ['UNKNOWN_MEMBER_ID', false],
] as const)
  t.test(`classic: ${error} drops everything, and the member joins again`, async (t) => {
    const { broker, open, said, until } = await start(t);
    leads(broker, () => [2]);
    let isFenced = false;
    broker.on(heartbeat, () => {
      const errorCode = isFenced ? NO_ERROR : KAFKA_ERROR[error];
      isFenced = true;
      return { errorCode };
    });
    const { share, started } = open({ protocol: 'classic' });
    await started;
    await until(() => said.length === 3);
    t.same(said, ['change 2', 'lost', 'change 2']);
    t.equal(broker.count(joinGroup), isKnown ? 3 : 4);
    await share.close();
  });

t.test('classic: whoever has the name of this process has taken its place for good', async (t) => {
  const { broker, open, said, until } = await start(t);
  leads(broker, () => [2]);
  broker.on(heartbeat, () => ({ errorCode: KAFKA_ERROR.FENCED_INSTANCE_ID }));
  const { share, started } = open({ protocol: 'classic', instanceId: 'one' });
  await started;
  await until(() => said.length === 2);
  const joins = broker.count(joinGroup);
  await share.close();
  t.same(said, ['change 2', 'lost']);
  t.equal(broker.count(joinGroup), joins);
  t.equal(broker.count(leaveGroup), 0, 'a static member does not leave');
});

t.test('classic: no word for a session drops everything, though nobody has said so', async (t) => {
  const { broker, open, said, until } = await start(t);
  leads(broker, () => [2]);
  broker.on(heartbeat, () => false);
  const { share, started } = open({ protocol: 'classic', sessionTimeoutMs: 60, requestTimeoutMs: 100 });
  await started;
  await until(() => said.length >= 2);
  t.same(said.slice(0, 2), ['change 2', 'lost']);
  await share.close();
});
