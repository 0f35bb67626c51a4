import t from 'tap';
import { fixture } from '../bridge-fixture.ts';
import { names, noticeIn, start } from './mqtt-fixture.ts';
import { connectPacket, publishPacket } from './raw-client.ts';

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
