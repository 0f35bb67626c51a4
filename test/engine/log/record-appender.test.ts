import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import { EmbeddedLog, LocalEnds, type Log, MemoryStore, RecordAppender } from '../../../engine/log/index.ts';
import { allValues, batchOf } from './batches.ts';
import { ManualClock } from './manual-clock.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function open(flush?: () => Promise<void>) {
  const log = new EmbeddedLog(new MemoryStore(undefined, flush), new LocalEnds(), new ManualClock(), {
    groupCommitMs: 0,
  });
  await log.createTopics([{ name: 'a', partitions: 2, cleanup: 'delete' }]);
  return log;
}

/** The log, and how many transactions it was given. */
function counted(log: Log) {
  const counts = { commits: 0 };
  const commit: Log['commit'] = (transaction) => {
    counts.commits++;
    return log.commit(transaction);
  };
  return { counts, log: { commit } };
}

t.test('each caller gets the offset of its own record, in the order of the calls', async (t) => {
  const log = await open();
  const { counts, log: counting } = counted(log);
  const appender = new RecordAppender(counting);
  const appends = Array.from({ length: 3_000 }, (_, i) =>
    appender.append('a', i % 2, 1_700_000_000_000, bytes(`k${i}`), bytes(`${i}`)),
  );
  t.equal(appender.pendingRecords, 3_000);
  const offsets = await Promise.all(appends);
  t.same(
    offsets,
    offsets.map((_, i) => i >> 1),
  );
  t.equal(counts.commits, 2, 'one batch a partition');
  t.equal(appender.pendingRecords, 0);
  const values = await allValues(log.openReader(), 'a', 1);
  t.same(
    values,
    values.map((_, i) => `${i * 2 + 1}`),
  );
  await appender.close();
  await log.close();
});

t.test('the bytes are copied before append returns', async (t) => {
  const log = await open();
  const appender = new RecordAppender(log);
  const shared = bytes('before');
  const append = appender.append('a', 0, 1_700_000_000_000, null, shared, [{ name: 'h', value: shared }]);
  shared.set(bytes('after!'));
  await append;
  t.same(await allValues(log.openReader(), 'a', 0), ['before']);
  await log.close();
});

t.test('what comes while a round is on its way to the disk is the next round', async (t) => {
  let release: (() => void)[] | undefined;
  const log = await open(() => new Promise((resolve) => (release === undefined ? resolve() : release.push(resolve))));
  const { counts, log: counting } = counted(log);
  const appender = new RecordAppender(counting);
  release = [];
  const append = (value: string) => appender.append('a', 0, 1_700_000_000_000, null, bytes(value));
  const first = append('0');
  for (let i = 0; i < 10; i++) await Promise.resolve();
  const rest = ['1', '2', '3'].map(append);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  t.equal(counts.commits, 1);
  release.shift()!();
  t.equal(await first, 0);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  release.shift()!();
  t.same(await Promise.all(rest), [1, 2, 3]);
  t.equal(counts.commits, 2);
  await log.close();
});

t.test('a record that is refused fails alone', async (t) => {
  const log = await open();
  const appender = new RecordAppender(log);
  const append = (topic: string, partition: number, value: Uint8Array | null) =>
    appender.append(topic, partition, 1_700_000_000_000, null, value);
  const outcomes = await Promise.allSettled([
    append('a', 0, bytes('0')),
    append('a', 0, new Uint8Array(2_000_000)),
    append('none', 0, bytes('x')),
    append('a', 7, bytes('x')),
    append('a', -1, bytes('x')),
    append('a', 0, null),
  ]);
  t.match(outcomes, [
    { value: 0 },
    { reason: { code: 'BATCH_TOO_LARGE' } },
    { reason: { code: 'TOPIC_UNKNOWN' } },
    { reason: { code: 'TOPIC_UNKNOWN' } },
    { reason: { code: 'TOPIC_UNKNOWN' } },
    { value: 1 },
  ]);
  t.equal(appender.pendingRecords, 0);
  await log.close();
});

t.test('more than the bound is refused at once, and less is taken again', async (t) => {
  const log = await open();
  const appender = new RecordAppender(log, { recordsMax: 3 });
  const append = () => appender.append('a', 0, 1_700_000_000_000, null, bytes('x'));
  const taken = [append(), append(), append()];
  await t.rejects(append(), { code: 'QUOTA_EXCEEDED' });
  t.same(await Promise.all(taken), [0, 1, 2]);
  t.equal(await append(), 3);
  const bytesBound = new RecordAppender(log, { bytesMax: 1_000 });
  const big = bytesBound.append('a', 0, 1_700_000_000_000, null, new Uint8Array(1_000));
  await t.rejects(bytesBound.append('a', 0, 1_700_000_000_000, null, bytes('x')), { code: 'QUOTA_EXCEEDED' });
  await big;
  await log.close();
});

t.test('a commit that fails reaches every caller of its round, and the next round goes on', async (t) => {
  const log = await open();
  let fails = true;
  const failing: Pick<Log, 'commit'> = {
    commit: (transaction) => {
      if (!fails) return log.commit(transaction);
      fails = false;
      return Promise.reject(new MsecError('QUOTA_EXCEEDED', 'full'));
    },
  };
  const appender = new RecordAppender(failing);
  const append = () => appender.append('a', 0, 1_700_000_000_000, null, bytes('x'));
  const outcomes = await Promise.allSettled([append(), append()]);
  t.match(outcomes, [{ reason: { code: 'QUOTA_EXCEEDED' } }, { reason: { code: 'QUOTA_EXCEEDED' } }]);
  t.equal(await append(), 0);
  await log.close();
});

t.test('closing waits for what was handed in, and refuses the rest', async (t) => {
  const log = await open();
  const appender = new RecordAppender(log);
  const append = () => appender.append('a', 0, 1_700_000_000_000, null, bytes('x'));
  const taken = [append(), append()];
  const closing = appender.close();
  await t.rejects(append(), { code: 'CLOSED' });
  await closing;
  t.same(await Promise.all(taken), [0, 1]);
  await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf(['y']) }] });
  await log.close();
});
