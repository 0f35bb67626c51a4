import t from 'tap';
import { inTimeOrder, type WalkedRecord } from '../../cli/commands/record-walk.ts';

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
