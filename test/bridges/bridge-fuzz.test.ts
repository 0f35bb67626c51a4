/** Arbitrary and almost right bytes on both ports: no crash, no frame that nobody sent, and good clients go on. */
import { connect } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import t from 'tap';
import { HttpBridge } from '../../bridges/http/index.ts';
import { MqttBridge } from '../../bridges/mqtt/index.ts';
import { type Random, randomBelow, seededRandom } from '../../engine/index.ts';
import { testSeed } from '../support/test-seed.ts';
import { fixture } from './bridge-fixture.ts';
import { connectPacket, publishPacket, RawClient } from './mqtt/raw-client.ts';

const seed = testSeed();
const CONNECTIONS = 400;

/** Sends and closes; resolves when the server has closed too. */
function throwAt(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}

function mutated(random: Random, good: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(good);
  const changes = 1 + randomBelow(random, 4);
  for (let i = 0; i < changes; i++) bytes[randomBelow(random, bytes.length)] = random.u32() & 0xff;
  return randomBelow(random, 3) === 0 ? bytes.subarray(0, randomBelow(random, bytes.length)) : bytes;
}

void t.test(`no bytes bring a bridge down (seed ${seed})`, async (t) => {
  const random = seededRandom(seed);
  const { intake, log } = fixture({ limits: { rate: { perSecond: 1e6, burst: 1e6 } } });
  const mqtt = await MqttBridge.open({ intake, port: 0, limits: { connectionsPerDeviceMax: 1000 } });
  const http = await HttpBridge.open({ intake, port: 0 });
  t.teardown(() => Promise.all([mqtt.close(), http.close()]));
  const packets: Packet[] = [
    connectPacket('meter-1'),
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'devices/meter-1/notices', qos: 0 }] },
    publishPacket('meter-1', 2, 'abc', { qos: 2 }),
    { cmd: 'pubrel', messageId: 2 },
    publishPacket('meter-1', 3, 'abc'),
    { cmd: 'pingreq' },
    { cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['devices/meter-1/notices'] },
    publishPacket('meter-1', 5, 'abc', { topic: 'a/'.repeat(200) }),
    { cmd: 'disconnect' },
  ];
  const session = Buffer.concat(packets.map((packet) => generate(packet)));
  const hello = generate(connectPacket('meter-1'));
  const post = Buffer.from(
    'POST /v1/frames/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer meter-1:token-of-meter-1\r\n' +
      'content-type: application/octet-stream\r\ncontent-length: 5\r\n\r\nMS\u0001\u0000\u0000',
    'latin1',
  );
  for (let i = 0; i < CONNECTIONS; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, () => {
        const noise = random.bytes(1 + randomBelow(random, 400));
        switch (randomBelow(random, 6)) {
          case 0:
            return throwAt(mqtt.port, noise);
          case 1:
            return throwAt(mqtt.port, Buffer.concat([hello, noise]));
          case 2:
          case 3:
            return throwAt(mqtt.port, mutated(random, session));
          case 4:
            return throwAt(http.port, noise);
          default:
            return throwAt(http.port, mutated(random, post));
        }
      }),
    );
  }
  t.same(
    log.stored.filter(({ key }) => key !== 'meter-1'),
    [],
    'nothing was stored under a name that did not authenticate',
  );
  const before = log.stored.length;
  const good = new RawClient(mqtt.port);
  good.send(connectPacket('meter-2'), publishPacket('meter-2', 1, 'good'));
  await good.received(2);
  t.equal(log.stored.length, before + 1);
  await good.end();
  t.equal(intake.counts().inFlightFrames, 0);
});
