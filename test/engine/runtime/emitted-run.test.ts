import fc from 'fast-check';
import t from 'tap';
import { type AnyActor, type ByteWriter, defineActor, MsecError, rows, topic } from '../../../engine/index.ts';
import { StageDriver } from '../../actors/stage-driver.ts';

interface Value {
  n: number;
}

const codec = {
  format: 'test.number',
  decode: (bytes: Uint8Array, start: number) => ({ n: bytes[start]! }),
  encode: (value: Value, writer: ByteWriter) => writer.u8(value.n),
};
const inputs = topic(
  'in',
  { ...codec, decode: (bytes: Uint8Array, start: number, end: number) => bytes.slice(start, end), encode: () => {} },
  { external: true },
);
const middle = topic('middle', codec);
const outputs = topic('out', codec, { access: 'public' });

/** Hands each byte of its record on: in a run, or one by one. */
function splitter(isRun: boolean): AnyActor {
  return defineActor({
    name: 'splitter',
    inputs: { inputs },
    outputs: { middle },
    open: ({ out }) => {
      const value = { n: 0 };
      return {
        process(record) {
          const bytes = record.value as Uint8Array;
          const run = {
            from: 0,
            to: bytes.length,
            timestamps: Float64Array.from(bytes, (n) => record.timestamp + n),
            move(i: number) {
              value.n = bytes[i]!;
            },
          };
          if (isRun) out.middle.emitRun(value, run);
          else
            for (let i = 0; i < run.to; i++) {
              run.move(i);
              out.middle.emit(value, run.timestamps[i]!);
            }
        },
      };
    },
  });
}

/** Adds up in state, tells each sum, and fails in three ways: at once, after it has changed things, and by refusing. */
function adder(): AnyActor {
  return defineActor({
    name: 'adder',
    inputs: { middle },
    outputs: { outputs },
    state: { sums: rows(64) },
    open: (context) => ({
      process({ keyId, value: { n } }) {
        const { sums } = context.state;
        if (n % 7 === 0) throw new MsecError('VALUE_INVALID', 'at once');
        let row = sums.find(keyId);
        if (row < 0) row = sums.create(keyId);
        sums.touch(row, 0);
        sums.f64[row * 8]! += n;
        context.count('added');
        context.out.outputs.emit({ n: sums.f64[row * 8]! & 0xff });
        if (n % 5 === 0) throw new MsecError('VALUE_INVALID', 'late');
        if (n % 11 === 0) context.deadLetter(new MsecError('VALUE_INVALID', 'refused'));
      },
    }),
  });
}

function told(isRun: boolean, fuse: boolean, records: readonly (readonly number[])[]) {
  const driver = new StageDriver({ actors: [splitter(isRun), adder()], fuse });
  for (const [i, record] of records.entries()) driver.feed('in', `key-${i % 2}`, 1000 * i, Uint8Array.from(record));
  const records_ = driver.records
    .filter(({ topic: name }) => name !== 'middle')
    .map(({ topic: name, key, timestamp, value, letter }) => [name, key, timestamp, [...value], letter?.message]);
  return { records: records_, counts: driver.counts('adder') };
}

t.test('a run is handled as if each of its values had been emitted by itself', async (t) => {
  const records = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), { maxLength: 6 });
  let failed = 0;
  fc.assert(
    fc.property(records, fc.boolean(), (all, fuse) => {
      const run = told(true, fuse, all);
      failed += run.records.some(([name]) => name === 'middle.dlq') ? 1 : 0;
      t.same(run, told(false, fuse, all));
    }),
    { numRuns: 150 },
  );
  t.ok(failed > 30, `${failed} held one that fails`);
});
