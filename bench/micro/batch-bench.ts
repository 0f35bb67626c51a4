/**
 * Rates of the batch layer on one thread: walking, encoding, savepoints, interning, and where the two CRC-32C codes
 * meet. Prints one line a figure: the median of the rounds. Run: bin/node24 bench/micro/batch-bench.ts
 */
import { performance } from 'node:perf_hooks';
import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import { seededRandom } from '../../engine/base/index.ts';
import { crc32cInScript } from '../../engine/batch/crc32c.ts';
import { BatchCursor, BatchEncoder, EncoderMark, KeyTable, murmur2 } from '../../engine/batch/index.ts';

const ROUNDS = 7;
const encoderText = new TextEncoder();

/** Nanoseconds for one of the `count` things that `run` does: the median of the rounds. */
function nsEach(count: number, run: () => void): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    times.push(((performance.now() - start) * 1e6) / count);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

function report(name: string, ns: number, bytesEach = 0): void {
  const rate = (1e3 / ns).toFixed(1);
  const bandwidth = bytesEach === 0 ? '' : `, ${(bytesEach / ns).toFixed(2)} GB/s`;
  console.log(`${name.padEnd(52)} ${ns.toFixed(1).padStart(8)} ns, ${rate.padStart(7)} M/s${bandwidth}`);
}

const RECORDS = 500_000;
const keys = Array.from({ length: 1024 }, (_, i) => encoderText.encode(String(867_723_030_000_000 + i * 7919)));
const value = seededRandom(1).bytes(76);
const start = 1_700_000_000_000;

function encode(encoder: BatchEncoder): Uint8Array {
  for (let i = 0; i < RECORDS; i++) {
    const key = keys[i & 1023]!;
    encoder.append(start + (i >> 6), key, 0, key.length, value, 0, value.length);
  }
  return encoder.finish();
}

/** As a task does: a commit each 10,000 records, with or without a savepoint before each record. */
function encodeByCommits(encoder: BatchEncoder, mark: EncoderMark | undefined): void {
  for (let i = 0; i < RECORDS; i++) {
    const key = keys[i & 1023]!;
    if (mark !== undefined) encoder.saveTo(mark);
    encoder.append(start + (i >> 6), key, 0, key.length, value, 0, value.length);
    if (i % 10_000 === 9_999) encoder.finish();
  }
}

const encoder = new BatchEncoder();
const bytes = encode(encoder);
const recordBytes = bytes.length / RECORDS;
console.log(`records of ${recordBytes.toFixed(1)} bytes, batches of at most 512 KiB, one thread`);

for (const checkCrc of [true, false]) {
  const cursor = new BatchCursor({ checkCrc });
  let sum = 0;
  const walk = () => {
    cursor.reset(bytes);
    while (cursor.next()) sum += cursor.valueEnd - cursor.valueStart;
  };
  report(`walk${checkCrc ? ' with CRC-32C' : ' without CRC-32C'}`, nsEach(RECORDS, walk), recordBytes);
  if (sum !== RECORDS * ROUNDS * value.length) throw new Error('the walk lost records');
}

for (const compression of ['lz4', 'zstd'] as const) {
  const packed = encode(new BatchEncoder({ compression }));
  const cursor = new BatchCursor();
  const walk = () => {
    cursor.reset(packed);
    while (cursor.next());
  };
  report(`walk ${compression}, ratio ${(bytes.length / packed.length).toFixed(1)}`, nsEach(RECORDS, walk), recordBytes);
}

report(
  'encode and finish',
  nsEach(RECORDS, () => encodeByCommits(encoder, undefined)),
  recordBytes,
);
const mark = new EncoderMark();
report(
  'the same, a savepoint before each record',
  nsEach(RECORDS, () => encodeByCommits(encoder, mark)),
  recordBytes,
);
const savepoints = nsEach(5_000_000, () => {
  for (let i = 0; i < 5_000_000; i++) {
    encoder.saveTo(mark);
    encoder.rollback(mark);
  }
});
report('a savepoint and its rollback', savepoints);

{
  const cursor = new BatchCursor({ checkCrc: false });
  const table = new KeyTable();
  let sum = 0;
  const walk = () => {
    cursor.reset(bytes);
    while (cursor.next()) sum += table.intern(cursor.bytes, cursor.keyStart, cursor.keyEnd);
  };
  report('walk without CRC and intern a 15-byte key of 1024', nsEach(RECORDS, walk));
  const intern = () => {
    for (let i = 0; i < RECORDS; i++) {
      const key = keys[(i * 61) & 1023]!;
      sum += table.intern(key, 0, key.length);
    }
  };
  report('intern a 15-byte key of 1024', nsEach(RECORDS, intern));
  const hash = () => {
    for (let i = 0; i < RECORDS; i++) sum += murmur2(keys[i & 1023]!);
  };
  report('murmur2 of a 15-byte key', nsEach(RECORDS, hash));
  if (sum === 0) throw new Error('nothing was interned');
}

for (const size of [64, 128, 256, 512, 1024, 4096, 65_536]) {
  const count = Math.max(200, Math.floor(20_000_000 / size));
  let sum = 0;
  const script = nsEach(count, () => {
    for (let i = 0; i < count; i++) sum += crc32cInScript(bytes, 0, size);
  });
  const native = nsEach(count, () => {
    for (let i = 0; i < count; i++) sum += nativeCrc32c(bytes.subarray(0, size));
  });
  const rate = (ns: number) => `${(size / ns).toFixed(2)} GB/s`;
  console.log(`CRC-32C of ${String(size).padStart(5)} bytes: JavaScript ${rate(script)}, native ${rate(native)}`);
  if (sum === 0) throw new Error('nothing was summed');
}
