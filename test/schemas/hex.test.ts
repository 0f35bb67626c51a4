import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../engine/base/index.ts';
import { crowd, enmon, frameBytesFromHex } from '../../schemas/index.ts';

const VECTOR = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const PRINTED = '01001c0000000383637373233303330303430333330000dd00040007c0235';
const codecs = [enmon, crowd];

t.test('digits become bytes, with white space and 0x between', async (t) => {
  t.same([...frameBytesFromHex(' 0x01 fF\n0a\t', codecs)], [1, 255, 10]);
  t.equal(Buffer.from(frameBytesFromHex(VECTOR, codecs)).toString('hex'), VECTOR);
});

t.test('the cookbook’s printed example is refused: 61 digits, one of N_SEND is missing', async (t) => {
  t.equal(PRINTED.length, 61);
  t.throws(() => frameBytesFromHex(PRINTED, codecs), {
    code: 'FRAME_INVALID',
    field: 'nSend',
    byteOffset: 3,
    message: /61 hexadecimal digits are an odd number.*has 62.*a digit seems to be missing in N_SEND \(byte 3\)$/,
  });
});

t.test('a digit lost elsewhere is looked for in the same way', async (t) => {
  const lost = (at: number) => {
    try {
      frameBytesFromHex(VECTOR.slice(0, at) + VECTOR.slice(at + 1), codecs);
    } catch (error) {
      if (error instanceof MsecError) return error.message.replace(/^.* missing in /, '');
      throw error;
    }
    return '';
  };
  t.equal(lost(3), 'LENGTH (byte 1)');
  t.equal(lost(8), 'N_SEND (byte 3)');
  t.equal(lost(20), 'IMEI (byte 7)');
  t.match(lost(47), /BATTERY_VOLTAGE \(byte 23\)/);
  t.match(lost(51), /SONOMETER \(byte 25\)/);
  t.equal(lost(61), 'HUMIDITY (byte 29)', 'elsewhere a value would be out of range');
});

t.test('an odd number of digits of no known frame is refused all the same', async (t) => {
  t.throws(() => frameBytesFromHex('ff1', codecs), { code: 'FRAME_INVALID', message: /3 hexadecimal digits/ });
  t.throws(() => frameBytesFromHex('01001', codecs), { code: 'FRAME_INVALID', message: /5 .* has 62$/ });
  t.throws(() => frameBytesFromHex('0g', codecs), { code: 'FRAME_INVALID', field: 'hex', message: /digit 2/ });
});

t.test('any text gives bytes or a refusal', async () => {
  const digits = fc
    .array(fc.constantFrom(...'0123456789abcdefABCDEF \n'), { maxLength: 70 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits), (text) => {
      try {
        const bytes = frameBytesFromHex(text, codecs);
        const clean = text.replaceAll(/\s/g, '').replace(/^0[xX]/, '');
        assert.equal(Buffer.from(bytes).toString('hex'), clean.toLowerCase());
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        assert.equal(error.code, 'FRAME_INVALID');
      }
    }),
    { numRuns: 500 },
  );
});
