import fc from 'fast-check';
import t from 'tap';
import { parseImaLog } from '../../../actors/attest/evidence/ima-log.ts';
import { imaEntriesBehind } from '../../../firmware/attestation/index.ts';
import { digest, type Measured, makeImaList } from '../../support/attester.ts';

const measured = fc.record({
  template: fc.constantFrom<NonNullable<Measured['template']>>('ima', 'ima-ng', 'ima-sig', 'ima-ngv2'),
  path: fc.stringMatching(/^[a-z/]{1,40}$/),
  isViolation: fc.boolean(),
});
const list = fc
  .array(measured, { minLength: 1, maxLength: 20 })
  .map((rows) =>
    makeImaList(rows.map((row) => ({ ...row, digest: digest(row.path, row.template === 'ima' ? 'sha1' : 'sha256') }))),
  );

void t.test('what is behind the first entries is what a parser of the whole list has behind them', async () => {
  fc.assert(
    fc.property(list, fc.constantFrom('binary', 'ascii'), fc.nat(25), fc.nat(30), (made, format, skip, cut) => {
      const whole = made[format];
      const starts = made.starts[format];
      const shown = imaEntriesBehind(whole, skip);
      const after = skip > starts.length ? 0 : skip;
      const behind = shown.bytes.length === 0 ? [] : parseImaLog(shown.bytes, format, after + 1);
      const expected = after === starts.length ? whole.length : starts[after]!;
      // A list that is being written to: its last entry is half there.
      const partly = imaEntriesBehind(whole.subarray(0, Math.max(0, whole.length - 1 - (cut % 20))), 0);
      return (
        shown.after === after &&
        shown.entries === starts.length &&
        shown.bytes.length === whole.length - expected &&
        behind.length === starts.length - after &&
        partly.bytes.length <= starts.at(-1)! &&
        (partly.entries === 0 || starts[partly.entries] === partly.bytes.length)
      );
    }),
  );
});

void t.test('bytes of something else are refused or harmless', async (t) => {
  t.throws(() => imaEntriesBehind(Buffer.alloc(100), 0), { code: 'EVIDENCE_INVALID', byteOffset: 24 });
  t.same(imaEntriesBehind(new Uint8Array(0), 3), {
    format: 'binary',
    after: 0,
    bytes: Buffer.alloc(0),
    entries: 0,
    isWhole: true,
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10), (bytes, skip) => {
      try {
        return imaEntriesBehind(bytes, skip).bytes.length <= bytes.length;
      } catch (error) {
        return (error as { code?: string }).code === 'EVIDENCE_INVALID';
      }
    }),
  );
});

void t.test('a list is cut between entries into parts of a size, and the parts are the list', async () => {
  fc.assert(
    fc.property(
      list,
      fc.constantFrom('binary', 'ascii'),
      fc.integer({ min: 400, max: 2_000 }),
      (made, format, bytesMax) => {
        const whole = made[format];
        const parts: Buffer[] = [];
        for (let after = 0; ; ) {
          const part = imaEntriesBehind(whole, after, bytesMax);
          if (part.after !== after || part.bytes.length > bytesMax || (part.bytes.length === 0 && !part.isWhole))
            return false;
          parts.push(Buffer.from(part.bytes));
          after = part.entries;
          if (part.isWhole) return Buffer.concat(parts).equals(whole) && after === made.starts[format].length;
        }
      },
    ),
  );
});
