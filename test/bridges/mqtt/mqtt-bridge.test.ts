import t from 'tap';
import { type ConnectionRefused, MqttBridge, type MqttLimits } from '../../../bridges/mqtt/index.ts';
import { type Fixture, fixture, quotaExceeded } from '../bridge-fixture.ts';
import { connectPacket, publishPacket, RawClient } from './raw-client.ts';

type Test = Pick<typeof t, 'teardown'>;

async function start(t: Test, limits: Partial<MqttLimits> = {}, parts: Fixture = fixture()) {
  const events: ConnectionRefused[] = [];
  const bridge = await MqttBridge.open({
    intake: parts.intake,
    port: 0,
    limits,
    onEvent: (event) => events.push(event),
  });
  t.teardown(() => bridge.close());
  const client = (): RawClient => {
    const made = new RawClient(bridge.port);
    t.teardown(() => made.end());
    return made;
  };
  /** A client that is connected and, with `notices`, subscribed. */
  const device = async (deviceId: string, notices = false): Promise<RawClient> => {
    const made = client();
    made.send(connectPacket(deviceId));
    await made.received(1);
    if (notices) {
      made.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `devices/${deviceId}/notices`, qos: 1 }] });
      await made.received(2);
    }
    return made;
  };
  return { ...parts, bridge, events, client, device };
}

const names = (client: RawClient) => client.packets.map((packet) => packet.cmd);
const noticeIn = (client: RawClient) => {
  const packet = client.packets.find(({ cmd }) => cmd === 'publish');
  return packet?.cmd === 'publish' ? JSON.parse(packet.payload.toString()) : undefined;
};

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
  const { log, device } = await start(t);
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

void t.test('who does not authenticate gets one and the same answer', async (t) => {
  const { client, directory, events, bridge } = await start(t);
  directory.add('gone', { state: 'revoked' });
  for (const more of [
    { username: 'meter-1', password: Buffer.from('wrong') },
    { username: 'nobody', password: Buffer.from('token-of-nobody') },
    { username: 'gone', password: Buffer.from('token-of-gone') },
    { username: 'meter-1', password: undefined },
    { username: undefined, password: undefined },
    { username: 'meter-1', password: Buffer.alloc(300) },
    { username: '../x', password: Buffer.from('x') },
  ]) {
    const stranger = client();
    stranger.send(connectPacket('meter-1', more));
    await stranger.closed;
    t.match(stranger.packets, [{ cmd: 'connack', returnCode: 4, sessionPresent: false }]);
    t.equal(stranger.packets.length, 1);
  }
  t.same(new Set(events.map(({ code }) => code)), new Set(['NOT_AUTHENTICATED', 'REQUEST_INVALID']));
  t.ok(bridge.counts().refusedConnections >= 7);
});

void t.test('no device can take over the connection of another by its client id', async (t) => {
  const { log, device, client } = await start(t);
  const victim = await device('meter-1');
  const thief = client();
  thief.send(connectPacket('meter-2', { clientId: 'meter-1' }));
  await thief.received(1);
  victim.send(publishPacket('meter-1', 1, 'still here'));
  await victim.received(2);
  t.match(log.stored, [{ key: 'meter-1' }]);
});

void t.test('a device that connects again under the same client id replaces its own connection', async (t) => {
  const { device } = await start(t);
  const first = await device('meter-1');
  const second = await device('meter-1');
  await first.closed;
  second.send({ cmd: 'pingreq' });
  await second.received(2);
});

void t.test('connections are limited for each device, and freed when they end', async (t) => {
  const { client } = await start(t, { connectionsPerDeviceMax: 1 });
  const open = async (clientId: string) => {
    const made = client();
    made.send(connectPacket('meter-1', { clientId }));
    await made.received(1);
    return made;
  };
  const first = await open('a');
  const second = await open('b');
  t.match(second.packets[0], { cmd: 'connack', returnCode: 3 });
  await second.closed;
  await first.end();
  for (;;) {
    const third = await open('c');
    const [connack] = third.packets;
    if (connack?.cmd === 'connack' && connack.returnCode === 0) break;
    await third.closed;
  }
  t.pass('the place was given back');
});

void t.test('wills, MQTT 5 and a second CONNECT are refused', async (t) => {
  const { client, device } = await start(t);
  const testator = client();
  testator.send(
    connectPacket('meter-1', {
      will: { topic: 'devices/meter-1/frames', payload: Buffer.from('x'), qos: 0, retain: false },
    }),
  );
  await testator.closed;
  t.match(testator.packets, [{ cmd: 'connack', returnCode: 5 }]);
  const modern = client();
  modern.send(connectPacket('meter-1', { protocolVersion: 5 }));
  await modern.closed;
  const twice = await device('meter-1');
  twice.send(connectPacket('meter-1'));
  await twice.closed;
});

void t.test('a packet above the limit closes the connection before it has come', async (t) => {
  const { client, device, events } = await start(t, { packetBytesMax: 1000 });
  const stranger = client();
  stranger.socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
  await stranger.closed;
  const known = await device('meter-1');
  known.socket.write(Buffer.from([0x32, 0xff, 0x7f]));
  await known.closed;
  t.match(events, [{ reason: 'PACKET_TOO_LARGE' }, { reason: 'PACKET_TOO_LARGE' }]);
});

void t.test('a connection that sends no CONNECT in time, or only a part of it, is closed', async (t) => {
  const { client } = await start(t, { connectTimeoutMs: 50 });
  const silent = client();
  const slow = client();
  slow.socket.write(Buffer.from([0x10, 0x40, 0x00]));
  await Promise.all([silent.closed, slow.closed]);
  t.pass();
});

void t.test('a client that asks for no keep-alive is dropped in silence all the same', async (t) => {
  const { client } = await start(t, { keepAliveSecMax: 0.1 });
  const silent = client();
  silent.send(connectPacket('meter-1', { keepalive: 0 }));
  await silent.closed;
  t.match(silent.packets, [{ cmd: 'connack', returnCode: 0 }]);
});

void t.test('connections above the limit are not taken', async (t) => {
  const { device, client, events } = await start(t, { connectionsMax: 1 });
  await device('meter-1');
  const second = client();
  await second.closed;
  t.match(events, [{ code: 'INTAKE_BUSY' }]);
});

void t.test('a revoked device loses its connection with its next frame', async (t) => {
  const { device, directory, log } = await start(t);
  const client = await device('meter-1', true);
  directory.add('meter-1', { state: 'revoked', revision: 2 });
  client.send(publishPacket('meter-1', 4, 'x'));
  await client.closed;
  t.match(noticeIn(client), { code: 'DEVICE_REVOKED' });
  t.notOk(names(client).includes('puback'));
  t.equal(log.stored.length, 0);
});

void t.test('reading stops while the intake has no room, and goes on', async (t) => {
  const parts = fixture({ limits: { inFlightMax: 8 } });
  const { log, device } = await start(t, {}, parts);
  log.isPrompt = false;
  const first = await device('meter-1');
  const second = await device('meter-2');
  first.send(...[1, 2, 3, 4].map((id) => publishPacket('meter-1', id, 'x')));
  await log.arrived(4);
  const whenRoom = parts.intake.whenRoom.bind(parts.intake);
  const stopped = new Promise<void>((resolve) => {
    parts.intake.whenRoom = (run) => {
      whenRoom(run);
      resolve();
    };
  });
  second.send(publishPacket('meter-2', 1, 'y'));
  await stopped;
  t.equal(log.waiting, 4);
  log.isPrompt = true;
  log.settle();
  await first.received(5);
  await second.received(2);
  t.equal(log.stored.length, 5);
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
