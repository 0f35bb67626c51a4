import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import tap from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import {
  type EnvelopeFields,
  EnvelopeView,
  encodeEnvelope,
  keyIdOf,
  SignatureVerifier,
  signEnvelope,
} from '../../../schemas/envelope/index.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { keyId: keyIdOf(publicKey), privateKey };
const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const fields: fc.Arbitrary<EnvelopeFields> = fc
  .record({
    deviceId: fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/),
    bootEpoch: u32,
    sequence: u32,
    deviceTimeMs: fc.option(fc.integer({ min: 0, max: 253_402_300_799_999 }), { nil: undefined }),
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ deviceTimeMs, ...rest }) => (deviceTimeMs === undefined ? rest : { ...rest, deviceTimeMs }));

function check(t: Pick<typeof tap, 'equal' | 'same'>, view: EnvelopeView, wanted: EnvelopeFields): void {
  t.equal(view.deviceId(), wanted.deviceId);
  t.equal(view.bootEpoch, wanted.bootEpoch);
  t.equal(view.sequence, wanted.sequence);
  t.equal(view.hasDeviceTime, wanted.deviceTimeMs !== undefined);
  t.equal(view.deviceTimeMs, wanted.deviceTimeMs ?? 0);
  t.same(view.bytes.slice(view.payloadStart, view.payloadEnd), wanted.payload);
}

tap.test('what was encoded is read back, wherever it lies', async (t) => {
  fc.assert(
    fc.property(fields, fc.nat(20), fc.boolean(), (wanted, shift, isSigned) => {
      const envelope = isSigned ? signEnvelope(wanted, key) : encodeEnvelope(wanted);
      const around = new Uint8Array(shift + envelope.length + 5).fill(0x4d);
      around.set(envelope, shift);
      const view = new EnvelopeView();
      view.parseOnly(around, shift, shift + envelope.length);
      check(t, view, wanted);
      t.equal(view.mode, isSigned ? 1 : 0);
      t.equal(view.keyId(), isSigned ? key.keyId.toString('hex') : '0000000000000000');
      if (isSigned) t.ok(new SignatureVerifier().isSignedBy(view, publicKey));
    }),
    { numRuns: 150 },
  );
});

tap.test('envelopes that follow one another are read one by one', async (t) => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 5 }), (all) => {
      const joined = Buffer.concat(all.map((wanted) => encodeEnvelope(wanted)));
      const view = new EnvelopeView();
      let at = 0;
      for (const wanted of all) {
        view.parse(joined, at, joined.length);
        check(t, view, wanted);
        at = view.end;
      }
      t.equal(at, joined.length);
    }),
    { numRuns: 50 },
  );
});

tap.test('each refusal names the field and where it lies', async (t) => {
  const good = encodeEnvelope({
    deviceId: 'dev-1',
    bootEpoch: 1,
    sequence: 2,
    deviceTimeMs: 3,
    payload: bytesOf(7, 8, 9),
  });
  const with_ = (at: number, ...bytes: number[]): Uint8Array => {
    const changed = good.slice();
    changed.set(bytes, at);
    return changed;
  };
  const cases: [string, Uint8Array, string, number][] = [
    ['nothing', bytesOf(), 'magic', 0],
    ['half a magic', good.slice(0, 1), 'magic', 0],
    ['another magic', with_(0, 0x4e), 'magic', 0],
    ['another magic, and short', bytesOf(1, 2, 3), 'magic', 0],
    ['a later version', with_(2, 2), 'version', 2],
    ['a later version, and short', bytesOf(0x4d, 0x53, 9), 'version', 2],
    ['cut before the mode', good.slice(0, 3), 'mode', 3],
    ['a reserved mode', with_(3, 4), 'mode', 3],
    ['cut before the algorithm', good.slice(0, 4), 'algorithm', 4],
    ['an algorithm without a signature', with_(4, 1), 'algorithm', 4],
    ['a signature without an algorithm', with_(3, 1), 'algorithm', 4],
    ['a reserved algorithm', with_(3, 1, 4), 'algorithm', 4],
    ['a MAC for a single frame', with_(3, 1, 3), 'algorithm', 4],
    ['a batch without a signature', with_(3, 2), 'algorithm', 4],
    ['a batch with a MAC', with_(3, 2, 3), 'algorithm', 4],
    ['a session with a signature', with_(3, 3, 1), 'algorithm', 4],
    ['a reserved flag', with_(5, 3), 'flags', 5],
    ['a key id without a signature', with_(13, 1), 'keyId', 6],
    ['cut within the key id', good.slice(0, 13), 'keyId', 6],
    ['cut before the length of the id', good.slice(0, 14), 'deviceIdLength', 14],
    ['no device id', with_(14, 0), 'deviceIdLength', 14],
    ['a device id that is too long', with_(14, 65), 'deviceIdLength', 14],
    ['cut within the device id', good.slice(0, 19), 'deviceId', 15],
    ['a space in the device id', with_(17, 0x20), 'deviceId', 17],
    ['a byte beyond ASCII in the device id', with_(15, 0xc3), 'deviceId', 15],
    ['cut within the boot epoch', good.slice(0, 23), 'bootEpoch', 20],
    ['cut within the sequence', good.slice(0, 27), 'sequence', 24],
    ['cut within the device time', good.slice(0, 35), 'deviceTime', 28],
    ['a device time before 1970', with_(28, 0xff), 'deviceTime', 28],
    ['a device time after the year 9999', with_(28, 0, 0, 0xe6, 0x77, 0xd2, 0x1f, 0xdc, 0), 'deviceTime', 28],
    ['cut within the payload length', good.slice(0, 39), 'payloadLength', 36],
    ['a payload of 4 GiB', with_(36, 0xff, 0xff, 0xff, 0xff), 'payloadLength', 36],
    ['a payload one byte over the limit', with_(36, 0, 1, 0, 0), 'payloadLength', 36],
    ['cut within the payload', good.slice(0, 42), 'payload', 40],
    ['a byte too many', Uint8Array.of(...good, 0), 'envelope', good.length],
    ['no signature', with_(3, 1, 1), 'signature', good.length],
  ];
  const view = new EnvelopeView();
  for (const [name, bytes, field, byteOffset] of cases) {
    const shifted = Uint8Array.of(0x4d, ...bytes);
    t.throws(() => view.parseOnly(shifted, 1, shifted.length), { code: 'ENVELOPE_INVALID', field, byteOffset }, name);
    t.notOk(view.tryParseOnly(shifted, 1, shifted.length), name);
  }
});

tap.test('the limit of the payload is an option', async (t) => {
  const envelope = encodeEnvelope({ deviceId: 'd', bootEpoch: 0, sequence: 0, payload: new Uint8Array(11) });
  t.ok(new EnvelopeView(11).tryParseOnly(envelope, 0, envelope.length));
  t.throws(() => new EnvelopeView(10).parseOnly(envelope, 0, envelope.length), {
    code: 'ENVELOPE_INVALID',
    field: 'payloadLength',
  });
});

tap.test('the encoder refuses what the reader would', async (t) => {
  const good = { deviceId: 'd', bootEpoch: 0, sequence: 0, payload: bytesOf() };
  const cases: [string, Partial<EnvelopeFields>][] = [
    ['deviceId', { deviceId: '' }],
    ['deviceId', { deviceId: 'a b' }],
    ['deviceId', { deviceId: 'ü' }],
    ['deviceId', { deviceId: 'x'.repeat(65) }],
    ['bootEpoch', { bootEpoch: -1 }],
    ['sequence', { sequence: 2 ** 32 }],
    ['sequence', { sequence: 0.5 }],
    ['deviceTime', { deviceTimeMs: -1 }],
    ['deviceTime', { deviceTimeMs: Number.NaN }],
    ['deviceTime', { deviceTimeMs: 253_402_300_800_000 }],
    ['payloadLength', { payload: new Uint8Array(1_048_577) }],
  ];
  for (const [field, change] of cases) {
    t.throws(() => encodeEnvelope({ ...good, ...change }), { code: 'ENVELOPE_INVALID', field });
    t.throws(() => signEnvelope({ ...good, ...change }, key), { code: 'ENVELOPE_INVALID', field });
  }
  t.throws(() => signEnvelope(good, { ...key, keyId: new Uint8Array(7) }), {
    code: 'ENVELOPE_INVALID',
    field: 'keyId',
  });
});

tap.test(
  'of 100,000 mutated envelopes each is refused with a place inside, or is one that says the same',
  async (t) => {
    const random = fc.sample(fc.integer(), { numRuns: 1, seed: 42 })[0] as number;
    let state = random | 1;
    const next = (below: number): number => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
      state ^= state >>> 12;
      return (state >>> 0) % below;
    };
    const seeds = fc.sample(fields, { numRuns: 40, seed: 7 }).map((f, i) => {
      return i % 2 === 0 ? encodeEnvelope(f) : signEnvelope(f, key);
    });
    const view = new EnvelopeView();
    const verifier = new SignatureVerifier();
    let valid = 0;
    let forged = 0;
    for (let i = 0; i < 100_000; i++) {
      const original = seeds[i % seeds.length] as Uint8Array;
      const bytes = mutated(original, next);
      try {
        view.parseOnly(bytes, 0, bytes.length);
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'ENVELOPE_INVALID') throw error;
        const { byteOffset = -1 } = error;
        if (byteOffset < 0 || byteOffset > bytes.length) t.fail(`offset ${byteOffset} of ${bytes.length}`);
        continue;
      }
      valid++;
      if (view.signatureStart > bytes.length || view.end !== bytes.length) t.fail('a field lies outside');
      // Costly, so only some: whatever parses and differs before the signature must not verify.
      if (view.mode !== 1 || i % 50 !== 1 || Buffer.compare(bytes, original) === 0) continue;
      forged++;
      if (verifier.isSignedBy(view, publicKey))
        t.fail(`a forged envelope verifies: ${Buffer.from(bytes).toString('hex')}`);
    }
    t.ok(valid > 1000, `${valid} still had the layout`);
    t.ok(forged > 50, `${forged} of them were checked`);
  },
);

function mutated(original: Uint8Array, next: (below: number) => number): Uint8Array {
  let bytes = original.slice();
  for (let count = 1 + next(3); count > 0; count--) {
    const at = next(bytes.length + 1);
    switch (next(5)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << next(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = next(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.of(...bytes.slice(0, at), next(256), ...bytes.slice(at));
        break;
      default:
        bytes = Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(at + 1));
    }
  }
  return bytes;
}
