/** A topology with much state: an actor that keeps one KiB for each key and tells how often it has seen it. */
import {
  type AnyActor,
  type ByteSlice,
  type Codec,
  defineActor,
  type RowStore,
  rawCodec,
  rows,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';

export const ROW_BYTES = 1024;
const ROW_DOUBLES = ROW_BYTES / 8;
const BLOCKS = ROW_BYTES / 64;
const BLOCK_DOUBLES = 64 / 8;

export interface RememberTopology {
  readonly application: string;
  readonly partitions: number;
  readonly input: string;
  readonly output: string;
}

const countCodec: Codec<number> = {
  format: 'count',
  decode: (bytes, start) => new DataView(bytes.buffer, bytes.byteOffset + start).getFloat64(0),
  encode: (value, writer) => writer.f64(value),
};

/** Counts the key in its row, whose other numbers must be what was written when it was new. */
export function timesSeen(seen: RowStore, keyId: number, timestamp: number): number {
  const known = seen.find(keyId);
  const row = known < 0 ? seen.create(keyId) : known;
  const at = row * ROW_DOUBLES;
  // A new row is full of numbers, so that nothing about it is small; later only its first block changes.
  if (known < 0) for (let i = 1; i < ROW_DOUBLES; i++) seen.f64[at + i] = keyId + i + timestamp;
  seen.touch(row, 0);
  seen.f64[at]! += 1;
  // What has come back must be whole.
  for (let block = 1; block < BLOCKS; block++) {
    const i = block * BLOCK_DOUBLES;
    if (seen.f64[at + i + 1]! - seen.f64[at + i]! !== 1) throw new Error('the row is not what was written');
  }
  return seen.f64[at]!;
}

function rememberActor({ input, output }: RememberTopology): AnyActor {
  return defineActor({
    name: 'remember',
    inputs: { records: topic<ByteSlice>(input, rawCodec(), { external: true }) },
    outputs: { counts: topic(output, countCodec, { access: 'public' }) },
    state: { seen: rows(ROW_BYTES) },
    process({ keyId, timestamp }, { state, out }) {
      out.counts.emit(timesSeen(state.seen, keyId, timestamp));
    },
  });
}

export default (config: unknown): TopologyDefinition => {
  const { application, partitions } = config as RememberTopology;
  return { name: application, partitions, actors: [rememberActor(config as RememberTopology)] };
};
