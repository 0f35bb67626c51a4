/** POST /v1/trust/interactions as its clients see it. */
import t, { type Test } from 'tap';
import { HttpBridge } from '../../../bridges/http/index.ts';
import { type BarredOf, InteractionDoor, unsignedFrom } from '../../../bridges/intake/index.ts';
import type { ErrorCode } from '../../../engine/index.ts';
import { TRUST_INTERACTIONS } from '../../../schemas/topics/index.ts';
import { interactionForm } from '../../../services/trust/index.ts';
import { fixture } from '../bridge-fixture.ts';

const GOOD = { trustee: 'bob', service: 'heat', satisfaction: 0.75, id: 'x' };

async function start(t: Test, barredOf: BarredOf = () => null) {
  const parts = fixture({ unsigned: unsignedFrom(['127.0.0.0/8']) });
  parts.directory.add('legacy', { credentialHash: null });
  const { intake, log, clock } = parts;
  const schemaIds = new Map([[`${TRUST_INTERACTIONS}-value`, 7]]);
  const form = interactionForm({ services: ['heat'], aheadMs: 1_000, schemaIds });
  const options = { topic: TRUST_INTERACTIONS, partitions: 4, form, appender: log, clock, barredOf };
  const refused: ErrorCode[] = [];
  const interactions = new InteractionDoor({ ...options, rate: { perSecond: 1, burst: 8 } });
  const bridge = await HttpBridge.open({ intake, port: 0, interactions, onRefused: (code) => refused.push(code) });
  t.teardown(() => bridge.close());
  const post = async (
    body: unknown,
    { who = 'meter-1:token-of-meter-1', type = 'application/json', path = '/v1/trust/interactions' } = {},
  ) => {
    const answer = await fetch(`http://127.0.0.1:${bridge.port}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(who).toString('base64')}`, 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as Record<string, unknown>,
      retry: answer.headers.get('retry-after'),
    };
  };
  return { ...parts, post, refused };
}

t.test('a device tells one or several, and gets their ids', async (t) => {
  const { post, log } = await start(t);
  t.match(await post(GOOD), { status: 202, body: { id: 'x', offset: 0 } });
  const { trustee, service, satisfaction } = GOOD;
  const made = await post({ trustee, service, satisfaction }, { type: 'application/json; charset=utf-8' });
  t.match(made, { status: 202, body: { id: /^[0-9a-f-]{36}$/ } });
  t.match(await post([GOOD, { ...GOOD, weight: -1 }]), {
    status: 207,
    body: { accepted: 1, outcomes: [{ id: 'x' }, { code: 'INTERACTION_INVALID', field: 'weight' }] },
  });
  t.same(
    log.stored.map(({ key, value }) => [key, value.includes('meter-1')]),
    Array(3).fill(['bob', true]),
  );
});

t.test('what cannot count is answered with 400, its code and field, and counted', async (t) => {
  const { post, log, refused } = await start(t);
  t.match(await post({ ...GOOD, satisfaction: 2 }), {
    status: 400,
    body: { code: 'INTERACTION_INVALID', field: 'satisfaction' },
  });
  t.match(await post({ ...GOOD, trustee: 'meter-1' }), {
    status: 400,
    body: { code: 'INTERACTION_INVALID', field: 'trustor' },
  });
  t.match(await post({ ...GOOD, trustor: 'meter-2' }), {
    status: 400,
    body: { code: 'REQUEST_INVALID', field: 'trustor' },
  });
  t.match(await post([{ ...GOOD, service: 'water' }]), {
    status: 400,
    body: { accepted: 0, outcomes: [{ field: 'service' }] },
  });
  t.match(await post('{'), { status: 400, body: { code: 'REQUEST_INVALID' } });
  t.same(log.stored, []);
  t.same(refused, [
    ...['INTERACTION_INVALID', 'INTERACTION_INVALID', 'REQUEST_INVALID', 'INTERACTION_INVALID'],
    'REQUEST_INVALID',
  ]);
});

t.test('limits of rate, size, form and credential hold', async (t) => {
  const { post } = await start(t);
  t.match(await post(Array(8).fill(GOOD)), { status: 202 });
  t.match(await post(GOOD), { status: 429, body: { code: 'RATE_LIMITED', retryAfterMs: 1000 }, retry: '1' });
  t.match(await post(Array(101).fill(1)), { status: 413 });
  t.match(await post('1'.repeat(64 * 1024 + 1)), { status: 413, body: { code: 'FRAME_TOO_LARGE' } });
  t.match(await post(GOOD, { type: 'application/octet-stream' }), {
    status: 415,
    body: { message: 'send application/json' },
  });
  t.match(await post('x', { path: '/v1/frames' }), { status: 415, body: { message: 'send application/octet-stream' } });
  t.match(await post(GOOD, { who: 'meter-1:wrong' }), { status: 401 });
  t.match(await post(GOOD, { who: 'legacy:' }), { status: 403, body: { code: 'TOPIC_REFUSED' } });
});

t.test('a device in quarantine is not heard', async (t) => {
  const { post, log } = await start(t, (deviceId) => (deviceId === 'meter-1' ? 'quarantined' : null));
  t.match(await post(GOOD), { status: 403, body: { code: 'ATTESTATION_REQUIRED' }, retry: '10' });
  t.match(await post(GOOD, { who: 'meter-2:token-of-meter-2' }), { status: 202 });
  t.equal(log.stored.length, 1);
});

t.test('where no trust is kept there is no such address', async (t) => {
  const { intake } = fixture();
  const bridge = await HttpBridge.open({ intake, port: 0 });
  t.teardown(() => bridge.close());
  const answer = await fetch(`http://127.0.0.1:${bridge.port}/v1/trust/interactions`, {
    method: 'POST',
    headers: { authorization: 'Bearer meter-1:token-of-meter-1', 'content-type': 'application/octet-stream' },
    body: 'x',
  });
  t.equal(answer.status, 404);
  await answer.arrayBuffer();
});
