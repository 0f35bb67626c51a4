import fc from 'fast-check';
import t from 'tap';
import { decodeRulesWord, encodeRulesWord, isRulesWord, type RulesWord } from '../../../schemas/network/index.ts';

const word = fc.record({
  phase: fc.constantFrom<RulesWord['phase']>('prepare', 'use'),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  version: fc.integer({ min: 0, max: 0xffff_ffff }),
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
});

t.test('a word is read as it was written, wherever it lies', async (t) => {
  fc.assert(
    fc.property(word, fc.nat(20), (one, before) => {
      const bytes = encodeRulesWord(one);
      const record = new Uint8Array(before + bytes.length + 3);
      record.set(bytes, before);
      const end = before + bytes.length;
      if (!isRulesWord(record, before, end)) return false;
      return JSON.stringify(decodeRulesWord(record, before, end)) === JSON.stringify(one);
    }),
  );
  t.same(
    Buffer.from(encodeRulesWord({ phase: 'use', sequence: 5, version: 12, digest: 'ab'.repeat(32) })).toString('hex'),
    `020102000000050000000c${'ab'.repeat(32)}`,
    'the layout',
  );
});

t.test('what is no word is VALUE_INVALID, with its place', async (t) => {
  const right = encodeRulesWord({ phase: 'use', sequence: 1, version: 1, digest: '00'.repeat(32) });
  const changed = (at: number, byte: number) => Uint8Array.from(right, (old, i) => (i === at ? byte : old));
  for (const [bytes, field] of [
    [right.subarray(0, 42), 'length'],
    [Uint8Array.of(...right, 0), 'length'],
    [changed(0, 1), 'kind'],
    [changed(1, 2), 'layout'],
    [changed(2, 0), 'phase'],
    [new Uint8Array(0), 'length'],
  ] as const)
    t.throws(() => decodeRulesWord(bytes, 0, bytes.length), { code: 'VALUE_INVALID', field });
  t.notOk(isRulesWord(changed(0, 1), 0, 43));
  t.notOk(isRulesWord(right, 3, 3), 'an empty value');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodeRulesWord(bytes, 0, bytes.length);
        return bytes.length === 43;
      } catch (thrown) {
        return (thrown as { code?: string }).code === 'VALUE_INVALID';
      }
    }),
  );
});
