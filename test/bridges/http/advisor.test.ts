import t from 'tap';
import { Advisor, type AdvisorOptions, HttpBridge } from '../../../bridges/http/index.ts';
import { MsecError } from '../../../engine/index.ts';
import { fixture, ManualClock } from '../bridge-fixture.ts';

function advisorOf(who: AdvisorOptions['who'], clock = new ManualClock()) {
  return new Advisor({ who, clock, rate: { perSecond: 1, burst: 3 } });
}

t.test('a device asks for itself alone, over HTTP, with its own token', async (t) => {
  const asked: unknown[] = [];
  const advisor = advisorOf(async (deviceId, query) => {
    asked.push([deviceId, query.service, query.near]);
    return { providers: [{ provider: 'pump-3' }] };
  });
  const { intake } = fixture();
  const bridge = await HttpBridge.open({ intake, port: 0, advisor });
  t.teardown(() => bridge.close());
  const ask = async (query: string, token = 'meter-1:token-of-meter-1') => {
    const answer = await fetch(`http://127.0.0.1:${bridge.port}/v1/trust/who?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  t.same(await ask('service=water&near=1,2'), { status: 200, body: { providers: [{ provider: 'pump-3' }] } });
  t.match(await ask('service=water', 'meter-1:wrong'), { status: 401, body: { code: 'NOT_AUTHENTICATED' } });
  t.match(await ask('service=water&for=meter-2'), { status: 400, body: { code: 'REQUEST_INVALID', field: 'for' } });
  t.match(await ask('service=water&service=air'), { status: 400, body: { field: 'service' } });
  t.same(asked, [['meter-1', 'water', '1,2']]);
  t.match(await ask('service=water'), { status: 429, body: { code: 'RATE_LIMITED', retryAfterMs: 1000 } });
});

t.test('without an advisor there is no such address', async (t) => {
  const { intake } = fixture();
  const bridge = await HttpBridge.open({ intake, port: 0 });
  t.teardown(() => bridge.close());
  const answer = await fetch(`http://127.0.0.1:${bridge.port}/v1/trust/who?service=water`, {
    headers: { authorization: 'Bearer meter-1:token-of-meter-1' },
  });
  t.equal(answer.status, 404);
  await answer.arrayBuffer();
});

t.test('each device has a rate of its own, and it comes back with time', async (t) => {
  const clock = new ManualClock();
  const advisor = advisorOf(async () => 'answer', clock);
  const ask = (deviceId: string) => advisor.answer(deviceId, '/v1/trust/who');
  for (let i = 0; i < 3; i++) t.same(await ask('a'), { answer: 'answer' });
  t.match(await ask('a'), { refused: { code: 'RATE_LIMITED', retryAfterMs: 1000 } });
  t.same(await ask('b'), { answer: 'answer' });
  clock.nowMs += 1000;
  t.same(await ask('a'), { answer: 'answer' });
  t.match(await ask('a'), { refused: { code: 'RATE_LIMITED' } });
});

t.test('why there is no answer is told with its field, and what nobody foresaw without a word of it', async (t) => {
  const failing = (error: unknown) => advisorOf(() => Promise.reject(error)).answer('a', '/v1/trust/who?limit=x');
  t.match(await failing(new MsecError('REQUEST_INVALID', 'limit is wrong', { field: 'limit' })), {
    refused: { code: 'REQUEST_INVALID', message: 'limit is wrong', field: 'limit' },
  });
  t.match(await failing(new MsecError('DEPENDENCY_DOWN', 'still reading')), {
    refused: { code: 'DEPENDENCY_DOWN', retryAfterMs: 1000 },
  });
  const secret = await failing(new Error('a secret'));
  t.match(secret, { refused: { code: 'DEPENDENCY_DOWN' } });
  t.notMatch(JSON.stringify(secret), 'secret');
});
