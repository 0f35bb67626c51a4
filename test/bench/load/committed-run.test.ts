// Rates from committed offsets, over a planted log whose group moves on while one transaction or other is undecided.
import t from 'tap';
import { committedRun } from '../../../bench/load/committed-run.ts';
import { type Log, type LogReader, MsecError, type TopicDescription } from '../../../engine/index.ts';

const TOPIC = 'frames';
const GROUP = 'planted.window';
const PARTITIONS = 64;
const EACH = 100;
/** Waits until its input ends, as what is measured does. */
const IDLE = ['-e', 'process.stdin.resume()'];

/** One partition after another is read to its end, one at each question; no moment is without an undecided transaction. */
function plantedLog(): { readonly log: Log; append(): void } {
  const ends = new Array<number>(PARTITIONS).fill(EACH);
  const committed = new Array<number>(PARTITIONS).fill(0);
  const described = (): TopicDescription => ({
    name: TOPIC,
    identity: 'planted',
    partitions: PARTITIONS,
    cleanup: 'delete',
    bounds: ends.map((end) => ({ start: 0, end })),
    bytes: 0,
  });
  const log: Partial<Log> = {
    describe: () => Promise.resolve([described()]),
    backlog(places) {
      const next = committed.findIndex((offset, partition) => offset < ends[partition]!);
      if (next >= 0) committed[next] = ends[next]!;
      return Promise.resolve(places.map(({ partition }) => ends[partition]! - committed[partition]!));
    },
    openReader() {
      const undecided = () => Promise.reject(new MsecError('DEPENDENCY_DOWN', 'UNSTABLE_OFFSET_COMMIT'));
      const reader: Partial<LogReader> = { committed: undecided, close: () => Promise.resolve() };
      return reader as LogReader;
    },
  };
  return { log: log as Log, append: () => ends[0]!++ };
}

t.test('a run is seen at each step though some transaction is always undecided', async (t) => {
  const { log, append } = plantedLog();
  const records = PARTITIONS * EACH;
  let finished = 0;
  const run = await committedRun({
    log,
    program: process.execPath,
    arguments: IDLE,
    group: GROUP,
    topic: TOPIC,
    warmUp: records / 4,
    sampleMs: 1,
    finish() {
      finished++;
      append();
      return Promise.resolve();
    },
  });
  t.equal(finished, 1);
  t.same(
    run.curve.map((sample) => sample.records),
    Array.from({ length: PARTITIONS - PARTITIONS / 4 + 1 }, (_, i) => (PARTITIONS / 4 + i) * EACH),
  );
  t.ok(run.recordsPerSecond > 0);
});
