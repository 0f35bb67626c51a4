import t from 'tap';
import { type FramesRefused, isLasting, REFUSAL_REPORT_MS, unsignedFrom } from '../../../bridges/intake/index.ts';
import { MsecError, partitionForKey } from '../../../engine/index.ts';
import {
  encodeEnvelope,
  KIND_ENVELOPE,
  KIND_SEALED_ENVELOPE,
  KIND_UNSIGNED,
  unseal,
} from '../../../schemas/envelope/index.ts';
import { DAY_KEY, fixture, quotaExceeded } from '../bridge-fixture.ts';

const enmonPayload = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
const envelopeOf = (deviceId: string, payload: Uint8Array) =>
  encodeEnvelope({ deviceId, bootEpoch: 1, sequence: 1, payload });

void t.test(
  'a frame is stored unchanged behind its kind, under the device that authenticated, at the time it came',
  async (t) => {
    const { intake, log, clock } = fixture();
    const lane = intake.authenticate('meter-1', 'token-of-meter-1', '127.0.0.1');
    const body = envelopeOf('meter-2', enmonPayload);
    const outcome = await lane?.accept(body);
    const key = Buffer.from('meter-1');
    const partition = partitionForKey(key, 0, key.length, 4);
    t.same(outcome, { isAccepted: true, partition, offset: 0 });
    t.same(log.stored, [
      {
        topic: 'device.frames',
        partition,
        timestampMs: clock.nowMs,
        key: 'meter-1',
        value: Buffer.concat([Buffer.from([KIND_ENVELOPE]), body]),
      },
    ]);
  },
);

void t.test('the body may be written over as soon as accept has returned', async (t) => {
  const { intake, log } = fixture();
  log.isPrompt = false;
  const body = Buffer.from('some bytes of a socket');
  const accepted = intake.authenticate('meter-1', 'token-of-meter-1', undefined)?.accept(body);
  body.fill(0);
  log.settle();
  await accepted;
  t.equal(log.stored[0]?.value.toString('latin1', 1), 'some bytes of a socket');
});

void t.test('nothing of a personal payload is stored in clear, and the key of its day opens it', async (t) => {
  const { intake, log } = fixture();
  const text = 'SN1@wifi@20192208-10:00:00@20.0@1@1\nAA:BB:CC:DD:EE:FF@-40\n';
  for (const [deviceId, body] of [
    ['crowd-1', envelopeOf('crowd-1', Buffer.from(text))],
    ['crowd-1', Buffer.from('x')],
    // A meter that sends what a crowd counter would: by mistake, or to have it stored in clear.
    ['meter-1', envelopeOf('meter-1', Buffer.from(text))],
    ['meter-1', Buffer.from(text)],
  ] as const) {
    await intake.authenticate(deviceId, `token-of-${deviceId}`, undefined)?.accept(body);
    const { value } = log.stored.at(-1)!;
    t.equal(value[0], KIND_SEALED_ENVELOPE);
    t.notOk(value.includes('AA:BB'));
    const keys = { openingKey: () => DAY_KEY.key, pseudonymKey: () => null };
    t.same(Buffer.from(unseal(keys, deviceId, value)), Buffer.from(body));
  }
});

void t.test('without a key of the day a personal frame is refused, for now', async (t) => {
  const keys = {
    sealingKey(): never {
      throw new Error('no key');
    },
  };
  const { intake, log } = fixture({ keys });
  const outcome = await intake.authenticate('crowd-1', 'token-of-crowd-1', undefined)!.accept(Buffer.from('x'));
  t.match(outcome, { isAccepted: false, code: 'DEPENDENCY_DOWN' });
  t.equal(log.stored.length, 0);
  t.equal(intake.counts().inFlightFrames, 0);
});

void t.test(
  'only what belongs together authenticates; a legacy device needs no token where unsigned frames may come from',
  async (t) => {
    const { intake, directory } = fixture({ unsigned: unsignedFrom(['10.0.0.0/8']) });
    directory.add('legacy', { credentialHash: null }).add('gone', { state: 'revoked', credentialHash: null });
    const isLetIn = (id: string, token: string | undefined, address: string | undefined) =>
      intake.authenticate(id, token, address) !== undefined;
    t.ok(isLetIn('meter-1', 'token-of-meter-1', '192.0.2.1'));
    t.ok(isLetIn('legacy', undefined, '10.1.2.3'));
    for (const [id, token, address] of [
      ['meter-1', 'token-of-meter-2', '192.0.2.1'],
      ['nobody', 'token-of-nobody', '192.0.2.1'],
      ['meter-1', undefined, '10.1.2.3'],
      ['legacy', undefined, '192.0.2.1'],
      ['legacy', undefined, undefined],
      ['gone', undefined, '10.1.2.3'],
    ] as const) {
      t.notOk(isLetIn(id, token, address), `${id} from ${address}`);
    }
  },
);

void t.test('raw frames are marked unsigned, and only from where they may come', async (t) => {
  const { intake, log } = fixture({ unsigned: unsignedFrom(['10.0.0.0/8']) });
  const inside = intake.authenticate('meter-1', 'token-of-meter-1', '10.0.0.9')!;
  const outside = intake.authenticate('meter-1', 'token-of-meter-1', '192.0.2.1')!;
  await inside.accept(enmonPayload);
  await inside.accept(envelopeOf('meter-1', enmonPayload));
  await outside.accept(enmonPayload);
  // What is not an envelope and may not be anything else is stored as what it should have been: the verifier refuses it.
  t.same(
    log.stored.map(({ value }) => value[0]),
    [KIND_UNSIGNED, KIND_ENVELOPE, KIND_ENVELOPE],
  );
});

void t.test('each limit refuses with its code, and says whether sending again may help', async (t) => {
  const { intake, log } = fixture({
    limits: { frameBytesMax: 10, rate: { perSecond: 50, burst: 5 }, inFlightMax: 5, inFlightPerDeviceMax: 3 },
  });
  log.isPrompt = false;
  const one = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  const two = intake.authenticate('meter-2', 'token-of-meter-2', undefined)!;
  const tooLarge = await one.accept(Buffer.alloc(11));
  t.match(tooLarge, { code: 'FRAME_TOO_LARGE', message: 'the frame has 11 bytes, at most 10 are accepted' });
  t.equal(!tooLarge.isAccepted && isLasting(tooLarge), true);
  const pending = [one, one, one, two, two].map((lane) => lane.accept(Buffer.alloc(10)));
  for (const lane of [one, two]) {
    const busy = await lane.accept(Buffer.alloc(1));
    t.match(busy, { code: 'INTAKE_BUSY', retryAfterMs: 1000 });
    t.equal(!busy.isAccepted && isLasting(busy), false);
  }
  log.settle();
  await Promise.all(pending);
  log.isPrompt = true;
  await one.accept(Buffer.alloc(1));
  await one.accept(Buffer.alloc(1));
  const limited = await one.accept(Buffer.alloc(1));
  t.match(limited, { code: 'RATE_LIMITED', retryAfterMs: 20 });
  t.equal(!limited.isAccepted && isLasting(limited), false);
  t.match(intake.counts(), {
    acceptedFrames: 7,
    refusedFrames: { FRAME_TOO_LARGE: 1, INTAKE_BUSY: 2, RATE_LIMITED: 1 },
    inFlightFrames: 0,
    inFlightBytes: 0,
  });
});

void t.test('the rate is of the device: a new connection brings no new burst', async (t) => {
  const { intake, clock } = fixture({ limits: { rate: { perSecond: 1, burst: 2 } } });
  const open = () => intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  t.match(await open().accept(Buffer.alloc(1)), { isAccepted: true });
  t.match(await open().accept(Buffer.alloc(1)), { isAccepted: true });
  t.match(await open().accept(Buffer.alloc(1)), { code: 'RATE_LIMITED' });
  clock.nowMs += 1000;
  t.match(await open().accept(Buffer.alloc(1)), { isAccepted: true });
});

void t.test(
  'what the log refuses is told by its own code; only the frame’s own fault is refused for ever',
  async (t) => {
    for (const [error, code, lasting] of [
      [quotaExceeded(), 'QUOTA_EXCEEDED', false],
      [new MsecError('BATCH_TOO_LARGE', 'x'), 'FRAME_TOO_LARGE', true],
      [new MsecError('CLOSED', 'x'), 'CLOSED', false],
      [new MsecError('TOPIC_UNKNOWN', 'x'), 'DEPENDENCY_DOWN', false],
      [new TypeError('x'), 'DEPENDENCY_DOWN', false],
    ] as const) {
      const { intake, log } = fixture();
      log.isPrompt = false;
      const pending = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!.accept(Buffer.alloc(1));
      log.fail(error);
      const outcome = await pending;
      t.match(outcome, { isAccepted: false, code });
      t.equal(!outcome.isAccepted && isLasting(outcome), lasting);
      t.equal(intake.counts().inFlightFrames, 0);
    }
  },
);

void t.test('a lane ends with what it was opened with: revoked, or its token replaced', async (t) => {
  const { intake, directory } = fixture();
  const lane = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  directory.add('meter-1', { revision: 2, resetCount: 1 });
  t.match(await lane.accept(Buffer.alloc(1)), { isAccepted: true });
  directory.add('meter-1', { revision: 3, credentialHash: 'cd'.repeat(32) });
  t.match(await lane.accept(Buffer.alloc(1)), { code: 'NOT_AUTHENTICATED' });
  directory.add('meter-1', { revision: 4, state: 'revoked' });
  t.match(await lane.accept(Buffer.alloc(1)), { code: 'DEVICE_REVOKED' });
  directory.records.delete('meter-1');
  t.match(await lane.accept(Buffer.alloc(1)), { code: 'DEVICE_REVOKED' });
});

void t.test('a bridge is told to stop reading at half of what may be in flight, and when to go on', async (t) => {
  const { intake, log } = fixture({ limits: { inFlightMax: 4 } });
  log.isPrompt = false;
  const lane = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  const pending = [lane.accept(Buffer.alloc(1)), lane.accept(Buffer.alloc(1))];
  t.equal(intake.hasRoom, false);
  let called = 0;
  intake.whenRoom(() => {
    called += 1;
  });
  log.settle();
  await Promise.all(pending);
  t.equal(intake.hasRoom, true);
  t.equal(called, 1);
});

void t.test('close lets what is in flight finish and refuses what comes after', async (t) => {
  const { intake, log } = fixture();
  log.isPrompt = false;
  const lane = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  const pending = lane.accept(Buffer.alloc(1));
  const closed = intake.close();
  t.match(await lane.accept(Buffer.alloc(1)), { code: 'CLOSED' });
  log.settle();
  await closed;
  t.match(await pending, { isAccepted: true });
  await intake.close();
});

void t.test('refusals of a device are reported once in a while, with how many there were', async (t) => {
  const events: FramesRefused[] = [];
  const { intake, clock } = fixture({ limits: { frameBytesMax: 1 }, onEvent: (event) => events.push(event) });
  const lane = intake.authenticate('meter-1', 'token-of-meter-1', undefined)!;
  for (let i = 0; i < 5; i++) await lane.accept(Buffer.alloc(2));
  clock.nowMs += REFUSAL_REPORT_MS;
  await lane.accept(Buffer.alloc(3));
  const common = { event: 'FramesRefused', deviceId: 'meter-1', code: 'FRAME_TOO_LARGE' };
  t.same(events, [
    { ...common, message: 'the frame has 2 bytes, at most 1 are accepted', frames: 1 },
    { ...common, message: 'the frame has 3 bytes, at most 1 are accepted', frames: 5 },
  ]);
});
