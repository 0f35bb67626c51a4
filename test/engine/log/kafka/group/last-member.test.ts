/** The place of a process that could not leave: it is given up by the one that comes after it. */
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../../../engine/index.ts';
import { Cluster, KAFKA_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { GroupCoordinator } from '../../../../../engine/log/kafka/group/coordinator.ts';
import { leaveFor } from '../../../../../engine/log/kafka/group/last-member.ts';
import { openKafkaShare } from '../../../../../engine/log/kafka/index.ts';
import {
  consumerGroupHeartbeat,
  findCoordinator,
  type LeaveGroupRequest,
  leaveGroup,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { ManualClock } from '../../manual-clock.ts';
import { FakeBroker, topicIdOf } from '../fake-broker.ts';

const TOPIC = 'frames';
const GROUP = 'g';
const REQUEST_MS_MAX = 60_000;

async function start(t: Test) {
  const broker = await FakeBroker.start();
  t.teardown(() => broker.stop());
  broker.leads(TOPIC, [0, 0], [broker]);
  broker.features.set('group.version', 1);
  broker.on(findCoordinator, ({ coordinatorKeys: [key] }) => ({
    coordinators: [{ key, nodeId: 0, host: '127.0.0.1', port: broker.port }],
  }));
  return broker;
}

function coordinatorOf(t: Test, broker: FakeBroker, clock: Clock = systemClock): GroupCoordinator {
  const cluster = new Cluster({
    ...{ bootstrap: [broker.bootstrap], clientId: 'test', clock },
    ...{ requestTimeoutMs: REQUEST_MS_MAX, retryMsMax: 50, network: undefined, tls: undefined, sasl: undefined },
  });
  t.teardown(() => cluster.close());
  return new GroupCoordinator(cluster, GROUP);
}

const requestsOf = (broker: FakeBroker, { apiKey }: { readonly apiKey: number }) =>
  broker.asked.filter((asked) => asked.apiKey === apiKey).map(({ request }) => request);
const refused = () => ({ errorCode: KAFKA_ERROR.UNKNOWN_MEMBER_ID });
const granted = () => ({ errorCode: 0 });

t.test('by the newer protocol the member leaves, and that is all', async (t) => {
  const broker = await start(t);
  broker.on(consumerGroupHeartbeat, granted);
  await leaveFor('dead', coordinatorOf(t, broker), GROUP, null);
  t.match(requestsOf(broker, consumerGroupHeartbeat), [
    { groupId: GROUP, memberId: 'dead', memberEpoch: -1, instanceId: null },
  ]);
  t.equal(broker.count(leaveGroup), 0);
});

t.test('who has a name of its own leaves for a while only, so that its partitions wait for it', async (t) => {
  const broker = await start(t);
  broker.on(consumerGroupHeartbeat, granted);
  await leaveFor('dead', coordinatorOf(t, broker), GROUP, 'one');
  t.match(requestsOf(broker, consumerGroupHeartbeat), [{ memberId: 'dead', memberEpoch: -2, instanceId: 'one' }]);
});

t.test('one that the newer protocol does not know leaves by the classic one', async (t) => {
  const broker = await start(t);
  broker.on(consumerGroupHeartbeat, refused);
  await leaveFor('dead', coordinatorOf(t, broker), GROUP, null);
  t.match(requestsOf(broker, leaveGroup), [{ groupId: GROUP, members: [{ memberId: 'dead' }] }]);
});

t.test('but not under its name, which whoever joins by the classic protocol takes over', async (t) => {
  const broker = await start(t);
  broker.on(consumerGroupHeartbeat, refused);
  await leaveFor('dead', coordinatorOf(t, broker), GROUP, 'one');
  t.equal(broker.count(leaveGroup), 0);
});

t.test('a coordinator that stays silent holds nobody up', async (t) => {
  const broker = await start(t);
  const clock = new ManualClock();
  const asked = (message: typeof consumerGroupHeartbeat | typeof leaveGroup) =>
    new Promise<void>((resolve) => {
      broker.on(message as typeof leaveGroup, () => {
        resolve();
        return false;
      });
    });
  const questions = [asked(consumerGroupHeartbeat), asked(leaveGroup)];
  const over = leaveFor('dead', coordinatorOf(t, broker, clock), GROUP, null);
  for (const question of questions) {
    await question;
    clock.advance(REQUEST_MS_MAX);
  }
  await over;
  t.match(requestsOf(broker, leaveGroup) as LeaveGroupRequest[], [{ members: [{ memberId: 'dead' }] }]);
});

/** A coordinator that gives whoever joins everything. `joined` is told of its member id. */
function givesAll(broker: FakeBroker, joined: (memberId: string) => void): void {
  broker.on(consumerGroupHeartbeat, ({ memberId, memberEpoch }) => {
    if (memberEpoch === 0) joined(memberId);
    const topicPartitions = [{ topicId: topicIdOf(TOPIC), partitions: [0, 1] }];
    const assignment = memberEpoch === 0 ? { topicPartitions } : null;
    return { memberEpoch: memberEpoch < 0 ? memberEpoch : 1, heartbeatIntervalMs: 5, assignment };
  });
}

t.test('a share notes its member before the group knows it, leaves for the last one, and ends the note', async (t) => {
  const broker = await start(t);
  const noted: (string | null)[] = [];
  const joins: boolean[] = [];
  givesAll(broker, (memberId) => joins.push(noted.at(-1) === memberId));
  const lastMember = { load: () => 'dead', save: (memberId: string | null) => void noted.push(memberId) };
  const share = openKafkaShare({ bootstrap: [broker.bootstrap], topic: TOPIC, group: GROUP, lastMember });
  await share.start({ change: async () => {}, lost: () => {} });
  t.match(requestsOf(broker, consumerGroupHeartbeat)[0], { memberId: 'dead', memberEpoch: -1 }, 'first of all');
  t.same(joins, [true]);
  await share.close();
  t.equal(noted.at(-1), null);
});

t.test('where nobody was, nobody takes leave', async (t) => {
  const broker = await start(t);
  givesAll(broker, () => {});
  const lastMember = { load: () => null, save: () => {} };
  const share = openKafkaShare({ bootstrap: [broker.bootstrap], topic: TOPIC, group: GROUP, lastMember });
  await share.start({ change: async () => {}, lost: () => {} });
  t.match(requestsOf(broker, consumerGroupHeartbeat)[0], { memberEpoch: 0 });
  await share.close();
});
