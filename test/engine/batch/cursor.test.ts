import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { compressSync as snappyCompressSync } from 'snappy';
import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import { BatchCursor, BatchEncoder, crc32c, rewriteBaseOffsets } from '../../../engine/batch/index.ts';
import { CODECS, type ForeignRecord, foreignBatch } from './kafkajs-judge.ts';
import { anyRecord, append, readAll, recordAt } from './records.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const foreign: ForeignRecord[] = [
  { key: encode('867723030040330'), value: encode('first'), timestamp: 1_700_000_000_000 },
  {
    key: null,
    value: encode('no key'),
    timestamp: 1_700_000_000_001,
    headers: { trace: encode('7f'), empty: encode('') },
  },
  { key: encode('tombstone'), value: null, timestamp: 1_699_999_999_000 },
  { key: encode(''), value: new Uint8Array(70_000).fill(7), timestamp: 1_800_000_000_000 },
];

function three(): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesMax: 200 });
  for (let i = 0; i < 9; i++) {
    const value = encode(`value number ${i} of nine, long enough`);
    encoder.append(1000 + i, value, 0, 5, value, 0, value.length);
  }
  const bytes = encoder.finish();
  rewriteBaseOffsets(bytes, 50);
  return bytes;
}

/** Corrects the sum of the single batch in `bytes`, so that what lies behind the sum is tested. */
function summed(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(17, crc32c(bytes, 21, bytes.length));
  return bytes;
}

/** One uncompressed or compressed batch around the given record bytes, with a right sum. */
function batchOf(
  records: Uint8Array,
  recordCount: number,
  attributes = 0,
  lastOffsetDelta = recordCount - 1,
): Uint8Array {
  const bytes = new Uint8Array(61 + records.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  bytes[16] = 2;
  view.setInt16(21, attributes);
  view.setInt32(23, lastOffsetDelta);
  view.setInt32(57, recordCount);
  bytes.set(records, 61);
  return summed(bytes);
}

for (const [name, codec] of Object.entries(CODECS)) {
  t.test(`a batch that kafkajs wrote with ${name} is read with every field`, async (t) => {
    const read = readAll(await foreignBatch(foreign, codec, 4_294_967_296_123));
    t.same(
      read.map(({ headers, ...rest }) => ({
        ...rest,
        headers: Object.fromEntries(headers.map((h) => [h.name, h.value])),
      })),
      foreign.map(({ headers = {}, ...rest }, i) => ({ ...rest, offset: 4_294_967_296_123 + i, headers })),
    );
  });
}

t.test('consecutive batches are walked as one, a truncated last one ends the walk and is said', async (t) => {
  const bytes = three();
  const cursor = new BatchCursor();
  const ends: number[] = [];
  cursor.reset(bytes);
  while (cursor.next()) ends.push(cursor.batchEnd);
  t.equal(ends.length, 9);
  t.equal(cursor.offsetNext, 59);
  t.equal(cursor.truncated, false);
  for (let end = 0; end < bytes.length; end++) {
    cursor.reset(bytes, 0, end);
    let count = 0;
    while (cursor.next()) count++;
    const expected = ends.filter((batchEnd) => batchEnd <= end).length;
    if (count !== expected) t.fail(`${count} records before byte ${end}, not ${expected}`);
    if (cursor.truncated !== !(end === 0 || ends.includes(end))) t.fail(`truncated is ${cursor.truncated} at ${end}`);
    if (cursor.offsetNext !== (expected === 0 ? -1 : 50 + expected)) t.fail(`offsetNext ${cursor.offsetNext}`);
  }
});

t.test('seek passes over earlier records and earlier batches', async (t) => {
  const bytes = three();
  const cursor = new BatchCursor();
  for (const from of [0, 50, 51, 54, 58, 59, 1000]) {
    cursor.reset(bytes);
    cursor.seek(from);
    const offsets: number[] = [];
    while (cursor.next()) offsets.push(cursor.offset);
    t.same(
      offsets,
      [50, 51, 52, 53, 54, 55, 56, 57, 58].filter((offset) => offset >= from),
      `from ${from}`,
    );
    t.equal(cursor.offsetNext, 59);
  }
});

t.test('a batch that seek passes over is not summed', async (t) => {
  const bytes = three();
  bytes[70]! ^= 1;
  const cursor = new BatchCursor();
  cursor.reset(bytes);
  cursor.seek(58);
  t.equal(cursor.next(), true);
  t.equal(cursor.offset, 58);
});

t.test('nextBatch steps by batch and drops what is left of the current one', async (t) => {
  const cursor = new BatchCursor();
  cursor.reset(three());
  const seen: number[][] = [];
  while (cursor.nextBatch()) {
    cursor.next();
    seen.push([cursor.baseOffset, cursor.lastOffset, cursor.recordCount, cursor.offset, cursor.maxTimestamp]);
  }
  t.ok(seen.length >= 3);
  t.ok(seen.every(([base, last, count, first]) => first === base && count === last! - base! + 1));
  t.same(seen.at(-1)?.[4], 1008);
});

t.test('a compacted batch keeps its gaps, and an emptied one still advances offsetNext', async (t) => {
  // Offset deltas 1 and 4 of a batch that once held 0..9; then a batch of which nothing is left.
  const records = Uint8Array.of(12, 0, 0, 2, 1, 1, 0, 12, 0, 0, 8, 1, 1, 0);
  const gaps = batchOf(records, 2, 0, 9);
  const emptied = batchOf(new Uint8Array(0), 0, 0, 4);
  new DataView(emptied.buffer).setInt32(4, 10);
  const cursor = new BatchCursor();
  cursor.reset(Uint8Array.of(...gaps, ...emptied));
  const offsets: number[] = [];
  while (cursor.next()) offsets.push(cursor.offset);
  t.same(offsets, [1, 4]);
  t.equal(cursor.offsetNext, 15);
});

t.test('control batches are passed over but counted, unless they are asked for', async (t) => {
  const control = batchOf(Uint8Array.of(32, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 5, 0), 1, 0x30);
  t.same(readAll(control), []);
  const cursor = new BatchCursor();
  cursor.reset(control);
  t.equal(cursor.next(), false);
  t.equal(cursor.offsetNext, 1);
  const including = new BatchCursor({ includeControl: true });
  including.reset(control);
  t.equal(including.next(), true);
  t.same([including.isControl, including.isTransactional], [true, true]);
});

t.test('with log-append time every record has the batch’s timestamp', async (t) => {
  const bytes = batchOf(Uint8Array.of(12, 0, 20, 0, 1, 1, 0), 1, 0x08);
  new DataView(bytes.buffer).setInt32(39, 777);
  t.equal(readAll(summed(bytes))[0]?.timestamp, 777);
});

t.test('a header is found by its name, the last of that name, without looking at the others', async (t) => {
  const encoder = new BatchEncoder();
  const value = (text: string) => encode(text);
  append(encoder, {
    timestamp: 0,
    key: null,
    value: null,
    headers: [
      { name: 'reason', value: value('first') },
      { name: 'grün', value: value('umlaut') },
      { name: 'reason', value: value('last') },
      { name: 'none', value: null },
      { name: 'reasons', value: value('other') },
      { name: '\ufeffreason', value: value('marked') },
    ],
  });
  append(encoder, { timestamp: 0, key: null, value: value('after'), headers: [] });
  const cursor = new BatchCursor();
  cursor.reset(encoder.finish());
  cursor.next();
  const text = (name: string) => {
    const found = cursor.header(name);
    return found && new TextDecoder().decode(found);
  };
  t.equal(cursor.headersCount, 6);
  t.equal(text('reason'), 'last');
  t.equal(text('\ufeffreason'), 'marked', 'a byte order mark is a part of the name');
  t.equal(text('grün'), 'umlaut');
  t.equal(text('none'), undefined);
  t.equal(text('absent'), undefined);
  t.equal(text('reaso'), undefined);
  t.equal(cursor.next(), true, 'the walk goes on after headers were read');
  t.equal(new TextDecoder().decode(recordAt(cursor).value ?? undefined), 'after');
  t.equal(text('reason'), undefined, 'the next record has none');
});

t.test('the memory of a Buffer is read as well, and slices lie in a plain Uint8Array', async (t) => {
  const cursor = new BatchCursor();
  cursor.reset(Buffer.from(three()));
  t.equal(cursor.next(), true);
  t.equal(Object.getPrototypeOf(cursor.bytes), Uint8Array.prototype);
});

t.test('a changed byte after the sum is found by the sum, except where it is switched off', async (t) => {
  const bytes = three();
  bytes[70]! ^= 0x01;
  t.throws(() => readAll(bytes), { code: 'BATCH_CORRUPT', field: 'crc', byteOffset: 17 });
  t.doesNotThrow(() => readAll(bytes.slice(0, 61), { checkCrc: false }));
});

const malformed: [name: string, field: string, bytes: () => Uint8Array][] = [
  ['an old message set (magic 1)', 'magic', () => three().fill(1, 16, 17)],
  ['a negative batch length', 'batchLength', () => three().fill(0xff, 8, 12)],
  ['a batch length shorter than a header', 'batchLength', () => three().fill(0, 8, 11).fill(48, 11, 12)],
  ['a base offset beyond 2^53', 'baseOffset', () => three().fill(0x7f, 0, 1)],
  ['a negative base offset', 'baseOffset', () => three().fill(0xff, 0, 8)],
  ['a negative last offset delta', 'lastOffsetDelta', () => batchOf(new Uint8Array(0), 0, 0, -2)],
  ['a negative record count', 'recordCount', () => batchOf(new Uint8Array(0), -1, 0, 0)],
  ['more records than offsets', 'recordCount', () => batchOf(new Uint8Array(0), 3, 0, 1)],
  ['bytes in a batch of no records', 'recordCount', () => batchOf(new Uint8Array(1), 0, 0, 0)],
  ['bytes after the last record', 'recordCount', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 1, 0, 9), 1)],
  ['fewer records than counted', 'length', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 1, 0), 2)],
  ['a record length of less than its fields', 'length', () => batchOf(Uint8Array.of(10, 0, 0, 0, 1, 1, 0), 1)],
  ['a negative record length', 'length', () => batchOf(Uint8Array.of(1, 0, 0, 0, 1, 1, 0), 1)],
  ['a record that passes its batch', 'length', () => batchOf(Uint8Array.of(14, 0, 0, 0, 1, 1, 0), 1)],
  [
    'a record length of six bytes',
    'length',
    () => batchOf(Uint8Array.of(0x8c, 128, 128, 128, 128, 0, 0, 0, 0, 1, 1, 0), 1),
  ],
  [
    'a record length beyond 32 bits',
    'length',
    () => batchOf(Uint8Array.of(0x8c, 128, 128, 128, 0x10, 0, 0, 0, 1, 1, 0), 1),
  ],
  ['a record length that is cut off', 'length', () => batchOf(Uint8Array.of(0x80), 1)],
  ['a record that ends before its length', 'length', () => batchOf(Uint8Array.of(14, 0, 0, 0, 1, 1, 0, 0), 1)],
  [
    'a timestamp delta without an end',
    'timestampDelta',
    () => batchOf(new Uint8Array(20).fill(0x80, 1).fill(38, 0, 1), 1),
  ],
  [
    'a timestamp delta beyond 2^53',
    'timestampDelta',
    () => batchOf(Uint8Array.of(30, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 1, 1, 0), 1),
  ],
  ['an offset delta beyond the last', 'offsetDelta', () => batchOf(Uint8Array.of(12, 0, 0, 2, 1, 1, 0), 1)],
  ['a negative offset delta', 'offsetDelta', () => batchOf(Uint8Array.of(12, 0, 0, 1, 1, 1, 0), 1)],
  [
    'an offset that comes twice',
    'offsetDelta',
    () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 0, 1, 1, 0), 2),
  ],
  ['a key length of -2', 'keyLength', () => batchOf(Uint8Array.of(12, 0, 0, 0, 3, 1, 0), 1)],
  ['a key that passes its record', 'keyLength', () => batchOf(Uint8Array.of(12, 0, 0, 0, 4, 1, 0), 1)],
  ['a value length of -2', 'valueLength', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 3, 0), 1)],
  ['a value that passes its record', 'valueLength', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 2, 0), 1)],
  ['a negative header count', 'headerCount', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 1, 1), 1)],
  ['more headers than bytes', 'headerCount', () => batchOf(Uint8Array.of(14, 0, 0, 0, 1, 1, 4, 0), 1)],
  [
    'a header name that passes its record',
    'headerNameLength',
    () => batchOf(Uint8Array.of(16, 0, 0, 0, 1, 1, 2, 4, 1), 1),
  ],
  ['a header name of null', 'headerNameLength', () => batchOf(Uint8Array.of(16, 0, 0, 0, 1, 1, 2, 1, 1), 1)],
  [
    'a header value that passes its record',
    'headerValueLength',
    () => batchOf(Uint8Array.of(16, 0, 0, 0, 1, 1, 2, 0, 2), 1),
  ],
  ['an unknown codec', 'attributes', () => batchOf(Uint8Array.of(12, 0, 0, 0, 1, 1, 0), 1, 5)],
  ['gzip that is none', 'records', () => batchOf(new Uint8Array(30).fill(9), 1, 1)],
  ['snappy that is none', 'records', () => batchOf(new Uint8Array(30).fill(9), 1, 2)],
  ['lz4 that is none', 'records', () => batchOf(new Uint8Array(30).fill(9), 1, 3)],
  ['zstd that is none', 'records', () => batchOf(new Uint8Array(30).fill(9), 1, 4)],
  ['compressed records that are cut off', 'length', () => batchOf(gzipSync(Uint8Array.of(12, 0, 0)), 1, 1)],
];
for (const [name, field, bytes] of malformed) {
  t.test(`${name} is BATCH_CORRUPT and names ${field}`, async (t) => {
    try {
      readAll(bytes());
      t.fail('it was read');
    } catch (error) {
      if (!(error instanceof MsecError)) throw error;
      t.equal(error.code, 'BATCH_CORRUPT');
      t.equal(error.field, field, error.message);
      t.type(error.byteOffset, 'number');
    }
  });
}

t.test('a corrupt batch ends the walk before it, and offsetNext stays there', async (t) => {
  const bytes = three();
  const cursor = new BatchCursor();
  cursor.reset(bytes);
  cursor.nextBatch();
  const second = cursor.batchEnd;
  const offsetNext = cursor.lastOffset + 1;
  bytes[second + 65]! ^= 1;
  cursor.reset(bytes);
  t.throws(
    () => {
      while (cursor.next());
    },
    { code: 'BATCH_CORRUPT' },
  );
  t.equal(cursor.offsetNext, offsetNext);
  t.equal(cursor.next(), false);
  t.equal(cursor.offsetNext, offsetNext);
});

/** The Java client's snappy stream: header, then blocks of at most 32 KiB with their length before them. */
function xerial(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x82, ...encode('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1)];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = snappyCompressSync(bytes.subarray(at, at + 32_768));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setInt32(0, block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

const packers: Record<string, [codec: number, pack: (bytes: Uint8Array) => Uint8Array]> = {
  gzip: [1, gzipSync],
  snappy: [2, snappyCompressSync],
  'xerial snappy': [2, xerial],
  lz4: [3, (bytes) => compressFrameSync(Buffer.from(bytes))],
  'lz4 with checksums': [
    3,
    (bytes) => compressFrameSync(Buffer.from(bytes), { blockChecksums: true, contentChecksum: true }),
  ],
  zstd: [4, zstdCompressSync],
};
for (const [name, [codec, pack]] of Object.entries(packers)) {
  t.test(`${name} unpacks up to the limit, and a bomb is refused before it unpacks`, async (t) => {
    // A record of 300,002 bytes after its length, most of them its value, and one of nulls.
    const records = new Uint8Array(300_012);
    records.set([0xc4, 0xcf, 0x24, 0, 0, 0, 1, 0xb4, 0xcf, 0x24]);
    records.set([12, 0, 0, 2, 1, 1, 0], 300_005);
    const bytes = batchOf(pack(records), 2, codec);
    t.equal(readAll(bytes, { decompressedBytesMax: records.length }).length, 2);
    t.throws(() => readAll(bytes, { decompressedBytesMax: records.length - 1 }), {
      code: 'BATCH_CORRUPT',
      message: /bomb/,
    });
    const bomb = batchOf(pack(new Uint8Array(20_000_000)), 1, codec);
    t.throws(() => readAll(bomb), { code: 'BATCH_CORRUPT', message: /more than 16777216 bytes, a decompression bomb/ });
  });
}

t.test('no mutation of good bytes does anything but read or say BATCH_CORRUPT', async () => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'drop', 'repeat') });
  const records = fc.array(anyRecord, { minLength: 1, maxLength: 20 });
  const compression = fc.constantFrom('none', 'none', 'lz4', 'zstd');
  fc.assert(
    fc.property(records, compression, fc.array(mutation, { minLength: 1, maxLength: 6 }), (list, codec, mutations) => {
      const encoder = new BatchEncoder({ batchBytesMax: 400, compression: codec as 'none' | 'lz4' | 'zstd' });
      for (const record of list) append(encoder, record);
      let bytes: Uint8Array = encoder.finish();
      for (const { at, byte, kind } of mutations) {
        const i = at % bytes.length;
        if (kind === 'set') bytes[i] = byte;
        else
          bytes = Buffer.concat([
            bytes.subarray(0, kind === 'drop' ? i : i + 1),
            bytes.subarray(i + (kind === 'drop' ? 1 : 0)),
          ]);
        if (bytes.length === 0) return;
      }
      const cursor = new BatchCursor({ checkCrc: false, includeControl: true, decompressedBytesMax: 100_000 });
      cursor.reset(bytes);
      let count = 0;
      try {
        while (cursor.next()) {
          count++;
          const end = cursor.bytes.length;
          if (cursor.keyEnd > end || cursor.valueEnd > end || cursor.keyEnd < cursor.keyStart)
            throw new Error('a slice outside');
          if (!Number.isSafeInteger(cursor.offset)) throw new Error(`offset ${cursor.offset}`);
          cursor.readHeaders();
          cursor.header('absent');
        }
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'BATCH_CORRUPT') throw error;
      }
      if (count > bytes.length * 20) throw new Error('more records than bytes can hold');
    }),
    { numRuns: 3000 },
  );
});

t.test('arbitrary bytes behind a good header and sum are read or BATCH_CORRUPT', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(4), (records, count, codec) => {
      try {
        readAll(batchOf(records, count, codec, Math.max(count - 1, 0)), { decompressedBytesMax: 100_000 });
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'BATCH_CORRUPT') throw error;
      }
    }),
    { numRuns: 3000 },
  );
});
