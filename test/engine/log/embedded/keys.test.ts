import fc from 'fast-check';
import t from 'tap';
import {
  batchKey,
  batchRange,
  decodeNumber,
  decodePartition,
  decodeSegment,
  encodeNumbers,
  encodePartition,
  encodeSegment,
  groupKey,
  offsetOf,
  partitionIdOf,
  segmentKey,
} from '../../../../engine/log/embedded/keys.ts';

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const offset = fc.oneof(fc.nat(), fc.maxSafeNat());

t.test('keys order as their partitions and offsets do', async () => {
  fc.assert(
    fc.property(id, offset, id, offset, (idA, a, idB, b) => {
      const numbers = Math.sign(idA - idB) || Math.sign(a - b);
      return Math.sign(Buffer.compare(batchKey(idA, a), batchKey(idB, b))) === numbers;
    }),
  );
});

t.test('a key gives back what it was made of', async () => {
  fc.assert(
    fc.property(id, offset, (partitionId, base) =>
      [batchKey, segmentKey].every((make) => {
        const key = make(partitionId, base);
        return partitionIdOf(key) === partitionId && offsetOf(key) === base;
      }),
    ),
  );
});

t.test("a partition's range holds its batches and no others", async () => {
  fc.assert(
    fc.property(id, offset, offset, offset, (partitionId, from, to, base) => {
      const range = batchRange(partitionId, from, to);
      const isIn = (key: Uint8Array) => Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0;
      const isOther = isIn(batchKey((partitionId + 1) % 2 ** 32, base)) || isIn(groupKey(partitionId, 'group'));
      return isIn(batchKey(partitionId, base)) === (from <= base && base < to) && !isOther;
    }),
  );
});

t.test('records survive their encoding', async (t) => {
  const partition = { start: 3, end: 2 ** 52, garbageFrom: 1, garbageBytes: 4_096, cleanedTo: 2 };
  t.same(decodePartition(encodePartition(partition)), partition);
  const segment = {
    base: 7,
    end: 9,
    bytes: 2 ** 40,
    openedMs: 1_700_000_000_000,
    appendedMs: 1_700_000_000_001,
    hasTombstones: true,
  };
  t.same(decodeSegment(7, encodeSegment(segment)), segment);
  t.equal(decodeNumber(encodeNumbers(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER);
});
