/** What a device tells over MQTT of who has served it. */
import t from 'tap';
import { InteractionDoor } from '../../../bridges/intake/index.ts';
import { MsecError } from '../../../engine/index.ts';
import { fixture, MemoryLog, quotaExceeded } from '../bridge-fixture.ts';
import { noticeIn, start } from './mqtt-fixture.ts';
import type { RawClient } from './raw-client.ts';

type Test = Parameters<typeof start>[0];

async function city(t: Test) {
  const log = new MemoryLog();
  const parts = fixture();
  const judges: string[] = [];
  const interactions = new InteractionDoor({
    ...{ topic: 'trust.interactions', partitions: 2, appender: log, clock: parts.clock },
    form: (trustor, told) => {
      judges.push(trustor);
      if (told === 'bad') throw new MsecError('INTERACTION_INVALID', 'it is bad', { field: 'weight' });
      if (told === 'bug') throw new TypeError('a bug');
      return { id: String(told), key: Buffer.from(String(told)), value: Buffer.from([1]) };
    },
  });
  return { ...(await start(t, {}, parts, { interactions })), told: log, judges };
}

const tell = (messageId: number, value: unknown, deviceId = 'meter-1') => ({
  ...{ cmd: 'publish' as const, topic: `devices/${deviceId}/interactions`, messageId, qos: 1 as const },
  ...{ dup: false, retain: false, payload: Buffer.from(JSON.stringify(value)) },
});
const acknowledged = (client: RawClient) =>
  client.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.messageId] : []));

void t.test('an interaction is acknowledged once it is durable, and the device itself judges', async (t) => {
  const { device, told, judges, log } = await city(t);
  told.isPrompt = false;
  const client = await device('meter-1');
  client.send(tell(4, 'bob'), { cmd: 'pingreq' });
  await told.arrived(1);
  await client.received(2);
  t.same(acknowledged(client), []);
  told.settle();
  await client.received(3);
  t.same(acknowledged(client), [4]);
  t.match(told.stored, [{ topic: 'trust.interactions', key: 'bob' }]);
  t.same(judges, ['meter-1']);
  t.same(log.stored, [], 'it is no frame');
});

void t.test('what never counts is acknowledged with a notice, and the rest of a list is kept', async (t) => {
  const { device, told, refused } = await city(t);
  const client = await device('meter-1', true);
  client.send(tell(5, ['bob', 'bad', 'cid']), tell(6, 'dan'));
  await client.received(5);
  t.same(acknowledged(client), [5, 6]);
  t.match(noticeIn(client), { code: 'INTERACTION_INVALID', messageId: 5, message: /1 of 3 are refused.*it is bad/ });
  t.same(
    told.stored.map(({ key }) => key),
    ['bob', 'cid', 'dan'],
  );
  t.same(refused, ['INTERACTION_INVALID']);
});

void t.test('what may pass later is not acknowledged, and the connection closes', async (t) => {
  for (const value of ['bob', ['bad', 'bob'], 'bug']) {
    const { device, told } = await city(t);
    told.isPrompt = false;
    const client = await device('meter-1', true);
    client.send(tell(7, value));
    if (value !== 'bug') {
      await told.arrived(1);
      told.fail(quotaExceeded());
    }
    await client.closed;
    t.same(acknowledged(client), [], JSON.stringify(value));
  }
});

void t.test('in the name of another device nothing is told, and nothing where no trust is kept', async (t) => {
  const { device, told } = await city(t);
  const client = await device('meter-1', true);
  client.send(tell(8, 'bob', 'meter-2'));
  await client.received(4);
  t.match(noticeIn(client), { code: 'TOPIC_REFUSED' });
  t.same(told.stored, []);
  const other = await (await start(t)).device('meter-1', true);
  other.send(tell(8, 'bob'));
  await other.received(4);
  t.match(noticeIn(other), { code: 'TOPIC_REFUSED' });
});
