import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError, seededRandom } from '../../../engine/base/index.ts';
import { encodeFrameRecord, KIND_ENVELOPE, type OpeningKeys, Sealer } from '../../../schemas/envelope/index.ts';
import { VerifiedFrame, verifiedFrameCodec } from '../../../schemas/topics/index.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const keys: OpeningKeys = { openingKey: () => key, pseudonymKey: () => null };
const sealer = new Sealer(seededRandom(1));
const text = fc.stringMatching(/^[!-~]{1,64}$/);

const parts = fc.record({
  facts: fc.record({ type: text, identity: text, timeZone: text }),
  isVerified: fc.boolean(),
  isSuspect: fc.boolean(),
  receivedAtMs: fc.integer({ min: 0, max: 2 ** 50 }),
  bootEpoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  before: fc.uint8Array({ maxLength: 20 }),
  payload: fc.uint8Array({ maxLength: 60 }),
  after: fc.uint8Array({ maxLength: 20 }),
  isSealed: fc.boolean(),
});

function make({ before, payload, after, isSealed, ...head }: Parameters<Parameters<typeof parts.map>[0]>[0]) {
  const body = Uint8Array.of(...before, ...payload, ...after);
  const [from, to] = [before.length, before.length + payload.length];
  const frame = Object.assign(new VerifiedFrame(), head);
  if (isSealed) {
    const record = sealer.seal(KIND_ENVELOPE, { keyId: '2026-11-23', key }, 'd', body);
    frame.setContent(record, 0, record.length, '2026-11-23', body, 0, from, to);
    return { frame, record };
  }
  const record = encodeFrameRecord(KIND_ENVELOPE, body);
  frame.setContent(record, 0, record.length, '', record, 1, 1 + from, 1 + to);
  return { frame, record };
}

function encoded(frame: VerifiedFrame): Uint8Array {
  const writer = new ByteWriter(16);
  verifiedFrameCodec().encode(frame, writer);
  return writer.take();
}

t.test('what was written is read back, with the whole record of the device and sealed as it was', async (t) => {
  fc.assert(
    fc.property(parts, (made) => {
      const { frame, record } = make(made);
      const bytes = encoded(frame);
      const codec = verifiedFrameCodec();
      const shifted = Uint8Array.of(9, ...bytes, 9);
      const read = codec.decode(shifted, 1, 1 + bytes.length);
      t.same(read.facts, made.facts);
      for (const name of ['isVerified', 'isSuspect', 'receivedAtMs', 'bootEpoch', 'sequence', 'isSealed'] as const) {
        t.equal(read[name], made[name]);
      }
      t.same(read.record.slice(read.recordStart, read.recordEnd), record);
      t.equal(read.isOpen, !made.isSealed);
      read.open(keys, 'd');
      t.same(read.payload.slice(read.payloadStart, read.payloadEnd), made.payload);
      t.equal(codec.decode(bytes, 0, bytes.length).facts, read.facts, 'equal facts are one object');
    }),
    { numRuns: 50 },
  );
});

t.test('bytes of any kind are read within their bounds or refused with their place', async (t) => {
  const { frame } = make(fc.sample(parts, { numRuns: 1, seed: 3 })[0] as never);
  const good = encoded(frame);
  const codec = verifiedFrameCodec();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const bytes = good.slice(0, length);
      if (at < length) bytes[at] = byte;
      try {
        const read = codec.decode(bytes, 0, bytes.length);
        return read.recordEnd <= bytes.length && (!read.isOpen || read.payloadEnd <= bytes.length);
      } catch (error) {
        return error instanceof MsecError && error.kind === 'input' && (error.byteOffset ?? 0) <= bytes.length;
      }
    }),
    { numRuns: 3000 },
  );
  t.pass();
});
