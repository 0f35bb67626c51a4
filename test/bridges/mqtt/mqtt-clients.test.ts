/** Clients that are not ours: Mosquitto's, and the mqtt package with its resending. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import t from 'tap';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { needs, programPath } from '../../support/needs.ts';
import { type Fixture, fixture, PATIENCE_MS, quotaExceeded } from '../bridge-fixture.ts';

async function start(t: { teardown(run: () => unknown): void }, parts: Fixture = fixture()) {
  const bridge = await MqttBridge.open({ intake: parts.intake, port: 0, limits: { connectTimeoutMs: PATIENCE_MS } });
  t.teardown(() => bridge.close());
  const credential = ['-h', '127.0.0.1', '-p', String(bridge.port), '-u', 'meter-1', '-P', 'token-of-meter-1'];
  const mosquittoPub = (...options: string[]) => {
    const run = promisify(execFile)(programPath('mosquitto_pub'), [...credential, ...options], { timeout: 120_000 });
    return { run, stdin: run.child.stdin };
  };
  return { ...parts, bridge, credential, mosquittoPub };
}

const texts = ({ log }: Fixture) => log.stored.map(({ value }) => value.toString('latin1', 1));

void t.test('mosquitto_pub sends at each quality of service', async (t) => {
  if (!needs(t, 'mosquitto_pub')) return;
  const parts = await start(t);
  for (const qos of ['0', '1', '2']) {
    await parts.mosquittoPub('-t', 'devices/meter-1/frames', '-q', qos, '-m', `at ${qos}`).run;
  }
  t.same(texts(parts), ['at 0', 'at 1', 'at 2']);
});

void t.test('mosquitto_pub sends many lines over one connection, each stored once and in order', async (t) => {
  if (!needs(t, 'mosquitto_pub')) return;
  const parts = await start(t, fixture({ limits: { rate: { perSecond: 1e6, burst: 1e6 } } }));
  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
  const { run, stdin } = parts.mosquittoPub('-t', 'devices/meter-1/frames', '-q', '1', '-l');
  stdin?.end(`${lines.join('\n')}\n`);
  await run;
  t.same(texts(parts), lines);
});

void t.test('mosquitto_pub is told when its credential is wrong', async (t) => {
  if (!needs(t, 'mosquitto_pub')) return;
  const parts = await start(t);
  const { run } = parts.mosquittoPub('-P', 'wrong', '-t', 'devices/meter-1/frames', '-q', '1', '-m', 'x');
  const failed = await run.catch((error: { stderr: string }) => error);
  t.match(failed.stderr, /bad user name or password|not authori[sz]ed/i);
  t.equal(parts.log.stored.length, 0);
});

void t.test('mosquitto_sub shows the reason of a refusal', async (t) => {
  if (!needs(t, 'mosquitto_pub', 'mosquitto_sub')) return;
  const parts = await start(t, fixture({ limits: { frameBytesMax: 3 } }));
  const options = [...parts.credential, '-t', 'devices/meter-1/notices', '-C', '1', '-W', '300'];
  let isHeard = false;
  const heard = promisify(execFile)(programPath('mosquitto_sub'), options).finally(() => {
    isHeard = true;
  });
  // It does not say when it has subscribed, so the refusal is provoked until it hears of one.
  while (!isHeard) {
    await parts.mosquittoPub('-t', 'devices/meter-1/frames', '-q', '1', '-m', 'much too long').run;
  }
  t.match(JSON.parse((await heard).stdout), { code: 'FRAME_TOO_LARGE', message: /13 bytes/ });
});

void t.test('the mqtt package sends again what was not acknowledged, until it is', async (t) => {
  const parts = await start(t);
  const client = await connectAsync(`mqtt://127.0.0.1:${parts.bridge.port}`, {
    username: 'meter-1',
    password: 'token-of-meter-1',
    protocolVersion: 4,
    reconnectPeriod: 1,
  });
  t.teardown(() => client.endAsync(true));
  parts.log.isPrompt = false;
  const published = Promise.all(
    [1, 2, 3].map((i) => client.publishAsync('devices/meter-1/frames', `frame ${i}`, { qos: 1 })),
  );
  await parts.log.arrived(3);
  parts.log.fail(quotaExceeded());
  parts.log.isPrompt = true;
  await published;
  t.same(new Set(texts(parts)), new Set(['frame 1', 'frame 2', 'frame 3']));
});
