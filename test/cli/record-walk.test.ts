import t from 'tap';
import { inTimeOrder, offsetOfNewest, type WalkedRecord } from '../../cli/commands/record-walk.ts';
import { BatchEncoder, batchSpans, hideBatch, rewriteBaseOffsets } from '../../engine/batch/index.ts';
import type { FetchedBatches, LogReader } from '../../engine/index.ts';

const record = (partition: number, offset: number, timestamp: number): WalkedRecord => ({
  topic: 'readings',
  partition,
  offset,
  timestamp,
  key: null,
  value: null,
  headers: [],
});

t.test('partitions are merged by time, and a straggler never overtakes what its partition holds before it', (t) => {
  const merged = inTimeOrder([
    [record(0, 0, 50), record(0, 1, 10), record(0, 2, 60)],
    [record(1, 7, 20), record(1, 8, 55)],
  ]);
  t.same(
    merged.map(({ partition, offset }) => `${partition}-${offset}`),
    ['1-7', '0-0', '0-1', '1-8', '0-2'],
  );
  t.end();
});

/** A partition in which each record is followed by the end of its transaction. */
function marked(records: number): { readonly reader: LogReader; readonly bounds: { start: number; end: number } } {
  const encoder = new BatchEncoder();
  const batch = () => {
    encoder.append(0, new Uint8Array([1]), 0, 1, new Uint8Array([2]), 0, 1);
    return encoder.finish();
  };
  const bytes = new Uint8Array(Buffer.concat(Array.from({ length: records * 2 }, batch)));
  const end = rewriteBaseOffsets(bytes, 0);
  for (const span of batchSpans(bytes)) if (span.baseOffset % 2 === 1) hideBatch(bytes, span.start, span.end);
  const bounds = { start: 0, end };
  const fetch = async (_topic: string, _partition: number, offset: number): Promise<FetchedBatches> => {
    const first = [...batchSpans(bytes)].find(({ lastOffset }) => lastOffset >= offset);
    return { bytes, start: first?.start ?? bytes.length, end: bytes.length, bounds };
  };
  return { reader: { fetch } as unknown as LogReader, bounds };
}

t.test('the newest records are found behind markers that take offsets', async (t) => {
  const { reader, bounds } = marked(40);
  const from = (count: number) => offsetOfNewest(reader, 'letters', 0, bounds, count);
  t.equal(await from(0), 80);
  t.ok((await from(1)) <= 78, 'the last offset is a marker');
  t.ok((await from(10)) <= 60);
  t.equal(await from(1_000), 0, 'no more than there are');
});
