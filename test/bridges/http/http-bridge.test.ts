import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { HttpBridge, type HttpLimits } from '../../../bridges/http/index.ts';
import { encodeEnvelope } from '../../../schemas/envelope/index.ts';
import { needs, programPath } from '../../support/needs.ts';
import { type Fixture, fixture, PATIENCE_MS, quotaExceeded } from '../bridge-fixture.ts';

type Test = Pick<typeof t, 'teardown'>;
type Answer = { status: number; headers: Record<string, unknown>; body: Record<string, unknown> };

const BEARER = { authorization: 'Bearer meter-1:token-of-meter-1', 'content-type': 'application/octet-stream' };
const envelope = (sequence: number) =>
  Buffer.from(encodeEnvelope({ deviceId: 'meter-1', bootEpoch: 1, sequence, payload: Buffer.from('abc') }));

async function start(t: Test, limits: Partial<HttpLimits> = {}, parts: Fixture = fixture()) {
  const refused: string[] = [];
  const onRefused = (code: string) => void refused.push(code);
  const patient = { headersTimeoutMs: PATIENCE_MS, requestTimeoutMs: PATIENCE_MS, ...limits };
  const bridge = await HttpBridge.open({ intake: parts.intake, port: 0, limits: patient, onRefused });
  t.teardown(() => bridge.close());
  const send = (path: string, body: Uint8Array, headers: Record<string, string> = BEARER, method = 'POST') =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: bridge.port, path, method, headers, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text ? JSON.parse(text) : {},
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  /** Raw bytes in; everything that came back until the server closed. */
  const raw = (bytes: Uint8Array | string) =>
    new Promise<string>((resolve) => {
      const socket = connect(bridge.port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      socket.write(bytes);
    });
  return { ...parts, bridge, refused, send, raw };
}

void t.test('202 comes once the frame is durable, with its place', async (t) => {
  const { send, log } = await start(t);
  log.isPrompt = false;
  const answer = send('/v1/frames', Buffer.from('frame'));
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  await log.arrived(1);
  t.equal(isAnswered, false);
  log.settle();
  t.match(await answer, { status: 202, body: { offset: 0, partition: Number } });
  t.match(log.stored, [{ key: 'meter-1' }]);
  t.equal(log.stored[0]?.value.toString('latin1', 1), 'frame');
});

void t.test('a batch is stored frame by frame, in order', async (t) => {
  const { send, log } = await start(t);
  const frames = [1, 2, 3].map(envelope);
  const { status, body } = await send('/v1/frames/batch', Buffer.concat(frames));
  t.equal(status, 202);
  t.match(body, { accepted: 3, outcomes: [{ offset: 0 }, { offset: 1 }, { offset: 2 }] });
  t.same(
    log.stored.map(({ value }) => value.subarray(1)),
    frames,
  );
});

void t.test('a batch of which a part is refused says which, and takes the rest', async (t) => {
  const { send, log } = await start(t);
  const first = envelope(1);
  const { status, body } = await send('/v1/frames/batch', Buffer.concat([first, Buffer.from('rubbish')]));
  t.equal(status, 207);
  t.match(body, {
    accepted: 1,
    outcomes: [{ offset: 0 }, { code: 'ENVELOPE_INVALID', field: 'magic', byteOffset: first.length }],
  });
  t.equal(log.stored.length, 1);
  t.match(await send('/v1/frames/batch', Buffer.from('rubbish')), { status: 400, body: { accepted: 0 } });
});

void t.test('who does not authenticate is told so before the body is read, always in the same words', async (t) => {
  const { send, directory, log, raw } = await start(t);
  directory.add('gone', { state: 'revoked' });
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const bodies = new Set<string>();
  for (const authorization of [
    'Bearer meter-1:x',
    'Bearer nobody:x',
    'Bearer gone:token-of-gone',
    basic('meter-1:'),
    'x',
    '',
  ]) {
    const { status, headers, body } = await send('/v1/frames', Buffer.from('x'), { ...BEARER, authorization });
    t.equal(status, 401);
    t.match(headers['www-authenticate'], /Bearer/);
    bodies.add(JSON.stringify(body));
  }
  t.equal(bodies.size, 1);
  t.match([...bodies][0], /NOT_AUTHENTICATED/);
  // The body was announced and never sent.
  t.match(await raw('POST /v1/frames HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n'), /^HTTP\/1.1 401 /);
  t.equal(log.stored.length, 0);
  t.match(await send('/v1/frames', Buffer.from('x'), { ...BEARER, authorization: basic('meter-1:token-of-meter-1') }), {
    status: 202,
  });
});

void t.test('each refusal has its status, its code and its words', async (t) => {
  const parts = fixture({ limits: { frameBytesMax: 100, rate: { perSecond: 2, burst: 2 } } });
  const { send, log, directory } = await start(t, { batchBytesMax: 500 }, parts);
  t.match(await send('/v1/frames', Buffer.alloc(101)), { status: 413, body: { code: 'FRAME_TOO_LARGE' } });
  t.match(await send('/v1/frames/batch', Buffer.alloc(501)), { status: 413, body: { code: 'FRAME_TOO_LARGE' } });
  t.match(await send('/v1/frames', Buffer.alloc(0)), { status: 400, body: { code: 'REQUEST_INVALID', byteOffset: 0 } });
  const json = { ...BEARER, 'content-type': 'application/json' };
  t.match(await send('/v1/frames', Buffer.from('{}'), json), { status: 415, body: { code: 'REQUEST_INVALID' } });
  t.match(await send('/v1/other', Buffer.from('x')), { status: 404, body: { code: 'REQUEST_INVALID' } });
  t.match(await send('/v1/frames', Buffer.alloc(0), BEARER, 'GET'), { status: 404 });
  log.isPrompt = false;
  const full = send('/v1/frames', Buffer.from('x'));
  await log.arrived(1);
  log.fail(quotaExceeded());
  t.match(await full, { status: 507, headers: { 'retry-after': '5' }, body: { code: 'QUOTA_EXCEEDED' } });
  log.isPrompt = true;
  t.match(await send('/v1/frames', Buffer.from('x')), { status: 202 });
  t.match(await send('/v1/frames', Buffer.from('x')), {
    status: 429,
    headers: { 'retry-after': '1' },
    body: { code: 'RATE_LIMITED' },
  });
  directory.records.delete('meter-1');
  t.match(await send('/v1/frames', Buffer.from('x')), { status: 401 });
});

void t.test('while the intake has no room requests are sent away before their body is read', async (t) => {
  const parts = fixture({ limits: { inFlightMax: 2 } });
  const { send, log } = await start(t, {}, parts);
  log.isPrompt = false;
  const first = send('/v1/frames', Buffer.from('x'));
  await log.arrived(1);
  t.match(await send('/v1/frames', Buffer.from('y')), {
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'INTAKE_BUSY' },
  });
  log.settle();
  t.match(await first, { status: 202 });
});

void t.test('bodies of all requests together are bounded, by what they announce', async (t) => {
  const { send, log } = await start(t, { bodyBytesInFlightMax: 1000 });
  log.isPrompt = false;
  const first = send('/v1/frames', Buffer.alloc(600));
  await log.arrived(1);
  t.match(await send('/v1/frames', Buffer.alloc(600)), { status: 503, body: { code: 'INTAKE_BUSY' } });
  log.settle();
  await first;
  log.isPrompt = true;
  for (;;) if ((await send('/v1/frames', Buffer.alloc(600))).status === 202) break;
  t.pass('what the first had reserved was given back');
});

void t.test('one device cannot take the room for bodies from the others', async (t) => {
  const { send, log } = await start(t, { requestsPerDeviceMax: 1 });
  log.isPrompt = false;
  const first = send('/v1/frames', Buffer.from('one'));
  await log.arrived(1);
  const refused = await send('/v1/frames', Buffer.from('two'));
  t.match(refused, { status: 503, headers: { 'retry-after': '1' }, body: { code: 'INTAKE_BUSY' } });
  const other = send('/v1/frames', Buffer.from('three'), {
    ...BEARER,
    authorization: 'Bearer meter-2:token-of-meter-2',
  });
  await log.arrived(2);
  log.settle();
  t.match(await first, { status: 202 });
  t.match(await other, { status: 202 });
  log.isPrompt = true;
  for (;;) if ((await send('/v1/frames', Buffer.from('two'))).status === 202) break;
  t.pass('an answered request makes room');
});

void t.test('slow headers and slow bodies are cut off', async (t) => {
  const { raw } = await start(t, { headersTimeoutMs: 100, requestTimeoutMs: 100 });
  const head = `POST /v1/frames HTTP/1.1\r\nhost: x\r\nauthorization: ${BEARER.authorization}\r\n`;
  const answers = await Promise.all([
    raw('POST /v1/fra'),
    raw(head),
    raw(`${head}content-type: application/octet-stream\r\ncontent-length: 100\r\n\r\nabc`),
  ]);
  for (const answer of answers) t.match(answer, /^HTTP\/1.1 408 /);
});

void t.test('headers above the limit and bytes that are no HTTP are answered and closed', async (t) => {
  const { raw, bridge, send } = await start(t);
  t.match(await raw(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431 /);
  t.match(await raw('\u0016\u0003\u0001 not http \r\n\r\n'), /^HTTP\/1.1 400 /);
  t.equal((await send('/v1/frames', Buffer.from('x'))).status, 202);
  t.ok(bridge.counts().connections <= 1);
});

void t.test('close answers what is under way', async (t) => {
  const { bridge, send, log } = await start(t);
  log.isPrompt = false;
  const answer = send('/v1/frames', Buffer.from('x'));
  await log.arrived(1);
  const closed = bridge.close();
  log.settle();
  t.match(await answer, { status: 202 });
  await closed;
});

void t.test('curl sends one frame and a batch', async (t) => {
  if (!needs(t, 'curl')) return;
  const { bridge, log } = await start(t);
  const run = (path: string, body: Buffer, ...options: string[]) => {
    const child = promisify(execFile)(programPath('curl'), [
      ...['-sS', '--max-time', '300', '-w', '\n%{http_code}', '-H', 'content-type: application/octet-stream'],
      ...['--data-binary', '@-', ...options, `http://127.0.0.1:${bridge.port}${path}`],
    ]);
    child.child.stdin?.end(body);
    return child;
  };
  const one = await run('/v1/frames', envelope(1), '-u', 'meter-1:token-of-meter-1');
  t.match(one.stdout, /"offset":0.*\n202$/s);
  const two = Buffer.concat([envelope(2), envelope(3)]);
  const batch = await run('/v1/frames/batch', two, '-H', `authorization: ${BEARER.authorization}`);
  t.match(batch.stdout, /"accepted":2.*\n202$/s);
  t.equal(log.stored.length, 3);
  t.same(log.stored[0]?.value.subarray(1), envelope(1));
});

void t.test('what is refused before a frame is seen is told to the operator', async (t) => {
  const { refused, send } = await start(t);
  await send('/v1/frames', Buffer.from('x'), { ...BEARER, authorization: 'Bearer meter-1:guess' });
  await send('/v1/frames', Buffer.from('x'), { ...BEARER, 'content-type': 'text/plain' });
  await send('/v1/frames', Buffer.alloc(70_000));
  await send('/v1/nothing', Buffer.from('x'));
  await send('/v1/frames/batch', Buffer.concat([envelope(1), Buffer.from('rest')]));
  t.same(refused, ['NOT_AUTHENTICATED', 'REQUEST_INVALID', 'FRAME_TOO_LARGE', 'REQUEST_INVALID', 'ENVELOPE_INVALID']);
});
