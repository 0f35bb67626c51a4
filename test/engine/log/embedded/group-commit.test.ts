import t from 'tap';
import { MsecError } from '../../../../engine/base/index.ts';
import {
  EmbeddedLog,
  type EmbeddedLogOptions,
  LocalEnds,
  MemoryDisk,
  MemoryStore,
} from '../../../../engine/log/index.ts';
import { allValues, batchOf } from '../batches.ts';
import { ManualClock } from '../manual-clock.ts';

/** A disk on which each commit waits until the test lets it through, or fails it. */
function slowDisk() {
  const disk = new MemoryDisk();
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let isSlow = false;
  let commits = 0;
  const store = new MemoryStore(disk, () => {
    commits++;
    if (!isSlow) return Promise.resolve();
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  });
  return {
    disk,
    store,
    slow: () => {
      isSlow = true;
    },
    commits: () => commits,
    waiting: () => waiting.length,
    flush: () => waiting.shift()!.resolve(),
    fail: (error: Error) => waiting.shift()!.reject(error),
  };
}

const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

async function open(options: EmbeddedLogOptions = {}) {
  const clock = new ManualClock();
  const slow = slowDisk();
  const log = new EmbeddedLog(slow.store, new LocalEnds(), clock, options);
  await log.createTopics([{ name: 'a', partitions: 1, cleanup: 'delete' }]);
  const append = (value: string) => log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf([value]) }] });
  return { clock, ...slow, log, append };
}

t.test('while a group is on its way to the disk the next one gathers', async (t) => {
  const { log, append, slow, flush, waiting, commits } = await open({ groupCommitMs: 0 });
  slow();
  const before = commits();
  const first = append('0');
  await turns();
  const rest = ['1', '2', '3'].map(append);
  await turns();
  t.equal(waiting(), 1, 'one commit at a time');
  flush();
  await first;
  await turns();
  t.equal(waiting(), 1);
  flush();
  await Promise.all(rest);
  t.equal(commits() - before, 2);
  await log.close();
});

t.test('nobody is told, and no reader sees anything, before it is durable', async (t) => {
  const { log, append, slow, flush } = await open({ groupCommitMs: 0 });
  slow();
  const reader = log.openReader();
  let isDone = false;
  const commit = append('0').then(() => {
    isDone = true;
  });
  await turns();
  t.equal(isDone, false);
  t.same(await reader.bounds('a', 0), { start: 0, end: 0 });
  flush();
  await commit;
  t.same(await reader.bounds('a', 0), { start: 0, end: 1 });
  await log.close();
});

t.test('when idle a transaction starts at once, under load groups are apart', async (t) => {
  const { log, append, clock, commits } = await open({ groupCommitMs: 5 });
  clock.advance(5);
  const before = commits();
  await append('0');
  t.equal(commits() - before, 1, 'without any time passing');
  const second = append('1');
  await turns();
  t.equal(commits() - before, 1, 'too early');
  const third = append('2');
  clock.advance(4);
  await turns();
  t.equal(commits() - before, 1);
  clock.advance(1);
  await Promise.all([second, third]);
  t.equal(commits() - before, 2, 'both in one');
  await log.close();
});

t.test('a group that is full does not wait for the time to pass', async (t) => {
  const { log, append, clock, commits } = await open({ groupCommitMs: 1_000, groupBytesMax: 1_000 });
  clock.advance(1_000);
  const before = commits();
  const all = Promise.all(Array.from({ length: 40 }, (_, i) => append(`${i}`)));
  await turns(200);
  t.equal(commits() - before, 2, 'the full ones');
  clock.advance(1_000);
  await all;
  t.equal(commits() - before, 3, 'and the rest in its time');
  await log.close();
});

t.test('a full disk fails the group alone, and leaves no trace', async (t) => {
  const { log, append, slow, flush, fail, waiting } = await open({ groupCommitMs: 0 });
  await append('kept');
  const owner = await log.acquire('task');
  slow();
  const lost = [append('lost'), log.commit({ ownership: owner })];
  const making = log.createTopics([{ name: 'b', partitions: 2, cleanup: 'delete' }]);
  const settled = Promise.allSettled([...lost, making]);
  await turns();
  fail(new MsecError('QUOTA_EXCEEDED', 'the disk is full'));
  t.same(
    (await settled).map((outcome) => outcome.status === 'rejected' && outcome.reason.code),
    ['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED'],
  );
  t.same(
    (await log.describe()).map(({ name, bounds }) => [name, bounds]),
    [['a', [{ start: 0, end: 1 }]]],
  );
  await t.rejects(log.commit({ appends: [{ topic: 'b', partition: 0, bytes: batchOf(['x']) }] }), {
    code: 'TOPIC_UNKNOWN',
  });
  await t.rejects(log.commit({ ownership: owner }), { code: 'FENCED' }, 'its ownership has lost a transaction');
  const next = append('next');
  await turns();
  flush();
  t.same((await next).baseOffsets, [1], 'the offset is free again');
  t.same(await allValues(log.openReader(), 'a', 0), ['kept', 'next']);
  t.equal(waiting(), 0);
  await log.close();
});

t.test('after any other failure of the store nothing is accepted any more', async (t) => {
  const { append, slow, fail } = await open({ groupCommitMs: 0 });
  slow();
  const first = append('0');
  await turns();
  const second = append('1');
  const settled = Promise.allSettled([first, second]);
  fail(new MsecError('CLOSED', 'input/output error'));
  t.same(
    (await settled).map((outcome) => outcome.status === 'rejected' && outcome.reason.code),
    ['CLOSED', 'CLOSED'],
  );
  await t.rejects(append('2'), { code: 'CLOSED' });
});

t.test('what comes from outside is refused when too much waits', async (t) => {
  const { log, append, slow, flush } = await open({ groupCommitMs: 0, waitingBytesMax: 450 });
  slow();
  const outside = () =>
    log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf(['o']) }], admission: 'refusable' });
  const first = append('0');
  await turns();
  const waiting = Array.from({ length: 6 }, outside);
  await t.rejects(outside(), { code: 'QUOTA_EXCEEDED' });
  const inside = append('internal');
  flush();
  await first;
  await turns();
  flush();
  await Promise.all([...waiting, inside]);
  await log.close();
});

t.test('closing waits for what was handed in, and refuses the rest', async (t) => {
  const { log, append, disk } = await open({ groupCommitMs: 5 });
  const reader = log.openReader();
  const commits = ['0', '1', '2'].map(append);
  const waiting = reader.wait([{ topic: 'a', partition: 0, offset: 9 }], 60_000);
  // The groups are apart in time that stands still: closing must not wait for it.
  await Promise.all([log.close(), ...commits]);
  t.equal(await waiting, false);
  await t.rejects(append('3'), { code: 'CLOSED' });
  await t.rejects(reader.bounds('a', 0), { code: 'CLOSED' });
  const again = new EmbeddedLog(new MemoryStore(disk), new LocalEnds(), new ManualClock());
  t.same(await allValues(again.openReader(), 'a', 0), ['0', '1', '2']);
  await again.close();
});
