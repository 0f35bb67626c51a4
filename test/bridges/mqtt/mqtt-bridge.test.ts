import t from 'tap';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { fixture, quotaExceeded } from '../bridge-fixture.ts';
import { names, noticeIn, start } from './mqtt-fixture.ts';
import { connectPacket, publishPacket } from './raw-client.ts';

void t.test('QoS 1 is acknowledged once the frame is durable, and not before', async (t) => {
  const { log, device } = await start(t);
  log.isPrompt = false;
  const client = await device('meter-1');
  client.send(publishPacket('meter-1', 7, 'frame'), { cmd: 'pingreq' });
  await log.arrived(1);
  // The answer to the ping, which was sent later, is there: the acknowledgement would be too.
  await client.received(2);
  t.same(names(client), ['connack', 'pingresp']);
  log.settle();
  await client.received(3);
  t.match(client.packets[2], { cmd: 'puback', messageId: 7 });
  t.match(log.stored, [{ key: 'meter-1' }]);
  t.equal(log.stored[0]?.value.toString('latin1', 1), 'frame');
});

void t.test(
  'frames of one connection are stored in the order they came, also when sent before the CONNACK',
  async (t) => {
    const { log, client } = await start(t);
    const eager = client();
    const frames = Array.from({ length: 100 }, (_, i) => publishPacket('meter-1', i + 1, `frame ${i}`));
    eager.send(connectPacket('meter-1'), ...frames);
    await eager.received(101);
    t.same(
      log.stored.map(({ value }) => value.toString('latin1', 1)),
      frames.map((_, i) => `frame ${i}`),
    );
  },
);

void t.test('QoS 0 is stored without an answer, QoS 2 is received once it is durable', async (t) => {
  const { log, device } = await start(t);
  const client = await device('meter-1');
  client.send(publishPacket('meter-1', 0, 'zero', { qos: 0, messageId: undefined }));
  client.send(publishPacket('meter-1', 9, 'two', { qos: 2 }));
  await client.received(2);
  t.match(client.packets[1], { cmd: 'pubrec', messageId: 9 });
  client.send({ cmd: 'pubrel', messageId: 9 });
  await client.received(3);
  t.match(client.packets[2], { cmd: 'pubcomp', messageId: 9 });
  t.same(
    log.stored.map(({ value }) => value.toString('latin1', 1)),
    ['zero', 'two'],
  );
});

void t.test('a lasting refusal is acknowledged in its turn, with the reason as a notice', async (t) => {
  const { log, device } = await start(t, {}, fixture({ limits: { frameBytesMax: 3 } }));
  const client = await device('meter-1', true);
  client.send(...['one', 'four', 'six'].map((frame, i) => publishPacket('meter-1', 4 + i, frame)));
  await client.received(6);
  t.same(
    client.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.messageId] : [])),
    [4, 5, 6],
  );
  t.match(noticeIn(client), { code: 'FRAME_TOO_LARGE', messageId: 5, message: /4 bytes/ });
  t.equal(log.stored.length, 2);
});

void t.test(
  'a refusal that may pass is not acknowledged: notice, then the connection closes, and nothing sent after it is taken',
  async (t) => {
    for (const code of ['QUOTA_EXCEEDED', 'RATE_LIMITED'] as const) {
      const parts = fixture(code === 'RATE_LIMITED' ? { limits: { rate: { perSecond: 1, burst: 1 } } } : {});
      const { log, device, bridge } = await start(t, {}, parts);
      log.isPrompt = false;
      const client = await device('meter-1', true);
      client.send(publishPacket('meter-1', 5, 'a'), publishPacket('meter-1', 6, 'b'));
      await log.arrived(1);
      if (code === 'QUOTA_EXCEEDED') log.fail(quotaExceeded());
      else log.settle();
      await client.closed;
      t.notOk(client.packets.some((packet) => packet.cmd === 'puback' && packet.messageId === 6));
      t.match(noticeIn(client), { code });
      t.type(noticeIn(client).retryAfterMs, 'number');
      log.settle();
      t.equal(bridge.counts().pendingFrames, 0);
    }
  },
);

void t.test('other topics and retained messages are refused, and nobody hears of them', async (t) => {
  const { log, device, refused } = await start(t);
  const other = await device('meter-2', true);
  const client = await device('meter-1', true);
  client.send(
    publishPacket('meter-1', 5, 'x', { topic: 'devices/meter-2/frames' }),
    publishPacket('meter-1', 6, 'x', { topic: 'devices/meter-2/notices' }),
    publishPacket('meter-1', 7, 'x', { retain: true }),
    publishPacket('meter-1', 8, 'x', { topic: '$SYS/x' }),
  );
  await client.received(10);
  t.equal(names(client).filter((name) => name === 'puback').length, 4);
  t.match(noticeIn(client), { code: 'TOPIC_REFUSED', message: 'publish to devices/meter-1/frames' });
  t.equal(log.stored.length, 0);
  t.same(refused, Array(4).fill('TOPIC_REFUSED'), 'but the operator does');
  other.send({ cmd: 'pingreq' });
  await other.received(3);
  t.same(names(other), ['connack', 'suback', 'pingresp']);
});

void t.test('a device may subscribe to its own notices alone', async (t) => {
  const { device } = await start(t);
  const client = await device('meter-1');
  const topics = ['devices/meter-2/notices', '#', 'devices/+/notices', '$SYS/#', 'devices/meter-1/notices'];
  client.send({ cmd: 'subscribe', messageId: 3, subscriptions: topics.map((topic) => ({ topic, qos: 2 as const })) });
  await client.received(2);
  t.match(client.packets[1], { cmd: 'suback', granted: [128, 128, 128, 128, 2] });
  client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['devices/meter-1/notices'] });
  await client.received(3);
  client.send(publishPacket('meter-1', 5, 'x', { retain: true }));
  await client.received(4);
  t.same(names(client), ['connack', 'suback', 'unsuback', 'puback']);
});

void t.test('close acknowledges what is on its way, then closes the connections', async (t) => {
  const { log, device, bridge } = await start(t);
  log.isPrompt = false;
  const client = await device('meter-1');
  client.send(publishPacket('meter-1', 1, 'x'));
  await log.arrived(1);
  const closed = bridge.close();
  log.settle();
  await closed;
  await client.closed;
  t.same(names(client), ['connack', 'puback']);
});

void t.test('a port that is taken is an error of open', async (t) => {
  const { bridge, intake } = await start(t);
  await t.rejects(MqttBridge.open({ intake, port: bridge.port }), { code: 'EADDRINUSE' });
});
