import t from 'tap';
import { markedByte } from '../../../cli/city/letter-mark.ts';
import { ByteWriter } from '../../../engine/index.ts';
import { VerifiedFrame, verifiedFrameCodec } from '../../../schemas/topics/index.ts';

const letter = (topic: string, value: Uint8Array | null) => ({
  topic,
  partition: 0,
  offset: 0,
  timestamp: 0,
  key: null,
  value,
  headers: [],
});

t.test('an error in an envelope points behind the byte that the bridge wrote, but for that byte itself', async (t) => {
  const record = letter('device.frames.dlq', Uint8Array.of(1, 0x4e, 0x53, 1));
  t.equal(markedByte(record, 'ENVELOPE_INVALID', 'magic', 0), 1);
  t.equal(markedByte(record, 'ENVELOPE_INVALID', 'kind', 0), 0);
  t.equal(markedByte(record, 'ENVELOPE_INVALID', 'payload', 49), null, 'behind the end');
  t.equal(markedByte(record, 'SIGNATURE_INVALID', null, null), null);
});

t.test('in sealed bytes nothing is marked', async (t) => {
  const sealed = letter('device.frames.dlq', Uint8Array.of(2, 1, 1, 0x41, 0, 0, 0));
  t.equal(markedByte(sealed, 'ENVELOPE_INVALID', 'version', 2), null);
  t.equal(markedByte(letter('device.frames.dlq', null), 'ENVELOPE_INVALID', 'version', 2), null);
});

t.test('an error in a frame points into the frame, wherever the verifier has put it', async (t) => {
  const frame = new VerifiedFrame();
  frame.facts = { type: 'enmon', identity: '867723030040330', timeZone: 'UTC' };
  const record = Uint8Array.of(1, 0xee, 0xee, 0xee, 0xa0, 0xa1, 0xa2);
  frame.setContent(record, 0, record.length, '', record, 1, 4, 7);
  const writer = new ByteWriter();
  verifiedFrameCodec().encode(frame, writer);
  const value = writer.bytes.slice(0, writer.position);
  const marked = markedByte(letter('device.verified.dlq', value), 'FRAME_INVALID', 'imei', 1);
  t.equal(value[marked!], 0xa1);
  t.equal(markedByte(letter('device.verified.dlq', Uint8Array.of(9)), 'FRAME_INVALID', 'imei', 0), null);
});

t.test('elsewhere offsets count from the start of the record', async (t) => {
  t.equal(markedByte(letter('device.readings.dlq', Uint8Array.of(0, 1, 2)), 'AVRO_INVALID', null, 2), 2);
});
