import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import t from 'tap';
import { type Console, startConsole } from '../../console/index.ts';
import { systemClock } from '../../engine/index.ts';
import { type Demo, openDemo } from './support/demo-ports.ts';

type Test = Pick<typeof t, 'fail' | 'teardown'>;

const TOKEN = 'a-token-of-at-least-thirty-two-characters';

async function started(test: Test, more: { port?: number; mayMovePort?: boolean } = {}): Promise<Console> {
  const page = await startConsole({
    host: '127.0.0.1',
    port: 0,
    mayMovePort: false,
    adminToken: TOKEN,
    version: '1.2.3',
    clock: systemClock,
    onFailure: (where, error) => test.fail(`${where}: ${String(error)}`),
    ...more,
  });
  test.teardown(() => page.close());
  return page;
}

async function attached(test: Test): Promise<{ page: Console; demo: Demo }> {
  // The page lets go of the log before that closes: what is torn down last is named first.
  const demo = await openDemo();
  test.teardown(() => demo.close());
  const page = await started(test);
  await page.attach(demo.ports);
  return { page, demo };
}

interface Answer {
  readonly length: number;
  readonly letters: readonly unknown[];
  readonly devices: readonly unknown[];
  readonly nodes: readonly unknown[];
  readonly reasons: object;
}

type Events = { event: string; data: unknown }[];

/** Events of /events until `until` says so. Resolves once the page is there: what comes from then on, it is told of. */
async function opened(
  page: Console,
  until: (events: Events) => boolean,
): Promise<{ readonly events: Promise<Events> }> {
  const there = Promise.withResolvers<void>();
  const events = eventsUntil(page, until, there.resolve);
  await Promise.race([there.promise, events]);
  return { events };
}

async function eventsUntil(page: Console, until: (events: Events) => boolean, isThere: () => void): Promise<Events> {
  const stop = new AbortController();
  const answer = await fetch(`${page.address}/events`, { signal: stop.signal });
  const events: Events = [];
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop()!;
    for (const frame of frames) {
      const event = /^event: (.*)$/m.exec(frame)?.[1];
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (event !== undefined && data !== undefined) events.push({ event, data: JSON.parse(data) });
    }
    if (events.length > 0) isThere();
    if (until(events)) break;
  }
  stop.abort();
  return events;
}

t.test('the page and all it loads come from this server, under a policy that forbids the rest', async (t) => {
  const page = await started(t);
  const index = await fetch(page.address);
  t.equal(index.status, 200);
  t.match(index.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self'/);
  const html = await index.text();
  t.notMatch(html, /https?:\/\//, 'no address of another machine');
  t.notMatch(html, /<script(?![^>]*src)|<style|style=| on[a-z]+=/, 'nothing inline');
  const loaded = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)].map(([, path]) => path!);
  for (let path = loaded.pop(); path !== undefined; path = loaded.pop()) {
    const file = await fetch(page.address + path);
    t.equal(file.status, 200, path);
    const text = await file.text();
    if (!path.endsWith('.js') || path.startsWith('/uplot')) continue;
    for (const [, from] of text.matchAll(/from '([^']+)'/g))
      loaded.push(new URL(from!, `${page.address}${path}`).pathname);
  }
  const again = await fetch(page.address, { headers: { 'if-none-match': index.headers.get('etag')! } });
  t.equal(again.status, 304);
});

t.test('whoever names another machine in the Host header gets nothing', async (t) => {
  const page = await started(t);
  const status = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port: page.port, path: '/healthz', headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  for (const host of ['localhost', `127.0.0.1:${page.port}`, '[::1]:80', 'LOCALHOST:1'])
    t.equal(await status(host), 200, host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '10.0.0.1', 'localhost:1:2'])
    t.equal(await status(host), 421, host);
});

t.test('unknown paths, methods and broken requests are refused with a reason', async (t) => {
  const { page } = await attached(t);
  t.equal((await fetch(`${page.address}/page/../../package.json`)).status, 404);
  t.equal((await fetch(`${page.address}/%2e%2e/package.json`)).status, 404);
  const method = await fetch(`${page.address}/api/status`, { method: 'DELETE' });
  t.match([method.status, method.headers.get('allow')], [405, 'GET']);
  t.equal((await fetch(`${page.address}/api/dlq/a/b/c`)).status, 400);
  t.equal((await fetch(`${page.address}/${'x'.repeat(3_000)}`)).status, 414);
  const socket = connect(page.port, '127.0.0.1');
  socket.end('GET \u0000 HTTP/1.1\r\n\r\n');
  const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  t.match(answer, /^HTTP\/1\.1 400/);
});

t.test('health is the process, readiness is every task', async (t) => {
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const page = await started(t);
  t.equal((await fetch(`${page.address}/healthz`)).status, 200);
  t.equal((await fetch(`${page.address}/readyz`)).status, 503);
  await page.attach(demo.ports);
  t.equal((await fetch(`${page.address}/readyz`)).status, 200);
  const [task, ...rest] = demo.status.tasks;
  demo.status = {
    ...demo.status,
    tasks: [{ ...task!, state: 'paused', pausedBecause: 'the registry does not answer' }, ...rest],
  };
  const answer = await fetch(`${page.address}/readyz`);
  t.equal(answer.status, 503);
  t.match(await answer.json(), { waiting: ['task verify-0 is paused: the registry does not answer'] });
  await page.detach();
  t.match(await (await fetch(`${page.address}/readyz`)).json(), { waiting: ['the engine is draining'] });
});

t.test('a page gets a snapshot, then status, readings, windows and letters as they come', async (t) => {
  const { page, demo } = await attached(t);
  const values = { temperature: 12.4, humidity: 56.5, sonometer: 64, batteryVoltage: 3536 };
  const reading = { kind: 'enmon', time: 1_700_000_000_000, isVerified: true, flags: [], values };
  const { events } = await opened(page, (seen) =>
    ['snapshot', 'status', 'readings', 'windows', 'letters'].every((name) => seen.some(({ event }) => event === name)),
  );
  await demo.append('device.readings', 1, 'enmon-1', reading);
  await demo.append('device.aggregates', 0, 'enmon-1', { kind: 'enmon', start: 0, end: 60_000, count: 3, values: {} });
  await demo.append('device.frames.dlq', 0, 'enmon-2', {
    time: 5,
    code: 'FRAME_INVALID',
    message: 'm',
    actor: 'decode',
    hex: '00',
    bytes: 1,
  });
  const seen = await events;
  t.match(seen[0], {
    event: 'snapshot',
    data: { kinds: [{ name: 'enmon' }, { name: 'crowd' }], status: { state: 'running', flow: {} } },
  });
  t.notMatch(JSON.stringify(seen[0]), 'city.aggregate.state', 'internal topics are not drawn');
  t.match(seen.find(({ event }) => event === 'readings')?.data, [
    { device: 'enmon-1', offset: 0, partition: 1, values },
  ]);
  t.match(seen.find(({ event }) => event === 'letters')?.data, [{ key: 'enmon-2', code: 'FRAME_INVALID' }]);
});

t.test('the API answers with readings, windows and letters', async (t) => {
  const { page, demo } = await attached(t);
  const get = async (path: string) => (await fetch(page.address + path)).json() as Promise<Answer>;
  for (const device of ['a', 'b', 'a'])
    await demo.append('device.readings', 0, device, { kind: 'enmon', time: 1, values: {}, flags: [] });
  await demo.append('device.aggregates', 0, 'a', { kind: 'enmon', start: 60_000, end: 120_000, count: 2, values: {} });
  await demo.append('device.frames.dlq', 0, 'a', { time: 5, code: 'REPLAYED', message: 'm', actor: 'verify' });
  await demo.append('device.readings', 0, 'broken', '[');
  while (
    (await get('/api/readings?device=a')).length < 2 ||
    (await get('/api/dlq')).letters.length < 1 ||
    (await get('/api/aggregates')).devices.length < 1
  );
  t.match(await get('/api/readings?limit=1&device=b'), [{ device: 'b' }]);
  t.match(await get('/api/aggregates?device=a'), { device: 'a', windows: [{ start: 60_000, count: 2 }] });
  t.equal((await fetch(`${page.address}/api/aggregates?device=nobody`)).status, 404);
  t.match(await get('/api/dlq'), { reasons: { REPLAYED: 1 }, letters: [{ key: 'a' }] });
  t.match(await get('/api/dlq/device.frames.dlq/0/0'), { code: 'REPLAYED' });
  t.equal((await fetch(`${page.address}/api/dlq/device.frames.dlq/0/9`)).status, 404);
  t.ok((await get('/api/topology?internal')).nodes.length > (await get('/api/topology')).nodes.length);
  t.match(
    await (await fetch(`${page.address}/metrics`)).text(),
    'msec_dead_letters_by_reason_total{reason="REPLAYED"} 1',
  );
});

t.test('letters from before the start are shown and not counted', async (t) => {
  const demo = await openDemo();
  t.teardown(() => demo.close());
  const page = await started(t);
  await demo.append('device.frames.dlq', 0, 'old', { time: 5, code: 'REPLAYED', message: 'm', actor: 'verify' });
  await page.attach(demo.ports);
  let answer: Answer;
  do answer = (await (await fetch(`${page.address}/api/dlq`)).json()) as Answer;
  while (answer.letters.length < 1);
  t.same(answer.reasons, {});
});

t.test('changes need the token of the data folder', async (t) => {
  const { page, demo } = await attached(t);
  const post = (path: string, token: string | null, body = '{}') =>
    fetch(page.address + path, {
      method: 'POST',
      body,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
  t.equal((await fetch(`${page.address}/api/devices`)).status, 401);
  t.equal((await post('/api/devices', null)).status, 401);
  t.equal((await post('/api/devices', `${TOKEN}x`)).status, 401);
  t.same(demo.calls, []);
  t.match(await (await post('/api/devices', TOKEN, '{"deviceId":"x"}')).json(), { token: 'shown-once' });
  t.equal((await post('/api/devices/enmon-1/revoke', TOKEN)).status, 200);
  const unknown = await post('/api/devices/nobody/reset', TOKEN);
  t.equal(unknown.status, 400);
  t.match(await unknown.json(), { error: { code: 'DEVICE_UNKNOWN', field: 'deviceId' } });
  t.equal((await post('/api/dlq/device.frames.dlq/1/2/resend', TOKEN)).status, 200);
  t.match(demo.calls, [
    ['add', { deviceId: 'x' }],
    ['revoke', 'enmon-1'],
    ['reset', 'nobody'],
    ['resend', { topic: 'device.frames.dlq', partition: 1, offset: 2 }],
  ]);
  t.equal((await post('/api/devices', TOKEN, '{')).status, 400);
  t.equal((await post('/api/devices', TOKEN, JSON.stringify('x'.repeat(70_000)))).status, 413);
});

t.test('devices are listed page by page, and never all at once', async (t) => {
  const { page, demo } = await attached(t);
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (const query of ['', '?after=d%2F7&limit=20', '?limit=1000000'])
    t.match(await (await fetch(`${page.address}/api/devices${query}`, { headers })).json(), { next: null, total: 1 });
  t.same(demo.calls, [
    ['list', '', 100],
    ['list', 'd/7', 20],
    ['list', '', 1_000],
  ]);
});

t.test('a port that is taken moves where it may, and is an error that says so where not', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as { port: number };
  await t.rejects(started(t, { port }), { code: 'PORT_TAKEN', message: /is taken.*--port/ });
  t.not((await started(t, { port, mayMovePort: true })).port, port);
  await t.rejects(startConsole({ host: '0.0.0.0' } as never), { code: 'CONFIG_INVALID', message: /loopback/ });
});

t.test('closing ends the streams of open pages and says goodbye', async (t) => {
  const { page } = await attached(t);
  const { events } = await opened(page, (seen) => seen.some(({ event }) => event === 'bye'));
  await page.close();
  t.equal((await events).at(-1)?.event, 'bye');
});
