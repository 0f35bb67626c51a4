import fc from 'fast-check';
import t from 'tap';
import { BatchCursor, BatchEncoder, BatchMemory } from '../../../engine/batch/index.ts';

t.test('memory is with one holder at a time, is long enough, and what is kept is bounded', (t) => {
  const idleBytesMax = 4096;
  const step = fc.oneof(
    fc.record({ take: fc.nat({ max: 3000 }) }),
    fc.record({ give: fc.nat({ max: 20 }) }),
    fc.record({ foreign: fc.nat({ max: 3000 }) }),
    fc.record({ rest: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new BatchMemory({ bytesMin: 16, idleBytesMax });
      const held: ArrayBufferLike[] = [];
      for (const one of steps) {
        if ('take' in one) {
          const taken = memory.take(one.take);
          if (held.includes(taken)) throw new Error('two hold it');
          if (taken.byteLength < one.take) throw new Error('too short');
          held.push(taken);
        } else if ('give' in one) {
          const [given] = held.splice(one.give % Math.max(held.length, 1), 1);
          if (given !== undefined) memory.give(given);
        } else if ('rest' in one) memory.rest();
        else memory.give(new ArrayBuffer(one.foreign));
        if (memory.idleBytes > idleBytesMax) throw new Error('too much is kept');
      }
    }),
  );
  t.pass();
  t.end();
});

t.test('memory that came back is used for what fits it, and not for what is far smaller', (t) => {
  const memory = new BatchMemory({ bytesMin: 64 });
  const large = memory.take(10_000);
  memory.give(large);
  t.not(memory.take(100), large);
  t.equal(memory.take(9_000), large);
  const small = new ArrayBuffer(63);
  memory.give(small);
  t.equal(memory.idleBytes, 0, 'what is not worth it is left to the collector');
  t.end();
});

t.test('what nobody has wanted between two rests goes, and what is in use stays', (t) => {
  const memory = new BatchMemory({ bytesMin: 64, isShared: true });
  const [used, unused] = [memory.take(1_000), memory.take(50_000)];
  memory.give(used);
  memory.give(unused);
  memory.rest();
  t.equal(memory.idleBytes, used.byteLength + unused.byteLength, 'it has only just come');
  t.equal(memory.take(1_000), used);
  memory.give(used);
  memory.rest();
  t.equal(memory.idleBytes, used.byteLength);
  memory.rest();
  t.equal(memory.idleBytes, 0);
  t.end();
});

t.test('an encoder that hands over its memory writes the same batches, and none into what it has handed over', (t) => {
  const record = fc.record({
    timestamp: fc.nat({ max: 1e9 }),
    key: fc.uint8Array({ maxLength: 20 }),
    value: fc.uint8Array({ maxLength: 200 }),
    isBegun: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.array(record, { maxLength: 12 }), { maxLength: 12 }), fc.nat(), (rounds, late) => {
      const memory = new BatchMemory({ bytesMin: 300, isShared: late % 2 === 1 });
      const options = { batchBytesMax: 700 };
      const [handing, copying] = [new BatchEncoder({ ...options, memory }), new BatchEncoder(options)];
      const out: { readonly given: Uint8Array; readonly expected: Uint8Array }[] = [];
      for (const [i, records] of rounds.entries()) {
        for (const encoder of [handing, copying]) {
          for (const { timestamp, key, value, isBegun } of records) {
            if (isBegun) {
              encoder.begin(timestamp, key, 0, key.length).copy(value);
              encoder.end();
            } else encoder.append(timestamp, key, 0, key.length, value, 0, value.length);
          }
        }
        out.push({ given: handing.finish(), expected: copying.finish() });
        for (const { given, expected } of out)
          if (Buffer.compare(given, expected) !== 0) throw new Error('not what was written');
        // One of them comes back, whatever else is on its way.
        if ((late >> (i % 16)) % 2 === 0) continue;
        const [back] = out.splice(late % out.length, 1);
        back!.given.fill(0xa5);
        memory.give(back!.given.buffer);
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

t.test(
  'shared memory is bounded by what was ever taken and is not collected yet; beyond it, memory is the collector’s',
  (t) => {
    const size = 32 * 1024 * 1024;
    const memory = new BatchMemory({ isShared: true, idleBytesMax: size, sharedBytesMax: 3 * size });
    const taken = Array.from({ length: 4 }, () => memory.take(size));
    t.same(
      taken.map((one) => one instanceof SharedArrayBuffer),
      [true, true, true, false],
    );
    for (const one of taken.reverse()) memory.give(one);
    t.equal(memory.idleBytes, size, 'the last is kept');
    t.equal(memory.take(size), taken.at(-1), 'and taken again');
    t.ok(memory.take(size) instanceof ArrayBuffer, 'what was let go of has not been collected');
    t.end();
  },
);

t.test('what is handed over is not copied, and its memory is written to again once it is back', (t) => {
  const memory = new BatchMemory({ bytesMin: 100 });
  const encoder = new BatchEncoder({ memory });
  const value = new Uint8Array(5000).fill(7);
  const write = () => {
    encoder.append(1, value, 0, 1, value, 0, value.length);
    return encoder.finish();
  };
  const first = write();
  t.ok(first.buffer.byteLength > first.length, 'it is the memory that was written to');
  const second = write();
  t.not(second.buffer, first.buffer);
  memory.give(first.buffer);
  const third = write();
  t.equal(third.buffer, first.buffer);
  const cursor = new BatchCursor();
  cursor.reset(third);
  t.ok(cursor.next() && cursor.valueEnd - cursor.valueStart === value.length);
  const small = new BatchEncoder({ memory });
  small.append(1, value, 0, 1, value, 0, 1);
  const { buffer, length } = small.finish();
  t.equal(buffer.byteLength, length, 'few bytes are copied');
  t.end();
});
