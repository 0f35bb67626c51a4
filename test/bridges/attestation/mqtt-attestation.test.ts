/** Attestation over MQTT: least privilege, one open challenge, and a quarantine that still lets a device prove itself. */
import type { Packet } from 'mqtt-packet';
import t from 'tap';
import { ChallengeDesk, TrustBoard } from '../../../bridges/attestation/index.ts';
import { EVIDENCE_RATE } from '../../../bridges/intake/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { EVIDENCE_BYTES_MAX } from '../../../schemas/attestation/index.ts';
import { ATTEST_EVIDENCE } from '../../../schemas/topics/index.ts';
import { fixture } from '../bridge-fixture.ts';
import { connectPacket, publishPacket, RawClient } from '../mqtt/raw-client.ts';
import { challenge, evidence, RingingClock } from './attestation-fixture.ts';

type Test = Pick<typeof t, 'teardown'>;
type Publish = Extract<Packet, { cmd: 'publish' }>;

async function start(t: Test) {
  const clock = new RingingClock();
  const desk = new ChallengeDesk(clock);
  const trust = new TrustBoard();
  const barredOf = (deviceId: string) => trust.stateOf(deviceId);
  const parts = fixture({ clock, attestation: { topic: ATTEST_EVIDENCE, barredOf } });
  const bridge = await MqttBridge.open({ intake: parts.intake, port: 0, attestation: { desk, trust } });
  t.teardown(() => bridge.close());
  const device = async (deviceId: string): Promise<RawClient> => {
    const made = new RawClient(bridge.port);
    t.teardown(() => made.end());
    made.send(connectPacket(deviceId));
    await made.received(1);
    return made;
  };
  return { ...parts, clock, desk, trust, bridge, device };
}

const subscribe = (topic: string, qos: 0 | 1 = 1): Packet => ({
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: [{ topic, qos }],
});
const challenged = async (client: RawClient, deviceId: string) => {
  client.send(subscribe(`devices/${deviceId}/attest/challenge`));
  await client.received(2);
};
const proof = (deviceId: string, messageId: number, payload: Uint8Array): Packet => ({
  ...(publishPacket(deviceId, messageId, '') as Publish),
  topic: `devices/${deviceId}/attest/evidence`,
  payload: Buffer.from(payload),
});
const published = (client: RawClient) => client.packets.filter((packet): packet is Publish => packet.cmd === 'publish');

void t.test(
  'a device is challenged over its session at QoS 1, with the very bytes, late subscribers at once',
  async (t) => {
    const { desk, device } = await start(t);
    desk.take('meter-1', challenge(1));
    const client = await device('meter-1');
    await challenged(client, 'meter-1');
    await client.received(3);
    client.send({ cmd: 'puback', messageId: published(client)[0]!.messageId! });
    desk.take('meter-2', challenge(7));
    desk.take('meter-1', challenge(2));
    await client.received(4);
    t.same(
      published(client).map(({ topic, qos, retain, payload }) => [topic, qos, retain, Buffer.from(payload)]),
      [1, 2].map((id) => ['devices/meter-1/attest/challenge', 1, false, Buffer.from(challenge(id))]),
    );
    client.send({ cmd: 'pingreq' });
    await client.received(5);
  },
);

void t.test('nobody subscribes to the challenges of another device, nor publishes its evidence', async (t) => {
  const { desk, device, log } = await start(t);
  const client = await device('meter-1');
  for (const topic of ['devices/meter-2/attest/challenge', 'devices/+/attest/challenge', 'devices/#']) {
    client.send(subscribe(topic));
    const before = client.packets.length;
    const packets = await client.received(before + 1);
    t.match(packets.at(-1), { cmd: 'suback', granted: [128] }, topic);
  }
  desk.take('meter-2', challenge(1));
  client.send(proof('meter-2', 5, evidence(1)), { ...proof('meter-1', 6, evidence(1)) });
  await client.received(6);
  t.same(
    log.stored.map(({ key, topic }) => [key, topic]),
    [['meter-1', ATTEST_EVIDENCE]],
  );
  t.same(published(client), []);
});

void t.test('an unsubscribed device is left alone', async (t) => {
  const { desk, device } = await start(t);
  const client = await device('meter-1');
  await challenged(client, 'meter-1');
  client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['devices/meter-1/attest/challenge'] });
  await client.received(3);
  desk.take('meter-1', challenge(1));
  client.send({ cmd: 'pingreq' });
  await client.received(4);
  t.same(published(client), []);
});

void t.test('evidence is acknowledged once it is durable, behind its kind byte, with the time it came', async (t) => {
  const { device, log, clock } = await start(t);
  log.isPrompt = false;
  const client = await device('meter-1');
  client.send(proof('meter-1', 9, evidence(4)));
  await log.arrived(1);
  t.equal(client.packets.length, 1);
  log.settle();
  await client.received(2);
  t.match(client.packets[1], { cmd: 'puback', messageId: 9 });
  const [stored] = log.stored;
  t.same(stored?.value, Buffer.concat([Buffer.of(1), evidence(4)]));
  t.same([stored?.key, stored?.timestampMs], ['meter-1', clock.nowMs]);
});

void t.test('the largest evidence passes, a larger frame still does not', async (t) => {
  const { device, log } = await start(t);
  const client = await device('meter-1');
  const largest = evidence(1, EVIDENCE_BYTES_MAX - evidence(1, 0).length);
  client.send(proof('meter-1', 1, largest), publishPacket('meter-1', 2, 'x'.repeat(200_000)));
  await client.received(3);
  t.same(
    log.stored.map(({ topic, value }) => [topic, value.length]),
    [[ATTEST_EVIDENCE, EVIDENCE_BYTES_MAX + 1]],
  );
});

void t.test('what is no evidence is acknowledged, told, and not stored', async (t) => {
  const { device, log, intake } = await start(t);
  const client = await device('meter-1');
  client.send(subscribe('devices/meter-1/notices'));
  await client.received(2);
  client.send(proof('meter-1', 3, Buffer.from('nonsense')));
  await client.received(4);
  const notice = JSON.parse(published(client)[0]!.payload.toString()) as { code: string; messageId: number };
  t.same([notice.code, notice.messageId], ['EVIDENCE_INVALID', 3]);
  t.same(log.stored, []);
  t.equal(intake.counts().refusedFrames.EVIDENCE_INVALID, 1);
});

void t.test(
  'in quarantine no data is taken, yet the same connection proves the device; then it sends again',
  async (t) => {
    const { desk, trust, device, log } = await start(t);
    const client = await device('meter-1');
    await challenged(client, 'meter-1');
    client.send(subscribe('devices/meter-1/notices'), publishPacket('meter-1', 1, 'before'));
    await client.received(4);
    trust.take({ device: 'meter-1', state: 'quarantined' });
    client.send(
      publishPacket('meter-1', 2, 'in quarantine'),
      publishPacket('meter-1', 3, 'in quarantine, too', { qos: 2 }),
    );
    await client.received(5);
    t.match(JSON.parse(published(client)[0]!.payload.toString()), { code: 'ATTESTATION_REQUIRED', messageId: 2 });
    desk.take('meter-1', challenge(1));
    await client.received(6);
    client.send(proof('meter-1', 4, evidence(1)));
    await client.received(7);
    t.match(client.packets.at(-1), { cmd: 'puback', messageId: 4 });
    t.same(
      log.stored.map(({ topic }) => topic),
      ['device.frames', ATTEST_EVIDENCE],
    );
    trust.take({ device: 'meter-1', state: 'trusted' });
    await client.closed;
    t.same(
      client.packets.filter(({ cmd }) => cmd === 'puback' || cmd === 'pubrec').map(({ messageId }) => messageId),
      [1, 4],
      'what was not taken was not acknowledged',
    );
    const again = await device('meter-1');
    again.send(publishPacket('meter-1', 2, 'in quarantine', { dup: true }));
    await again.received(2);
    t.match(again.packets[1], { cmd: 'puback', messageId: 2 });
  },
);

void t.test('a device in quarantine that sent no data keeps its connection when it is trusted again', async (t) => {
  const { trust, device } = await start(t);
  trust.take({ device: 'meter-1', state: 'quarantined' });
  const client = await device('meter-1');
  await challenged(client, 'meter-1');
  trust.take({ device: 'meter-1', state: 'trusted' });
  client.send(publishPacket('meter-1', 2, 'data'));
  await client.received(3);
  t.match(client.packets[2], { cmd: 'puback', messageId: 2 });
});

void t.test('a revoked device gets no connection, and loses the one that it has with its next message', async (t) => {
  const { trust, device } = await start(t);
  const client = await device('meter-1');
  trust.take({ device: 'meter-1', state: 'revoked' });
  client.send(proof('meter-1', 1, evidence(1)));
  await client.closed;
  const refused = await device('meter-1');
  t.match(refused.packets[0], { cmd: 'connack', returnCode: 4 });
});

void t.test('evidence has a rate of its own, which data does not use up', async (t) => {
  const { device, log } = await start(t);
  const { burst } = EVIDENCE_RATE;
  const client = await device('meter-1');
  for (let i = 1; i <= burst + 1; i++) {
    client.send(proof('meter-1', i, evidence(i)));
    if (i <= burst) await client.received(1 + i);
  }
  await client.closed;
  t.equal(log.stored.length, burst);
  const again = await device('meter-1');
  again.send(publishPacket('meter-1', 1, 'data'));
  await again.received(2);
  t.equal(log.stored.length, burst + 1);
});

void t.test('where devices are not attested its topics are refused', async (t) => {
  const parts = fixture();
  const bridge = await MqttBridge.open({ intake: parts.intake, port: 0 });
  t.teardown(() => bridge.close());
  const client = new RawClient(bridge.port);
  t.teardown(() => client.end());
  client.send(
    connectPacket('meter-1'),
    subscribe('devices/meter-1/attest/challenge'),
    proof('meter-1', 2, evidence(1)),
  );
  await client.received(3);
  t.match(client.packets[1], { cmd: 'suback', granted: [128] });
  t.same(parts.log.stored, []);
});
