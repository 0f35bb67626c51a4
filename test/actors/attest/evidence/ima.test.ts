/** IMA lists: every template in both forms, replays by increments, damage, and bytes that are no list at all. */
import fc from 'fast-check';
import t from 'tap';
import { parseImaLog } from '../../../../actors/attest/evidence/ima-log.ts';
import { imaStart, isBootAggregate, replayIma } from '../../../../actors/attest/evidence/ima-replay.ts';
import { type ImaFormat, imaFormatOf } from '../../../../actors/attest/index.ts';
import { MsecError } from '../../../../engine/base/index.ts';
import { ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512 } from '../../../../schemas/tpm/index.ts';
import { digest, type Measured, makeImaList } from '../../../support/attester.ts';

const FORMATS = ['binary', 'ascii'] as const;
const BANKS = [ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512] as const;

const path = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .map((text) => `/${text.replace(/[\s\0]/g, '_')}`)
  .filter((text) => Buffer.byteLength(text) < 256 && !text.includes('�'));
const measured: fc.Arbitrary<Measured> = fc.oneof(
  fc.record({
    template: fc.constantFrom('ima-ng', 'ima-sig', 'ima-buf', 'ima-ngv2', 'ima-sigv2'),
    path,
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extra: fc.uint8Array({ maxLength: 90 }),
    isViolation: fc.boolean(),
  }),
  fc.record({
    template: fc.constant('ima' as const),
    path,
    digest: fc.uint8Array({ minLength: 20, maxLength: 20 }),
    isViolation: fc.boolean(),
  }),
);
const list = fc.array(measured, { minLength: 1, maxLength: 12 });

t.test('what is measured is read back from either form, and replays in every bank', async (t) => {
  fc.assert(
    fc.property(list, (entries) => {
      const made = makeImaList(entries);
      for (const format of FORMATS) {
        const read = parseImaLog(made[format], format);
        t.equal(imaFormatOf(made[format]), format);
        for (const [i, entry] of entries.entries()) {
          const got = read[i]!;
          if (got.path !== entry.path || got.number !== i + 1 || got.isViolation !== entry.isViolation)
            throw new Error(entry.path);
          if (!got.fileDigest.equals(entry.digest)) throw new Error(`the digest of ${entry.path}`);
        }
        for (const bank of BANKS) {
          for (const digests of ['hashed', 'padded'] as const) {
            const values = made.values(bank, digests === 'padded');
            const replay = replayIma(read, imaStart(bank), values.at(-1)!, digests);
            if (replay.proven !== entries.length || replay.brokenAt !== -1) throw new Error(`bank ${bank}, ${digests}`);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  t.end();
});

t.test('a replay by increments comes to the same as one of the whole list', async (t) => {
  fc.assert(
    fc.property(list, fc.array(fc.nat(12)), (entries, cuts) => {
      const made = makeImaList(entries);
      const all = parseImaLog(made.binary, 'binary');
      const values = made.values(ALG_SHA256);
      let state = imaStart(ALG_SHA256);
      for (const cut of [...cuts.map((at) => at % (entries.length + 1)).sort((a, b) => a - b), entries.length]) {
        // The list is ahead of the quote by what is left.
        const rest = all.slice(state.entries);
        const quoted = cut === 0 ? Buffer.alloc(32) : values[cut - 1]!;
        const replay = replayIma(rest, state, quoted);
        if (replay.state === null) throw new Error(`no part proves the first ${cut}`);
        state = replay.state;
        if (state.entries !== cut || state.ahead !== entries.length - cut) throw new Error(`${cut}: ${state.entries}`);
      }
      if (!Buffer.from(state.value).equals(values.at(-1)!)) throw new Error('another value');
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('entries that are left out, doubled or exchanged prove nothing', async (t) => {
  fc.assert(
    fc.property(fc.array(measured, { minLength: 2, maxLength: 8 }), fc.nat(), (entries, seed) => {
      const made = makeImaList(entries);
      const read = parseImaLog(made.binary, 'binary');
      const quoted = made.values(ALG_SHA256).at(-1)!;
      const at = seed % (read.length - 1);
      const wrong = [
        read.toSpliced(at, 1),
        read.toSpliced(at, 0, read[at]!),
        read.toSpliced(at, 2, read[at + 1]!, read[at]!),
      ];
      const isSame = read[at]!.isViolation
        ? read[at + 1]!.isViolation
        : !read[at + 1]!.isViolation && Buffer.from(read[at]!.data).equals(read[at + 1]!.data);
      for (const [i, changed] of wrong.entries()) {
        if (i === 2 && isSame) continue;
        // Doubled at the end it is no more than an entry that a later quote must prove.
        const { proven } = replayIma(changed, imaStart(ALG_SHA256), quoted);
        if (i === 1 ? proven === changed.length : proven >= 0) throw new Error(`change ${i} at ${at}`);
      }
    }),
    { numRuns: 100 },
  );
  t.end();
});

const known = makeImaList([
  { path: 'boot_aggregate', digest: digest('boot') },
  { path: '/usr/bin/a', digest: digest('a'), template: 'ima-sig', extra: Buffer.from('030204', 'hex') },
  { path: '/usr/bin/b', digest: digest('b', 'sha1'), template: 'ima' },
]);

t.test(
  'a list that is cut off anywhere but between two entries is refused, and each flipped bit changes the replay',
  async (t) => {
    for (const format of FORMATS) {
      const bytes = known[format];
      const starts = new Set([...known.starts[format], bytes.length]);
      for (let length = 0; length <= bytes.length; length += 1) {
        const isRead = tryParse(bytes.subarray(0, length), format) !== undefined;
        if (isRead !== starts.has(length)) t.fail(`${format}, ${length} bytes`);
      }
      const quoted = known.values(ALG_SHA256).at(-1)!;
      let passed = 0;
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const entries = tryParse(changed, format);
        if (entries === undefined) continue;
        const replay = replayIma(entries, imaStart(ALG_SHA256), quoted);
        // The digest that the list shows for people is not what is extended: it must contradict its data then.
        const isSeen =
          replay.proven !== entries.length || replay.brokenAt >= 0 || entries.some(({ pcr }) => pcr !== 10);
        if (!isSeen) passed += 1;
      }
      t.equal(passed, 0, `${format}: no flipped bit goes unseen`);
    }
  },
);

t.test('any bytes are read or refused, and nothing else happens', async (t) => {
  const random = fc.uint8Array({ maxLength: 400 });
  const twisted = fc.tuple(fc.constantFrom(...FORMATS), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }));
  fc.assert(
    fc.property(random, twisted, (bytes, [format, changes]) => {
      for (const form of FORMATS) tryParse(Buffer.from(bytes), form);
      const changed = Buffer.from(known[format]);
      for (const [at, value] of changes) changed[at % changed.length] = value;
      tryParse(changed, format);
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test('lengths that claim more than there is cost no memory', async (t) => {
  const bytes = Buffer.from(known.binary);
  bytes.writeUInt32LE(0xffff_fff0, 24);
  t.throws(() => parseImaLog(bytes, 'binary'), { code: 'EVIDENCE_INVALID', field: 'template name', byteOffset: 24 });
  bytes.set(known.binary);
  bytes.writeUInt32LE(0x7fff_ffff, 24 + 4 + 6);
  t.throws(() => parseImaLog(bytes, 'binary'), { code: 'EVIDENCE_INVALID', field: 'template data' });
});

t.test('the reason names entry, field and place', async (t) => {
  const text = known.ascii.toString();
  const cases: readonly (readonly [string, RegExp])[] = [
    [text.replace(' ima-sig ', ' ima-xyz '), /entry 2, template name in the line at byte \d+: is none/],
    [text.replace('sha256:', 'sha3:'), /entry 1, d-ng in the line at byte 0: is not written as the kernel does/],
    [text.replace(' 030204', ''), /entry 2, fields .*: there are 2, ima-sig has 3/],
    [text.replace('10 ', '24 '), /entry 1, PCR .*: must be a number from 0 to 23/],
    [text.replace('/usr/bin/a', '/usr/bin/a b'), /entry 2, fields .*: there are 4/],
    [text.slice(0, -1), /entry 3, line .*: does not end/],
    [text.toUpperCase(), /entry 1, template digest/],
  ];
  for (const [changed, says] of cases) t.throws(() => parseImaLog(Buffer.from(changed), 'ascii'), { message: says });
});

t.test('the boot aggregate is that of PCRs 0 to 7, or 0 to 9 except with SHA-1', async (t) => {
  const pcrs = Array.from({ length: 10 }, (_, pcr) => digest(`${pcr}`));
  const of = (values: readonly Buffer[]) => (pcr: number) => values[pcr];
  t.equal(isBootAggregate(digest(Buffer.concat(pcrs)), ALG_SHA256, of(pcrs)), true);
  t.equal(isBootAggregate(digest(Buffer.concat(pcrs.slice(0, 8))), ALG_SHA256, of(pcrs)), true);
  t.equal(isBootAggregate(digest(Buffer.concat(pcrs.slice(0, 9))), ALG_SHA256, of(pcrs)), false);
  t.equal(isBootAggregate(digest(Buffer.concat(pcrs), 'sha1'), ALG_SHA1, of(pcrs)), false);
  t.equal(
    isBootAggregate(digest(Buffer.concat(pcrs)), ALG_SHA256, of(pcrs.slice(0, 7))),
    null,
    'nothing to compare with',
  );
  t.equal(isBootAggregate(Buffer.alloc(32), ALG_SHA256, of(pcrs)), false, 'zeros: a kernel that found no TPM');
});

function tryParse(bytes: Buffer, format: ImaFormat): ReturnType<typeof parseImaLog> | undefined {
  try {
    return parseImaLog(bytes, format);
  } catch (error) {
    if (!(error instanceof MsecError) || error.code !== 'EVIDENCE_INVALID') throw error;
    return undefined;
  }
}
