import t from 'tap';
import { HELD_MS_MAX } from '../../../actors/verify/held-frames.ts';
import { encodeFrameRecord, KIND_ENVELOPE, KIND_UNSIGNED, signEnvelope } from '../../../schemas/envelope/index.ts';
import { enmon, ReadingHead } from '../../../schemas/index.ts';
import { city, Device, enmonFrame, MemoryKeys, NOW } from '../city.ts';
import type { StageDriver } from '../stage-driver.ts';

const FRAMES = 'device.frames';

function heads(driver: StageDriver): ReadingHead[] {
  return driver.of('device.readings').map(({ value }) => {
    const head = new ReadingHead();
    enmon.decodeReading(value, 0, value.length, head, enmon.create());
    return head;
  });
}

t.test('a signed frame of an enrolled device becomes a verified reading', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { deviceTimeMs: NOW - 500 }));
  t.same(driver.reasons, []);
  const [head] = heads(driver);
  t.match(head, { eventTime: NOW - 500, receivedAt: NOW, verified: true, bootEpoch: 1, sequence: 0 });
  t.equal(driver.of('device.readings')[0]?.timestamp, NOW - 500);
});

t.test('without a device time the receive time is the event time', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW + 7, device.signed(enmonFrame()));
  t.match(heads(driver)[0], { eventTime: NOW + 7, receivedAt: NOW + 7 });
});

t.test('a clock within the tolerance ahead of the bridge counts as the receive time', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { deviceTimeMs: NOW + 120_000 }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { deviceTimeMs: NOW + 120_001 }));
  t.match(heads(driver), [{ eventTime: NOW }]);
  t.same(driver.reasons, ['CLOCK_SKEW']);
});

t.test('every refusal has its reason, and the letter holds key and bytes unchanged', async (t) => {
  const device = new Device('enmon-1');
  const other = new Device('enmon-2');
  const stranger = new Device('nobody');
  const frame = device.signed(enmonFrame());
  const cases: [string, string, string, Uint8Array][] = [
    ['an empty record', 'enmon-1', 'ENVELOPE_INVALID', new Uint8Array(0)],
    ['a kind that does not exist', 'enmon-1', 'ENVELOPE_INVALID', Uint8Array.of(9, 1, 2)],
    ['noise', 'enmon-1', 'ENVELOPE_INVALID', Uint8Array.of(1, 0xff, 0xff)],
    ['a byte after the envelope', 'enmon-1', 'ENVELOPE_INVALID', Uint8Array.of(...frame, 0)],
    ['an unsigned envelope', 'enmon-1', 'UNSIGNED', device.unsigned(enmonFrame())],
    ['a device that is not enrolled', 'nobody', 'DEVICE_UNKNOWN', stranger.signed(enmonFrame())],
    ['another device than the credential', 'enmon-2', 'IDENTITY_MISMATCH', device.signed(enmonFrame())],
    ['a key of another device', 'enmon-1', 'KEY_UNKNOWN', signedBy(device, other)],
    ['a signature of another key', 'enmon-1', 'SIGNATURE_INVALID', forged(device)],
    ['a changed payload', 'enmon-1', 'SIGNATURE_INVALID', flipped(device.signed(enmonFrame()), 70)],
  ];
  for (const [name, key, reason, value] of cases) {
    const driver = city([device, other]);
    driver.feed(FRAMES, key, NOW, value);
    driver.feed(FRAMES, null, NOW + HELD_MS_MAX, new Uint8Array(0));
    t.same(driver.reasons, [reason], name);
    const [letter] = driver.of('device.frames.dlq');
    t.equal(letter?.key, key);
    t.same(Buffer.from(letter?.value ?? []), Buffer.from(value), name);
    t.same(driver.of('device.readings'), []);
  }
});

function signedBy(device: Device, signer: Device): Uint8Array {
  return encodeFrameRecord(KIND_ENVELOPE, signEnvelope(device.fields(enmonFrame()), signer));
}

/** The right key id, the wrong key. */
function forged(device: Device): Uint8Array {
  const { privateKey } = new Device('x');
  return encodeFrameRecord(
    KIND_ENVELOPE,
    signEnvelope(device.fields(enmonFrame()), { keyId: device.keyId, privateKey }),
  );
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

t.test('what is decided about a device holds from its place in the partition on', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const next = new Device('enmon-1');
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame()));
  const late = device.signed(enmonFrame());
  const retired = device.record.keys.map((key) => ({ ...key, state: 'retired' as const }));
  driver.feed(FRAMES, device.id, NOW, device.control({ keys: [...next.record.keys, ...retired] }));
  driver.feed(FRAMES, device.id, NOW, late);
  t.same(driver.reasons, ['KEY_UNKNOWN'], 'the retired key');
  driver.feed(
    FRAMES,
    device.id,
    NOW,
    encodeFrameRecord(KIND_ENVELOPE, signEnvelope(device.fields(enmonFrame()), next)),
  );
  t.equal(heads(driver).length, 2, 'the new key');
  driver.feed(FRAMES, device.id, NOW, device.control({ state: 'revoked' }));
  driver.feed(
    FRAMES,
    device.id,
    NOW,
    encodeFrameRecord(KIND_ENVELOPE, signEnvelope(device.fields(enmonFrame()), next)),
  );
  driver.feed(FRAMES, device.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame()));
  t.same(driver.reasons.slice(1), ['DEVICE_REVOKED', 'DEVICE_REVOKED']);
});

t.test('an older control record changes nothing, one under another key is refused', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const old = device.control({ state: 'revoked' });
  const fresh = device.control({ state: 'active' });
  driver.feed(FRAMES, device.id, NOW, fresh);
  driver.feed(FRAMES, device.id, NOW, old);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame()));
  t.equal(heads(driver).length, 1);
  driver.feed(FRAMES, 'enmon-9', NOW, device.control());
  t.same(driver.reasons, ['IDENTITY_MISMATCH']);
});

t.test('a repeat is silent, and what is forged contradicts nothing', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const first = device.signed(enmonFrame(), { sequence: 5 });
  driver.feed(FRAMES, device.id, NOW, first);
  driver.feed(FRAMES, device.id, NOW, first);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 5 }));
  t.same(driver.reasons, []);
  t.equal(driver.counts('verify').duplicate, 2, 'also with a new signature over the same content');
  driver.feed(FRAMES, device.id, NOW, flipped(first, first.length - 1));
  t.same(driver.reasons, ['SIGNATURE_INVALID'], 'a repeat with a bad signature is no repeat');
  driver.feed(FRAMES, device.id, NOW, flipped(first, 70));
  t.same(driver.reasons.slice(1), ['SIGNATURE_INVALID'], 'a forged contradiction is none');
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 6 }));
  t.equal(heads(driver).length, 2);
});

t.test('after a contradiction nothing of the device passes, whoever signed it, until it is released', async (t) => {
  const device = new Device('enmon-1');
  const other = new Device('enmon-2');
  const driver = city([device, other]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 5 }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ sonometer: 65 }), { sequence: 5 }));
  t.same(driver.reasons, ['SEQUENCE_CONFLICT']);
  for (const sequence of [5, 6, 7]) driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 0, bootEpoch: 2 }));
  driver.feed(FRAMES, device.id, NOW, device.batch([{ payload: enmonFrame() }], { sequence: 9 }));
  driver.feed(FRAMES, device.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame()));
  t.same(driver.reasons.slice(1), Array(6).fill('DEVICE_QUARANTINED'));
  t.equal(heads(driver).length, 1);
  driver.feed(FRAMES, other.id, NOW, other.signed(enmonFrame()));
  t.equal(heads(driver).length, 2, 'others are none the worse');
  const next = new Device('enmon-1');
  driver.feed(FRAMES, device.id, NOW, device.control({ keys: next.record.keys }));
  driver.feed(FRAMES, device.id, NOW, next.signed(enmonFrame(), { sequence: 10 }));
  t.same(driver.reasons.slice(7), ['DEVICE_QUARANTINED'], 'a new key alone releases nobody');
  driver.feed(FRAMES, device.id, NOW, device.control({ resetCount: 1 }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ sonometer: 66 }), { sequence: 11 }));
  driver.feed(FRAMES, device.id, NOW + HELD_MS_MAX, next.signed(enmonFrame(), { sequence: 0 }));
  t.equal(heads(driver).length, 3, 'the new key after the release, and not the stolen one');
});

t.test('where contradictions only mark, a device is still heard, and a reset takes the mark away', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { conflicts: 'mark' } });
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 5 }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ sonometer: 65 }), { sequence: 5 }));
  t.same(driver.reasons, ['SEQUENCE_CONFLICT']);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 6 }));
  t.same(suspicion(driver), [false, true]);
  driver.feed(FRAMES, device.id, NOW, device.control({ resetCount: 1 }));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 0 }));
  t.same(suspicion(driver), [false, true, false]);
});

t.test('a key holds from its first moment to its last, by the time of receipt, whatever its device says', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  const keys = device.record.keys.map((key) => ({ ...key, notBeforeMs: NOW, notAfterMs: NOW + 1000 }));
  driver.feed(FRAMES, device.id, NOW, device.control({ keys }));
  const send = (atMs: number, deviceTimeMs: number) =>
    driver.feed(FRAMES, device.id, atMs, device.signed(enmonFrame(), { deviceTimeMs }));
  send(NOW - 1, NOW + 500);
  t.same(driver.reasons, ['KEY_EXPIRED'], 'a clock that runs ahead makes no key valid sooner');
  send(NOW, NOW - 500);
  send(NOW + 999, NOW + 999);
  t.equal(heads(driver).length, 2);
  send(NOW + 1000, NOW + 500);
  t.same(driver.reasons, ['KEY_EXPIRED', 'KEY_EXPIRED'], 'a stolen key that has ended cannot date back');
  driver.feed(FRAMES, device.id, NOW + 1000, device.batch([{ payload: enmonFrame() }]));
  t.equal(driver.reasons.length, 3);
  driver.feed(FRAMES, device.id, NOW, device.control({ keys: new Device('enmon-1').record.keys }));
  t.equal(heads(driver).length, 2);
});

function suspicion(driver: StageDriver): boolean[] {
  return heads(driver).map((head) => head.suspect);
}

t.test('a frame is accepted once within the last 1,024, in any order, and never before them', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { signatures: 'off' } });
  const send = (bootEpoch: number, sequence: number) =>
    driver.feed(FRAMES, device.id, NOW, device.unsigned(enmonFrame(), { bootEpoch, sequence }));
  send(1, 5000);
  send(1, 5000 - 1023);
  send(1, 5000 - 1024);
  t.same(driver.reasons, ['REPLAYED']);
  send(2, 0);
  send(1, 6000);
  t.same(driver.reasons, ['REPLAYED', 'REPLAYED'], 'an earlier boot epoch');
  send(2, 0xffff_ffff);
  send(2, 0);
  t.equal(driver.reasons.length, 3, 'a wrap needs a higher epoch');
  send(3, 0);
  t.equal(driver.of('device.readings').length, 5);
});

t.test('forged frames neither move the window nor mark the device', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 1 }));
  const high = device.signed(enmonFrame(), { sequence: 0xffff_ffff, bootEpoch: 9 });
  driver.feed(FRAMES, device.id, NOW, flipped(high, high.length - 1));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame(), { sequence: 2 }));
  t.same(driver.reasons, ['SIGNATURE_INVALID']);
  t.equal(heads(driver).length, 2);
});

t.test('a device that keeps failing is refused unchecked until the budget has grown again', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { budget: { burst: 3, refillMs: 1000 } } });
  const bad = flipped(device.signed(enmonFrame(), { sequence: 1 }), 70);
  for (let i = 0; i < 5; i++) driver.feed(FRAMES, device.id, NOW, bad);
  t.same(driver.reasons, [...Array(3).fill('SIGNATURE_INVALID'), 'BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED']);
  driver.feed(FRAMES, device.id, NOW + 999, device.signed(enmonFrame(), { sequence: 2 }));
  t.same(driver.reasons.slice(5), ['BUDGET_EXHAUSTED'], 'good frames, too: nothing tells them apart unchecked');
  driver.feed(FRAMES, device.id, NOW + 1000, device.signed(enmonFrame(), { sequence: 3 }));
  driver.feed(FRAMES, device.id, NOW + 1000, bad);
  driver.feed(FRAMES, device.id, NOW + 1000, bad);
  t.same(driver.reasons.slice(6), ['SIGNATURE_INVALID', 'BUDGET_EXHAUSTED']);
  t.equal(heads(driver).length, 1);
});

t.test("a legacy device's raw frame passes unverified", async (t) => {
  const device = new Device('enmon-1');
  device.record = { ...device.record, keys: [] };
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame()));
  t.match(heads(driver), [{ verified: false, bootEpoch: 0, sequence: 0, eventTime: NOW }]);
});

t.test('who has a key cannot leave its signature out, wherever it sends from', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame()));
  t.same(driver.reasons, ['UNSIGNED']);
  t.same(heads(driver), []);
});

t.test('with signatures off nothing counts as verified', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { signatures: 'off' } });
  driver.feed(FRAMES, device.id, NOW, device.unsigned(enmonFrame()));
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame()));
  t.match(heads(driver), [{ verified: false }, { verified: false }]);
});

t.test('a sealed record is opened for its device alone, and stays sealed in the dead letters', async (t) => {
  const keys = new MemoryKeys();
  const device = new Device('enmon-1');
  const other = new Device('enmon-2');
  const driver = city([device, other], { keys });
  const sealed = device.sealed(enmonFrame());
  driver.feed(FRAMES, 'enmon-2', NOW, sealed);
  driver.feed(FRAMES, device.id, NOW, flipped(sealed, sealed.length - 1));
  t.same(driver.reasons, ['SEAL_INVALID', 'SEAL_INVALID']);
  driver.feed(FRAMES, device.id, NOW, sealed);
  t.equal(heads(driver).length, 1);
  keys.destroyed.add('2026-11-23');
  driver.feed(FRAMES, device.id, NOW, device.sealed(enmonFrame()));
  t.same(driver.reasons.slice(2), ['KEY_DESTROYED']);
});
