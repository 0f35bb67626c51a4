import t from 'tap';
import { InteractionDoor, type InteractionDoorOptions } from '../../../bridges/intake/index.ts';
import { MsecError, partitionForKey } from '../../../engine/index.ts';
import { ManualClock, MemoryLog, quotaExceeded } from '../bridge-fixture.ts';

const METER = { deviceId: 'meter-1', hasToken: true };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function door(more: Partial<InteractionDoorOptions> = {}) {
  const log = new MemoryLog();
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const form: InteractionDoorOptions['form'] = (trustor, told, receivedAtMs) => {
    asked.push([trustor, told, receivedAtMs]);
    if (told === 'bad') throw new MsecError('INTERACTION_INVALID', 'it is bad', { field: 'weight' });
    if (told === 'bug') throw new TypeError('a bug');
    return { id: `id of ${told as string}`, key: Buffer.from(String(told)), value: Buffer.from([1, 2]) };
  };
  const options = { topic: 'trust.interactions', partitions: 4, form, appender: log, clock };
  return { log, clock, asked, door: new InteractionDoor({ ...options, ...more }) };
}

t.test('one or several are stored under their trustees, judged by the device, and told once durable', async (t) => {
  const { door: open, log, clock, asked } = door();
  log.isPrompt = false;
  const one = open.take(METER, json('bob'));
  let isAnswered = false;
  void one.then(() => {
    isAnswered = true;
  });
  await log.arrived(1);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(isAnswered, false);
  log.settle();
  const partition = partitionForKey(Buffer.from('bob'), 0, 3, 4);
  t.same(await one, { isList: false, outcomes: [{ isAccepted: true, partition, offset: 0, id: 'id of bob' }] });
  t.match(log.stored, [{ topic: 'trust.interactions', partition, key: 'bob', timestampMs: clock.nowMs }]);
  t.same(asked, [['meter-1', 'bob', clock.nowMs]]);

  log.isPrompt = true;
  t.match(await open.take(METER, json(['bob', 'bad', 'cid'])), {
    isList: true,
    outcomes: [{ id: 'id of bob' }, { code: 'INTERACTION_INVALID', field: 'weight' }, { id: 'id of cid' }],
  });
  t.equal(log.stored.length, 3, 'what is refused keeps nothing else from being stored');
});

t.test('who is in quarantine, revoked or without a token tells nothing', async (t) => {
  const states: Record<string, 'quarantined' | 'revoked'> = { 'meter-2': 'quarantined', 'meter-3': 'revoked' };
  const { door: open, asked } = door({ barredOf: (deviceId) => states[deviceId] ?? null });
  const take = (deviceId: string, hasToken = true) => open.take({ deviceId, hasToken }, json('bob'));
  t.match(await take('meter-2'), { code: 'ATTESTATION_REQUIRED', retryAfterMs: 10_000 });
  t.match(await take('meter-3'), { code: 'DEVICE_REVOKED' });
  t.match(await take('legacy', false), { code: 'TOPIC_REFUSED' });
  t.same(asked, []);
  t.match(await take('meter-1'), { outcomes: [{ isAccepted: true }] });
});

t.test('what is no JSON, too large, too many or none is refused whole', async (t) => {
  const { door: open, asked } = door();
  for (const body of ['', '{', '[1,]', '"\u0000"'])
    t.match(await open.take(METER, Buffer.from(body)), { code: 'REQUEST_INVALID' });
  t.match(await open.take(METER, Buffer.from([0x22, 0xff, 0x22])), { code: 'REQUEST_INVALID' }, 'no UTF-8');
  t.match(await open.take(METER, json([])), { code: 'REQUEST_INVALID' });
  t.match(await open.take(METER, Buffer.from('['.repeat(64 * 1024))), { code: 'REQUEST_INVALID' });
  t.match(await open.take(METER, Buffer.alloc(64 * 1024 + 1)), { code: 'FRAME_TOO_LARGE' });
  t.match(await open.take(METER, json(Array(101).fill('bob'))), { code: 'FRAME_TOO_LARGE' });
  t.same(asked, []);
  t.match(await open.take(METER, json(Array(100).fill('bob'))), { isList: true });
  t.equal(asked.length, 100);
});

t.test('each interaction counts against the rate of its device, also a refused one', async (t) => {
  const { door: open, clock, asked } = door({ rate: { perSecond: 2, burst: 3 } });
  t.match(await open.take(METER, json(['bob', 'bad'])), { isList: true });
  t.match(await open.take(METER, json(['bob', 'cid'])), { code: 'RATE_LIMITED', retryAfterMs: 500 });
  t.equal(asked.length, 2, 'none of it is looked at');
  t.match(await open.take({ ...METER, deviceId: 'meter-2' }, json('bob')), { isList: false }, 'others have their own');
  clock.nowMs += 500;
  t.match(await open.take(METER, json(['bob', 'cid'])), { isList: true }, 'as soon as it was told');
});

t.test('what the log cannot take is to be sent again, and what waits for it is bounded', async (t) => {
  const { door: open, log } = door();
  log.isPrompt = false;
  const waiting = open.take(METER, json(['bob', 'cid']));
  await log.arrived(2);
  log.fail(quotaExceeded());
  t.match(await waiting, { outcomes: [{ code: 'QUOTA_EXCEEDED', retryAfterMs: 5000 }, { code: 'QUOTA_EXCEEDED' }] });
  for (const [failure, code] of [
    [new MsecError('CLOSED', 'gone'), 'CLOSED'],
    [new Error('a secret'), 'DEPENDENCY_DOWN'],
  ] as const) {
    const stored = open.take(METER, json('bob'));
    await log.arrived(1);
    log.fail(failure);
    const told = await stored;
    t.match(told, { outcomes: [{ code, retryAfterMs: 1000 }] });
    t.notMatch(JSON.stringify(told), 'secret');
  }
  const full = json(Array(100).fill('bob'));
  const many = Array.from({ length: 81 }, (_, i) => open.take({ deviceId: `meter-${i}`, hasToken: true }, full));
  t.match(await open.take({ ...METER, deviceId: 'late' }, full), { code: 'INTAKE_BUSY', retryAfterMs: 1000 });
  log.settle();
  await Promise.all(many);
  log.isPrompt = true;
  t.match(await open.take({ ...METER, deviceId: 'late' }, full), { isList: true });
});

t.test('a failure that nobody foresaw stores nothing of its request', async (t) => {
  const { door: open, log } = door();
  await t.rejects(open.take(METER, json(['bob', 'bug'])), /a bug/);
  t.same(log.stored, []);
});
