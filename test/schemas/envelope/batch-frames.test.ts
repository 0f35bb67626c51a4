import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import {
  type BatchFields,
  BatchFrames,
  EnvelopeView,
  keyIdOf,
  SignatureVerifier,
  signBatch,
} from '../../../schemas/envelope/index.ts';

const pairs = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ed25519')] as const;
const [key, edKey] = pairs.map(({ publicKey, privateKey }) => ({ keyId: keyIdOf(publicKey), privateKey }));

const payload = fc.uint8Array({ maxLength: 60 });
const timed = fc.tuple(
  fc.integer({ min: 0, max: 253_000_000_000_000 }),
  fc.array(fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), payload), { minLength: 1, maxLength: 40 }),
);
const fields: fc.Arbitrary<BatchFields> = fc.record({
  deviceId: fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/),
  bootEpoch: fc.integer({ min: 0, max: 0xffff_ffff }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff - 40 }),
  frames: fc.oneof(
    fc.array(payload, { minLength: 1, maxLength: 40 }).map((all) => all.map((one) => ({ payload: one }))),
    timed.map(([base, all]) =>
      all.map(([delta, one], i) => ({ payload: one, deviceTimeMs: Math.max(0, base + (i === 0 ? 0 : delta)) })),
    ),
  ),
});

t.test('what was packed is read back, wherever it lies', async (t) => {
  const frames = new BatchFrames();
  const verifier = new SignatureVerifier();
  fc.assert(
    fc.property(fields, fc.nat(20), fc.boolean(), (wanted, shift, isEd25519) => {
      const envelope = signBatch(wanted, isEd25519 ? edKey! : key!);
      const around = new Uint8Array(shift + envelope.length + 5).fill(0x4d);
      around.set(envelope, shift);
      const view = new EnvelopeView();
      view.parseOnly(around, shift, shift + envelope.length);
      t.ok(frames.tryRead(view));
      t.equal(view.mode, 2);
      t.equal(frames.count, wanted.frames.length);
      for (const [i, frame] of wanted.frames.entries()) {
        t.same(around.slice(frames.starts[i], frames.ends[i]), frame.payload);
        if (frame.deviceTimeMs !== undefined) t.equal(view.deviceTimeMs + frames.deltas[i]!, frame.deviceTimeMs);
      }
      t.ok(verifier.isSignedBy(view, pairs[isEd25519 ? 1 : 0].publicKey));
    }),
    { numRuns: 80 },
  );
});

t.test('each refusal names the field and where it lies', async (t) => {
  const base = { deviceId: 'dev-1', bootEpoch: 1, sequence: 2 };
  const good = signBatch(
    { ...base, frames: [1, 2].map((n) => ({ payload: Uint8Array.of(n, n), deviceTimeMs: 3 + n })) },
    key!,
  );
  const [countAt, payloadAt] = [36, 36 + 2 + 32 + 4];
  const with_ = (at: number, ...bytes: number[]): Uint8Array => {
    const changed = good.slice();
    changed.set(bytes, at);
    return changed;
  };
  const cases: [string, Uint8Array, string, number][] = [
    ['cut before the count', good.slice(0, countAt + 1), 'count', countAt],
    ['no frame', with_(countAt, 0, 0), 'count', countAt],
    ['4,097 frames', with_(countAt, 0x10, 1), 'count', countAt],
    ['sequences beyond 2^32', with_(24, 0xff, 0xff, 0xff, 0xff), 'count', countAt],
    ['cut within the root', good.slice(0, countAt + 20), 'root', countAt + 2],
    ['cut within the signature', good.slice(0, -1), 'signature', good.length - 64],
    ['a frame less than counted', with_(countAt, 0, 3), 'entry', good.length - 64],
    ['a frame more than counted', with_(countAt, 0, 1), 'entry', payloadAt + 8],
    ['a frame that is longer than the payload', with_(payloadAt + 8, 0xff), 'entry', payloadAt + 14],
    ['a delta in the first entry', with_(payloadAt + 2, 0, 0, 0, 1), 'timeDelta', payloadAt + 2],
    ['a time before 1970', with_(payloadAt + 10, 0xff, 0, 0, 0), 'timeDelta', payloadAt + 2],
    ['a high s', with_(good.length - 32, 0xff), 'signature', good.length - 32],
  ];
  const view = new EnvelopeView();
  const frames = new BatchFrames();
  for (const [name, bytes, field, byteOffset] of cases) {
    t.notOk(view.tryParseOnly(bytes, 0, bytes.length) && frames.tryRead(view), name);
    t.match(view.error(), { code: 'ENVELOPE_INVALID', field, byteOffset }, name);
  }
});

t.test('the encoder refuses what the reader would', async (t) => {
  const base = { deviceId: 'd', bootEpoch: 0, sequence: 0 };
  const frame = { payload: Uint8Array.of(1) };
  const cases: [string, BatchFields][] = [
    ['count', { ...base, frames: [] }],
    ['count', { ...base, frames: Array.from({ length: 4097 }, () => frame) }],
    ['sequence', { ...base, sequence: 0xffff_ffff, frames: [frame, frame] }],
    ['entry', { ...base, frames: [{ payload: new Uint8Array(65_536) }] }],
    ['deviceTime', { ...base, frames: [frame, { ...frame, deviceTimeMs: 1 }] }],
    ['timeDelta', { ...base, frames: [0, 2 ** 31].map((deviceTimeMs) => ({ ...frame, deviceTimeMs })) }],
  ];
  for (const [field, wanted] of cases) {
    t.throws(() => signBatch(wanted, key!), { code: 'ENVELOPE_INVALID', field });
  }
  const most = signBatch({ ...base, frames: Array.from({ length: 4096 }, () => frame) }, key!);
  t.ok(new EnvelopeView().tryParseOnly(most, 0, most.length));
});
