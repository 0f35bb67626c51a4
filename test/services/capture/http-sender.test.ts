/** What a gateway does with what a bridge answers, or does not. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { sendOverHttp } from '../../../services/capture/index.ts';

const BATCH = new Uint8Array(10);

async function bridge(t: Test, statuses: readonly number[]): Promise<{ readonly url: URL; readonly calls: string[] }> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const status = statuses[Math.min(calls.length, statuses.length - 1)]!;
    calls.push(request.url ?? '');
    request.resume();
    response.writeHead(status).end(JSON.stringify({ code: 'NOT_AUTHENTICATED', message: `says ${status}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), calls };
}

function sender(url: URL, triesMax: number | null = null) {
  const waits: string[] = [];
  const ends: (readonly [string, boolean])[] = [];
  const credential = { deviceId: 'gw-1', token: 'x' };
  const send = sendOverHttp(url, credential, {
    triesMax,
    onWait: (says) => waits.push(says),
    onEnd: (...about) => ends.push(about),
  });
  return { send, waits, ends };
}

for (const status of [403, 404])
  t.test(`${status} at the first batch is the end, in the bridge's own words`, async (t) => {
    const { url, calls } = await bridge(t, [status]);
    const { send, ends } = sender(url);
    await t.rejects(send(0, BATCH), { code: 'REQUEST_INVALID' });
    await t.rejects(send(1, BATCH), { code: 'REQUEST_INVALID' });
    t.same(ends, [[`${url.origin} answers ${status}: says ${status}`, false]]);
    t.equal(calls.length, 1, 'and nothing more is sent');
  });

t.test('401 is asked again for a moment, as a device that was just added is', async (t) => {
  const { url } = await bridge(t, [401]);
  const { send, ends } = sender(url);
  for (let i = 0; i < 4; i++) await t.rejects(send(0, BATCH), { code: 'DEPENDENCY_DOWN' });
  t.same(ends, []);
  await t.rejects(send(0, BATCH), { code: 'REQUEST_INVALID' });
  t.match(ends, [[/answers 401: says 401$/, false]]);
  const later = await bridge(t, [401, 401, 202, 401, 401, 401, 401, 401, 401, 202]);
  const known = sender(later.url);
  let taken = 0;
  for (let i = 0; i < 10; i++)
    await known.send(0, BATCH).then(
      () => taken++,
      () => undefined,
    );
  t.equal(taken, 2, 'a token that is replaced later is waited for');
  t.same(known.ends, []);
});

t.test('where nothing listens a file gives up after some tries in a row, an interface never', async (t) => {
  const { url } = await bridge(t, [202]);
  const nothing = new URL('http://127.0.0.1:9');
  nothing.port = '0';
  const file = sender(nothing, 3);
  for (let i = 0; i < 2; i++) await t.rejects(file.send(0, BATCH), { code: 'DEPENDENCY_DOWN' });
  await t.rejects(file.send(0, BATCH), { code: 'REQUEST_INVALID' });
  t.equal(file.ends.length, 1);
  t.equal(file.ends[0]?.[1], false);
  const live = sender(nothing);
  for (let i = 0; i < 20; i++) await t.rejects(live.send(0, BATCH), { code: 'DEPENDENCY_DOWN' });
  t.same(live.ends, []);
  await sender(url, 1).send(0, BATCH);
});

t.test('a port to which nothing is ever sent is no address', async (t) => {
  const { send, ends } = sender(new URL('http://127.0.0.1:6000'));
  await t.rejects(send(0, BATCH), { code: 'REQUEST_INVALID' });
  t.match(ends, [[/no HTTP bridge can have this port/, true]]);
});
