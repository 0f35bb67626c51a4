/** A bridge that is told to close does not wait for connections that never said anything. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { HttpBridge } from '../../bridges/http/index.ts';
import { MqttBridge } from '../../bridges/mqtt/index.ts';
import { fixture } from './bridge-fixture.ts';

/** An end by reset is an end too. */
function ended(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

/** Longer than this file may take: who waits for it fails. Node takes no more for headers than 300 s. */
const NEVER_MS = 300_000;
t.setTimeout(240_000);

const bridges = {
  http: () =>
    HttpBridge.open({
      intake: fixture().intake,
      port: 0,
      limits: { headersTimeoutMs: NEVER_MS, requestTimeoutMs: NEVER_MS },
    }),
  mqtt: () => MqttBridge.open({ intake: fixture().intake, port: 0, limits: { connectTimeoutMs: NEVER_MS } }),
};

for (const [name, open] of Object.entries(bridges))
  t.test(`${name}: silent connections end with the bridge`, async (t) => {
    const bridge = await open();
    const silent = connect(bridge.port, '127.0.0.1');
    const half = connect(bridge.port, '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(half, 'connect')]);
    half.write(name === 'http' ? 'POST /v1/frames HT' : Uint8Array.of(0x10));
    while (bridge.counts().connections < 2) await new Promise((resolve) => setImmediate(resolve));
    const gone = Promise.all([silent, half].map(ended));
    await bridge.close();
    await gone;
    t.equal(bridge.counts().connections, 0);
  });
