import fc from 'fast-check';
import t from 'tap';
import { splitBatch } from '../../../bridges/http/batch-split.ts';
import { encodeEnvelope } from '../../../schemas/envelope/index.ts';

const envelope = (sequence: number, payload: Uint8Array = Buffer.from('abc')) =>
  encodeEnvelope({ deviceId: 'meter-1', bootEpoch: 1, sequence, payload });

void t.test('a body is split where each envelope ends', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }), (payloads) => {
      const envelopes = payloads.map((payload, i) => Buffer.from(envelope(i, payload)));
      const { frames, rest } = splitBatch(Buffer.concat(envelopes), 20);
      return (
        rest === undefined &&
        frames.every((frame, i) => envelopes[i]!.equals(frame)) &&
        frames.length === envelopes.length
      );
    }),
  );
  t.pass();
});

void t.test('what does not hold together ends the split, with field and offset in the body', async (t) => {
  const first = envelope(1);
  const { frames, rest } = splitBatch(Buffer.concat([first, Buffer.from([0x4d, 0x53, 9]), Buffer.alloc(40)]), 10);
  t.equal(frames.length, 1);
  t.match(rest, { code: 'ENVELOPE_INVALID', field: 'version', byteOffset: first.length + 2 });
  const cut = splitBatch(Buffer.concat([first, first.subarray(0, 20)]), 10);
  t.match(cut.rest, { code: 'ENVELOPE_INVALID', field: 'deviceId', message: /frame 1 of the request/ });
});

void t.test('frames above the limit are not taken, and the answer says from where', async (t) => {
  const first = envelope(1);
  const { frames, rest } = splitBatch(Buffer.concat([first, first, first]), 2);
  t.equal(frames.length, 2);
  t.match(rest, { code: 'FRAME_TOO_LARGE', byteOffset: 2 * first.length });
});

void t.test('arbitrary bytes never throw, and the frames are a part of them', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(100), (bytes, at) => {
      const body = Buffer.concat([envelope(1), envelope(2)]);
      body.set(bytes.subarray(0, Math.max(0, body.length - at)), Math.min(at, body.length));
      const { frames } = splitBatch(body, 100);
      return frames.reduce((sum, frame) => sum + frame.length, 0) <= body.length;
    }),
  );
  t.pass();
});
