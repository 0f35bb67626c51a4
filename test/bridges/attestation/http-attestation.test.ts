/** Attestation over HTTP: a request that waits for its challenge, and evidence in a POST. */
import { request } from 'node:http';
import t from 'tap';
import { ChallengeDesk, TrustBoard } from '../../../bridges/attestation/index.ts';
import { HttpBridge } from '../../../bridges/http/index.ts';
import { EVIDENCE_BYTES_MAX } from '../../../schemas/attestation/index.ts';
import { encodeEnvelope } from '../../../schemas/envelope/index.ts';
import { ATTEST_EVIDENCE } from '../../../schemas/topics/index.ts';
import { fixture } from '../bridge-fixture.ts';
import { challenge, evidence, RingingClock } from './attestation-fixture.ts';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

const FRAME = Buffer.from(
  encodeEnvelope({ deviceId: 'meter-1', bootEpoch: 1, sequence: 1, payload: Buffer.from('abc') }),
);

async function start(t: Pick<typeof import('tap').default, 'teardown'>) {
  const clock = new RingingClock();
  const desk = new ChallengeDesk(clock);
  const trust = new TrustBoard();
  const barredOf = (deviceId: string) => trust.stateOf(deviceId);
  const parts = fixture({ clock, attestation: { topic: ATTEST_EVIDENCE, barredOf } });
  const bridge = await HttpBridge.open({ intake: parts.intake, port: 0, challenges: desk });
  t.teardown(() => bridge.close());
  const send = (method: 'GET' | 'POST', path: string, body: Uint8Array = Buffer.alloc(0), device = 'meter-1') =>
    new Promise<Answer>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${device}:token-of-${device}`,
        ...(method === 'POST' ? { 'content-type': 'application/octet-stream' } : {}),
      };
      const sent = request({ host: '127.0.0.1', port: bridge.port, path, method, headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  /** Once so many requests wait for a challenge. */
  const waiting = async (count: number) => {
    while (clock.waiting < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...parts, clock, desk, trust, bridge, send, waiting };
}

void t.test('the open challenge comes at once, the next one when it is there, or nothing', async (t) => {
  const { desk, send, waiting, clock } = await start(t);
  t.equal((await send('GET', '/v1/attest/challenge')).status, 204);
  desk.take('meter-1', challenge(1));
  const first = await send('GET', '/v1/attest/challenge?after=0&wait=60');
  t.same(
    [first.status, first.headers['content-type'], first.body],
    [200, 'application/octet-stream', Buffer.from(challenge(1))],
  );
  const second = send('GET', '/v1/attest/challenge?after=1&wait=60');
  await waiting(1);
  desk.take('meter-2', challenge(9));
  desk.take('meter-1', challenge(2));
  t.same((await second).body, Buffer.from(challenge(2)));
  const third = send('GET', '/v1/attest/challenge?after=2&wait=99999999');
  await waiting(1);
  clock.pass(59_999);
  t.equal(clock.waiting, 1);
  clock.pass(1);
  t.equal((await third).status, 204);
});

void t.test('a bridge that closes lets nobody wait', async (t) => {
  const { bridge, send, waiting } = await start(t);
  const answer = send('GET', '/v1/attest/challenge?wait=60');
  await waiting(1);
  await bridge.close();
  t.equal((await answer).status, 204);
});

void t.test('one who hangs up waits no longer', async (t) => {
  const { bridge, clock, waiting } = await start(t);
  const headers = { authorization: 'Bearer meter-1:token-of-meter-1' };
  const options = { host: '127.0.0.1', port: bridge.port, path: '/v1/attest/challenge?wait=60', headers, agent: false };
  const sent = request(options);
  sent.on('error', () => undefined);
  sent.end();
  await waiting(1);
  sent.destroy();
  while (clock.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(clock.waiting, 0);
});

void t.test('answers to data carry the open challenge, so that a device need not ask', async (t) => {
  const { desk, send } = await start(t);
  t.equal((await send('POST', '/v1/frames', FRAME)).headers['msec-challenge'], undefined);
  desk.take('meter-1', challenge(1));
  desk.take('meter-2', challenge(2));
  const { headers, status } = await send('POST', '/v1/frames', FRAME);
  t.same([status, headers['msec-challenge']], [202, Buffer.from(challenge(1)).toString('base64')]);
});

void t.test('evidence is taken once durable; what is none, or too large, is refused', async (t) => {
  const { send, log } = await start(t);
  const { status } = await send('POST', '/v1/attest/evidence', evidence(1));
  t.equal(status, 202);
  t.same(log.stored[0]?.value, Buffer.concat([Buffer.of(1), evidence(1)]));
  const nonsense = await send('POST', '/v1/attest/evidence', Buffer.from('nonsense'));
  t.equal(nonsense.status, 400);
  t.match(JSON.parse(nonsense.body.toString()), { code: 'EVIDENCE_INVALID', field: String, byteOffset: Number });
  const large = await send('POST', '/v1/attest/evidence', Buffer.alloc(EVIDENCE_BYTES_MAX + 1)).catch(
    // The connection ends with the answer, while the body is still being sent.
    (error: NodeJS.ErrnoException) => error,
  );
  t.ok(large instanceof Error || large.status === 413);
  t.equal(log.stored.length, 1);
});

void t.test('without the credential there is neither challenge nor evidence', async (t) => {
  const { send, desk, log } = await start(t);
  desk.take('meter-1', challenge(1));
  const wrong = 'meter-1:x';
  t.equal((await send('GET', '/v1/attest/challenge', undefined, wrong)).status, 401);
  t.equal((await send('POST', '/v1/attest/evidence', evidence(1), wrong)).status, 401);
  t.same(log.stored, []);
});

void t.test('in quarantine data is refused, and attestation is not; revoked, nothing is taken', async (t) => {
  const { trust, desk, send, log } = await start(t);
  trust.take({ device: 'meter-1', state: 'quarantined' });
  desk.take('meter-1', challenge(1));
  const refused = await send('POST', '/v1/frames', FRAME);
  t.same([refused.status, refused.headers['retry-after']], [403, '10']);
  t.match(JSON.parse(refused.body.toString()), { code: 'ATTESTATION_REQUIRED' });
  t.ok(refused.headers['msec-challenge'], 'the refusal brings the way out');
  t.equal((await send('POST', '/v1/frames/batch', FRAME)).status, 403);
  t.equal((await send('GET', '/v1/attest/challenge')).status, 200);
  t.equal((await send('POST', '/v1/attest/evidence', evidence(1))).status, 202);
  t.same(
    log.stored.map(({ topic }) => topic),
    [ATTEST_EVIDENCE],
  );
  trust.take({ device: 'meter-1', state: 'trusted' });
  t.equal((await send('POST', '/v1/frames', FRAME)).status, 202);
  trust.take({ device: 'meter-1', state: 'revoked' });
  t.equal((await send('POST', '/v1/attest/evidence', evidence(2))).status, 401);
});
