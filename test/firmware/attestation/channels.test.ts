/** Both channels against the bridges themselves. */
import fc from 'fast-check';
import t from 'tap';
import { ChallengeDesk, TrustBoard } from '../../../bridges/attestation/index.ts';
import { HttpBridge } from '../../../bridges/http/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { type AttestationChannel, HttpChannel, MqttChannel } from '../../../firmware/attestation/index.ts';
import { MqttReader } from '../../../firmware/attestation/mqtt-packets.ts';
import { ATTEST_EVIDENCE } from '../../../schemas/topics/index.ts';
import { challenge, evidence } from '../../bridges/attestation/attestation-fixture.ts';
import { fixture } from '../../bridges/bridge-fixture.ts';

type Kind = 'mqtt' | 'http';
const later = { deadlineMs: systemClock.now() + 3_600_000 };

async function bridgeOf(kind: Kind, port = 0) {
  const desk = new ChallengeDesk(systemClock);
  const trust = new TrustBoard();
  const barredOf = (deviceId: string) => trust.stateOf(deviceId);
  const parts = fixture({ attestation: { topic: ATTEST_EVIDENCE, barredOf } });
  const { intake } = parts;
  const bridge =
    kind === 'mqtt'
      ? await MqttBridge.open({ intake, port, attestation: { desk, trust } })
      : await HttpBridge.open({ intake, port, challenges: desk });
  return { ...parts, desk, trust, bridge };
}

const channelOf = (kind: Kind, port: number, token = 'token-of-meter-1'): AttestationChannel => {
  const credential = { deviceId: 'meter-1', token };
  if (kind === 'http') return new HttpChannel(`http://127.0.0.1:${port}/`, credential, systemClock);
  return new MqttChannel({ host: '127.0.0.1', port, isTls: false }, credential, systemClock);
};

for (const kind of ['mqtt', 'http'] as const) {
  void t.test(`${kind}: challenges come as they are, evidence is stored before it counts as sent`, async (t) => {
    const { desk, bridge, log } = await bridgeOf(kind);
    t.teardown(() => bridge.close());
    const channel = channelOf(kind, bridge.port);
    const got: Uint8Array[] = [];
    let wake: () => void = () => undefined;
    const stop = new AbortController();
    desk.take('meter-1', challenge(1, later));
    const arrived = (count: number) =>
      new Promise<void>((resolve) => {
        wake = () => {
          if (got.length >= count) resolve();
        };
        wake();
      });
    const running = channel.run(
      (bytes) => {
        got.push(bytes);
        wake();
      },
      (error) => t.fail(String(error)),
      stop.signal,
    );
    await arrived(1);
    desk.take('meter-1', challenge(2, later));
    await arrived(2);
    t.same(got, [challenge(1, later), challenge(2, later)]);
    log.isPrompt = false;
    const sending = channel.send(evidence(2, 200_000));
    await log.arrived(1);
    log.settle();
    t.equal(await sending, true);
    t.equal(log.stored[0]?.value.length, 1 + evidence(2, 200_000).length);
    stop.abort();
    await running;
  });

  void t.test(`${kind}: a bridge that was away is found again, and what it did not acknowledge is told`, async (t) => {
    const first = await bridgeOf(kind);
    const { port } = first.bridge;
    const channel = channelOf(kind, port);
    let wake: () => void = () => undefined;
    const stop = new AbortController();
    const troubles: unknown[] = [];
    const running = channel.run(
      () => wake(),
      (error) => troubles.push(error),
      stop.signal,
    );
    const one = new Promise<void>((resolve) => {
      wake = resolve;
    });
    first.desk.take('meter-1', challenge(1, later));
    await one;
    first.log.isPrompt = false;
    const unknown = channel.send(evidence(1));
    await first.log.arrived(1);
    const closed = first.bridge.close();
    if (kind === 'mqtt') first.log.fail(new Error('gone'));
    await t.rejects(unknown, { code: 'DEPENDENCY_DOWN' });
    if (kind === 'http') first.log.settle();
    await closed;
    const late = t.rejects(
      channel.send(evidence(1), () => true),
      { code: 'DEPENDENCY_DOWN' },
    );
    const second = await bridgeOf(kind, port);
    t.teardown(() => second.bridge.close());
    const two = new Promise<void>((resolve) => {
      wake = resolve;
    });
    second.desk.take('meter-1', challenge(2, later));
    await two;
    await late;
    t.equal(await channel.send(evidence(2)), true);
    t.equal(second.log.stored.length, 1, 'what would come too late is not sent');
    t.match(troubles[0], { code: 'DEPENDENCY_DOWN' });
    stop.abort();
    await running;
  });

  void t.test(`${kind}: a wrong token ends it, with words for a person`, async (t) => {
    const { bridge } = await bridgeOf(kind);
    t.teardown(() => bridge.close());
    const channel = channelOf(kind, bridge.port, 'wrong');
    const { signal } = new AbortController();
    const none = () => undefined;
    await t.rejects(channel.run(none, none, signal), { code: 'NOT_AUTHENTICATED', message: /token/ });
  });

  void t.test(`${kind}: a bridge that attests nobody is told as one`, async (t) => {
    const { intake } = fixture();
    const bridge =
      kind === 'mqtt' ? await MqttBridge.open({ intake, port: 0 }) : await HttpBridge.open({ intake, port: 0 });
    t.teardown(() => bridge.close());
    const { signal } = new AbortController();
    const none = () => undefined;
    const running = channelOf(kind, bridge.port).run(none, none, signal);
    await t.rejects(running, { code: 'CONFIG_INVALID', message: /attests no devices/ });
  });
}

void t.test('whatever a bridge sends, the reader neither throws nor reads what is not there', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom(0x20, 0x32, 0x40, 0x90), fc.uint8Array({ maxLength: 100 }))
      .map(([type, body]) => Uint8Array.from([type, body.length, ...body])),
  );
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 10 }), (chunks) => {
      const reader = new MqttReader();
      for (const chunk of chunks) {
        const isGood = reader.push(Buffer.from(chunk), (type, body) => {
          if (type === 0x40) body.readUInt16BE(0);
          if (type >> 4 === 3) body.readUInt16BE(0);
          if (type === 0x90 && body[2] === undefined) throw new Error('short');
        });
        if (!isGood) return true;
      }
      return true;
    }),
  );
});
