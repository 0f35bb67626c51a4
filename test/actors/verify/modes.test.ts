import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { HELD_DEVICES_MAX, HELD_MS_MAX, HELD_PER_DEVICE_MAX } from '../../../actors/verify/held-frames.ts';
import type { KeyMode } from '../../../schemas/device/index.ts';
import { type BatchFrame, encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../../schemas/envelope/index.ts';
import { enmon, ReadingHead } from '../../../schemas/index.ts';
import { city, Device, enmonFrame, NOW, Receiver } from '../city.ts';
import type { StageDriver } from '../stage-driver.ts';

const FRAMES = 'device.frames';
const HOUR_MS = 3_600_000;

function readings(driver: StageDriver): { head: ReadingHead; nSend: number }[] {
  return driver.of('device.readings').map(({ value }) => {
    const head = new ReadingHead();
    const reading = enmon.create();
    enmon.decodeReading(value, 0, value.length, head, reading);
    return { head, nSend: (reading as unknown as { nSend: number }).nSend };
  });
}

const frames = (count: number, from = 0, timeMs?: number): BatchFrame[] =>
  Array.from({ length: count }, (_, i) => ({
    payload: enmonFrame({ nSend: from + i }),
    ...(timeMs === undefined ? {} : { deviceTimeMs: timeMs + i }),
  }));

function withModes(device: Device, modes: readonly KeyMode[]): Device {
  device.record = { ...device.record, keys: device.record.keys.map((key) => ({ ...key, modes })) };
  return device;
}

const flipped = (bytes: Uint8Array, at: number, bit = 1): Uint8Array =>
  bytes.map((byte, i) => (i === (at + bytes.length) % bytes.length ? byte ^ bit : byte));

t.test('the frames of a batch go on as single frames do, each with its own time and sequence', async (t) => {
  for (const fuse of [true, false]) {
    const device = new Device('enmon-1');
    const driver = city([device], { fuse });
    driver.feed(FRAMES, device.id, NOW, device.batch(frames(100, 0, NOW - 500)));
    driver.feed(FRAMES, device.id, NOW, device.batch(frames(3, 100)));
    driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ nSend: 103 })));
    t.same(driver.reasons, []);
    const all = readings(driver);
    t.same(
      all.map(({ nSend }) => nSend),
      Array.from({ length: 104 }, (_, i) => i),
    );
    t.same(
      all.map(({ head }) => head.sequence),
      Array.from({ length: 104 }, (_, i) => i),
    );
    t.match(all[7]?.head, { eventTime: NOW - 493, receivedAt: NOW, verified: true, suspect: false, bootEpoch: 1 });
    t.match(all[101]?.head, { eventTime: NOW });
  }
});

t.test('whatever is changed in a batch, none of it passes', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { budget: { burst: 1e9 } } });
  const batch = device.batch(frames(4, 0, NOW));
  for (let at = 1; at < batch.length; at++) driver.feed(FRAMES, device.id, NOW, flipped(batch, at));
  t.same(driver.of('device.readings'), []);
  driver.feed(FRAMES, null, NOW + HELD_MS_MAX, new Uint8Array(0));
  t.equal(driver.reasons.length, batch.length - 1);
  driver.feed(FRAMES, device.id, NOW, batch);
  t.equal(readings(driver).length, 4);
});

t.test('a frame counts once, in whatever mode and packing it comes again', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const batch = device.batch(frames(10, 0, NOW));
  driver.feed(FRAMES, device.id, NOW, batch);
  driver.feed(FRAMES, device.id, NOW, batch);
  t.equal(driver.counts('verify').duplicate, 10, 'the batch again');
  const alone = device.signed(enmonFrame({ nSend: 4 }), { sequence: 4, deviceTimeMs: NOW + 4 });
  driver.feed(FRAMES, device.id, NOW, alone);
  t.equal(driver.counts('verify').duplicate, 11, 'one of it alone');
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(8, 5, NOW + 5), { sequence: 5 }));
  t.equal(driver.counts('verify').duplicate, 16, 'half of it packed with new ones');
  t.same(driver.reasons, []);
  t.same(
    readings(driver).map(({ nSend }) => nSend),
    Array.from({ length: 13 }, (_, i) => i),
  );
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(3, 50, NOW), { sequence: 12 }));
  t.same(driver.reasons, ['SEQUENCE_CONFLICT'], 'one of its frames says something else');
  t.equal(readings(driver).length, 13, 'then none of the batch counts');
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(1, 99), { sequence: 99 }));
  t.same(driver.reasons.slice(1), ['DEVICE_QUARANTINED']);
});

t.test('a batch of 4,096 frames is a repeat as a whole, and one that is partly too old is refused', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const long = device.batch(frames(4096));
  driver.feed(FRAMES, device.id, NOW, long);
  t.equal(driver.of('device.readings').length, 4096);
  driver.feed(FRAMES, device.id, NOW, long);
  t.equal(driver.counts('verify').duplicate, 4096);
  t.same(driver.reasons, []);
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(4096, 4096)));
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(4096, 5000), { sequence: 5000 }));
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(4096, 8000), { sequence: 7168, bootEpoch: 0 }));
  t.same(driver.reasons, ['REPLAYED', 'REPLAYED']);
  t.equal(driver.of('device.readings').length, 8192);
});

t.test('a frame of a batch that cannot be decoded has a letter of its own, without the others in it', async (t) => {
  for (const fuse of [true, false]) {
    const device = new Device('enmon-1');
    const driver = city([device], { fuse });
    const some = frames(64).map((frame, i) => (i === 20 ? { payload: Uint8Array.of(1, 0, 28, 9) } : frame));
    driver.feed(FRAMES, device.id, NOW, device.batch(some));
    t.same(driver.reasons, ['FRAME_INVALID']);
    t.equal(readings(driver).length, 63);
    const [letter] = driver.of('device.verified.dlq');
    t.ok(letter!.value.length < 100, `${letter!.value.length} bytes`);
    t.ok(Buffer.from(letter!.value).includes(Buffer.from([1, 0, 28, 9])));
  }
});

t.test('a clock that runs ahead in one frame of a batch refuses the batch', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const some = [...frames(2, 0, NOW), { payload: enmonFrame(), deviceTimeMs: NOW + 120_001 }];
  driver.feed(FRAMES, device.id, NOW, device.batch(some));
  t.same(driver.reasons, ['CLOCK_SKEW']);
  t.same(readings(driver), []);
});

t.test('Ed25519 signs frames and batches as P-256 does, and one key has one algorithm', async (t) => {
  const pair = generateKeyPairSync('ed25519');
  const device = new Device('enmon-1', 'enmon', '867723030040330', pair);
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame()));
  driver.feed(FRAMES, device.id, NOW, device.batch(frames(5)));
  t.equal(readings(driver).length, 6);
  const forged = new Device('enmon-1');
  const fields = device.fields(enmonFrame());
  const record = encodeFrameRecord(
    KIND_ENVELOPE,
    signEnvelope(fields, { keyId: device.keyId, privateKey: forged.privateKey }),
  );
  driver.feed(FRAMES, device.id, NOW, record);
  t.same(driver.reasons, ['MODE_REFUSED'], 'an ECDSA signature under the id of an Ed25519 key');
});

t.test('a key is good for what its record says and for nothing else', async (t) => {
  const receiver = new Receiver();
  const send = {
    frame: (device: Device) => device.signed(enmonFrame()),
    batch: (device: Device) => device.batch(frames(2)),
    session: (device: Device) => device.session(receiver, enmonFrame()),
  };
  const modes = Object.keys(send) as KeyMode[];
  for (const allowed of [['frame'], ['batch'], ['session'], ['frame', 'batch'], modes] as KeyMode[][]) {
    const device = withModes(new Device('enmon-1'), allowed);
    const driver = city([device], { verify: { receiverKeys: receiver } });
    for (const mode of modes) driver.feed(FRAMES, device.id, NOW, send[mode](device));
    const refused = modes.filter((mode) => !allowed.includes(mode)).map(() => 'MODE_REFUSED');
    t.same(driver.reasons, refused, allowed.join(', '));
  }
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { receiverKeys: receiver } });
  for (const mode of modes) driver.feed(FRAMES, device.id, NOW, send[mode](device));
  t.same(driver.reasons, ['MODE_REFUSED'], 'sessions only where the record names them');
});

t.test('a session lasts 24 hours and 65,536 sequences, for one device, boot epoch and receiver', async (t) => {
  const receiver = new Receiver();
  const device = withModes(new Device('enmon-1'), ['session']);
  const other = withModes(new Device('enmon-2'), ['session']);
  const driver = city([device, other], { verify: { receiverKeys: receiver, budget: { burst: 1e9 } } });
  const feed = (record: Uint8Array, atMs = NOW, id = device.id) => driver.feed(FRAMES, id, atMs, record);
  feed(device.session(receiver, enmonFrame({ nSend: 0 })));
  feed(device.session(receiver, enmonFrame({ nSend: 1 })));
  feed(device.session(receiver, enmonFrame({ nSend: 2 }), { sequence: 65_535 }));
  feed(device.session(receiver, enmonFrame({ nSend: 3 }), { sequence: 65_536, first: 65_536 }));
  t.same(driver.reasons, []);
  t.same(
    readings(driver).map(({ nSend }) => nSend),
    [0, 1, 2, 3],
  );
  feed(device.session(receiver, enmonFrame(), { sequence: 131_072, first: 65_536 }));
  feed(device.session(receiver, enmonFrame(), { sequence: 131_073, first: 131_073 }), NOW + 24 * HOUR_MS + 1);
  feed(device.session(receiver, enmonFrame(), { sequence: 131_074, first: 131_074, startMs: NOW + 120_001 }));
  t.same(driver.reasons, ['SESSION_EXPIRED', 'SESSION_EXPIRED', 'CLOCK_SKEW']);
  feed(device.session(new Receiver(), enmonFrame(), { sequence: 140_000, first: 140_000 }));
  t.same(driver.reasons.slice(3), ['KEY_UNKNOWN'], 'agreed on with somebody else');
  const record = device.session(receiver, enmonFrame(), { sequence: 140_001, first: 140_000 });
  for (let at = 1; at < record.length; at++) feed(flipped(record, at));
  driver.feed(FRAMES, null, NOW + HELD_MS_MAX, new Uint8Array(0));
  t.equal(driver.reasons.length, 4 + record.length - 1, 'whatever is changed');
  t.equal(readings(driver).length, 4);
  feed(record);
  feed(record);
  t.equal(driver.counts('verify').duplicate, 1);
  t.equal(readings(driver).length, 5);
});

t.test('the end of a key ends its session', async (t) => {
  const receiver = new Receiver();
  const device = withModes(new Device('enmon-1'), ['session']);
  const driver = city([device], { verify: { receiverKeys: receiver } });
  driver.feed(FRAMES, device.id, NOW, device.session(receiver, enmonFrame()));
  const keys = device.record.keys.map((key) => ({ ...key, state: 'retired' as const }));
  driver.feed(FRAMES, device.id, NOW, device.control({ keys }));
  driver.feed(FRAMES, device.id, NOW, device.session(receiver, enmonFrame()));
  t.same(driver.reasons, ['KEY_UNKNOWN']);
});

t.test('a frame that comes before its key is enrolled waits for it, and keeps its turn', async (t) => {
  const device = new Device('enmon-1');
  const next = new Device('enmon-1');
  const driver = city([device]);
  const fields = [0, 1].map((nSend) => device.fields(enmonFrame({ nSend })));
  const early = fields.map((one) => encodeFrameRecord(KIND_ENVELOPE, signEnvelope(one, next)));
  driver.feed(FRAMES, device.id, NOW, early[0]!);
  driver.feed(FRAMES, device.id, NOW + 1, flipped(early[1]!, -1));
  driver.feed(FRAMES, device.id, NOW + 2, early[1]!);
  t.equal(driver.counts('verify').held, 3);
  t.same(driver.records, []);
  driver.feed(FRAMES, device.id, NOW + 5, device.control({ keys: [...next.record.keys, ...device.record.keys] }));
  t.same(driver.reasons, ['SIGNATURE_INVALID']);
  t.same(
    readings(driver).map(({ nSend, head }) => [nSend, head.receivedAt]),
    [
      [0, NOW],
      [1, NOW + 2],
    ],
  );
  const [letter] = driver.of('device.frames.dlq');
  t.same(Buffer.from(letter!.value), Buffer.from(flipped(early[1]!, -1)));
  t.equal(letter?.letter?.offset, 2, 'where it stood, not what it waited for');
});

t.test('who waits for a key that does not come is refused in the end, and there is room for so many', async (t) => {
  const devices = Array.from({ length: HELD_DEVICES_MAX + 1 }, (_, i) => new Device(`enmon-${i}`));
  const stranger = new Device('x');
  const driver = city(devices);
  const feed = (device: Device) =>
    driver.feed(
      FRAMES,
      device.id,
      NOW,
      encodeFrameRecord(KIND_ENVELOPE, signEnvelope(device.fields(enmonFrame()), stranger)),
    );
  for (let i = 0; i <= HELD_PER_DEVICE_MAX; i++) feed(devices[0]!);
  t.same(driver.reasons, ['KEY_UNKNOWN'], 'one more than a device has room for');
  for (const device of devices.slice(1)) feed(device);
  t.same(driver.reasons, ['KEY_UNKNOWN', 'KEY_UNKNOWN'], 'one more device than a partition has room for');
  driver.feed(FRAMES, null, NOW + HELD_MS_MAX - 1, new Uint8Array(0));
  t.equal(driver.reasons.length, 2);
  driver.feed(FRAMES, null, NOW + HELD_MS_MAX, new Uint8Array(0));
  t.same(new Set(driver.reasons), new Set(['KEY_UNKNOWN']));
  t.equal(driver.reasons.length, HELD_PER_DEVICE_MAX + HELD_DEVICES_MAX + 1);
});

t.test('what comes out of a batch is what it would be one by one', async (t) => {
  const frame = fc.record({
    payload: fc.oneof(
      { weight: 60, arbitrary: fc.integer({ min: -100, max: 400 }).map((temperature) => enmonFrame({ temperature })) },
      { weight: 3, arbitrary: fc.constant(enmonFrame({ imei: '867723030040331' })) },
      { weight: 1, arbitrary: fc.constant(enmonFrame({ temperature: 2000 })) },
      { weight: 1, arbitrary: fc.constant(Buffer.concat([enmonFrame({ nSend: 1 }), enmonFrame({ nSend: 2 })])) },
    ),
    agoMs: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 150_000 }) },
    ),
  });
  const batches = fc.array(fc.array(frame, { minLength: 1, maxLength: 12 }), { maxLength: 8 });
  const device = new Device('enmon-1');
  const told = (isEachAlone: boolean, sent: readonly (readonly { payload: Uint8Array; agoMs: number }[])[]) => {
    const driver = city([device], { isEachAlone });
    device.sequence = 0;
    for (const [i, batch] of sent.entries()) {
      const now = NOW + 25_000 * i;
      const inTime = batch.map(({ payload, agoMs }) => ({ payload, deviceTimeMs: now - agoMs }));
      driver.feed(FRAMES, device.id, now, device.batch(inTime));
    }
    driver.feed(FRAMES, null, NOW + HOUR_MS, new Uint8Array(0));
    const records = ['device.readings', 'device.aggregates', 'device.late'].map((topic) =>
      driver.of(topic).map(({ timestamp, value }) => `${timestamp} ${Buffer.from(value).toString('hex')}`),
    );
    return { records, reasons: driver.reasons };
  };
  const wrong = { payload: enmonFrame({ imei: '867723030040331' }), agoMs: 0 };
  const late = { payload: enmonFrame(), agoMs: 140_000 };
  const mixed = [...Array.from({ length: 5 }, () => late), wrong, wrong, late];
  let lates = 0;
  let letters = 0;
  fc.assert(
    fc.property(batches, (sent) => {
      const expected = told(true, sent);
      lates += expected.records[2]!.length;
      letters += expected.reasons.length;
      t.same(told(false, sent), expected);
    }),
    { numRuns: 25, examples: [[[[late, wrong], mixed, mixed]]] },
  );
  t.ok(lates > 5 && letters > 2, `${lates} late, ${letters} letters`);
});
