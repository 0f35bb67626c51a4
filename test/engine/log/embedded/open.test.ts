import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { encodeJson, factKey } from '../../../../engine/log/embedded/keys.ts';
import { LmdbStore } from '../../../../engine/log/embedded/lmdb-store.ts';
import { openEmbeddedLog, openEmbeddedLogReadOnly } from '../../../../engine/log/index.ts';
import { allValues, batchOf } from '../batches.ts';
import { Child, temporaryDirectory } from './child-process.ts';

const topic = { name: 'a', partitions: 1, cleanup: 'delete' } as const;

/** A worker that does what reader-thread.ts says for each message. */
function readerThread(workerData: object) {
  const worker = new Worker(new URL('./reader-thread.ts', import.meta.url), { workerData });
  return {
    worker,
    ask: <T>(message: object) =>
      new Promise<T>((resolve, reject) => {
        worker.once('message', resolve);
        worker.removeAllListeners('error').once('error', reject);
        worker.postMessage(message);
      }),
  };
}

t.test('a second log on the same directory is refused while the first is open', async (t) => {
  const path = temporaryDirectory(t);
  const log = await openEmbeddedLog(path);
  await t.rejects(openEmbeddedLog(path), { code: 'LOG_LOCKED', message: /is open in process \d+/ });
  const other = new Child('tryOpen', path);
  t.equal(await other.line(), 'LOG_LOCKED', 'by another process too');
  await log.createTopics([topic]);
  await log.close();
  t.equal(await new Child('tryOpen', path).line(), 'open', 'and not after');
});

t.test(
  'an owner in another container is taken for alive while it beats, and for dead after it fell silent',
  async (t) => {
    if (process.platform !== 'linux') {
      t.pass('process ids have namespaces on Linux alone');
      return;
    }
    const path = temporaryDirectory(t);
    const log = await openEmbeddedLog(path);
    await log.close();
    const store = new LmdbStore({ path });
    // As its container's processes are numbered: here this may be anybody.
    const elsewhere = {
      pid: 1,
      startTicks: '1',
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      pidNamespace: 'pid:[1]',
    };
    store.exchange(factKey('process'), () => encodeJson(elsewhere));
    await store.close();
    await t.rejects(openEmbeddedLog(path), { code: 'LOG_LOCKED' });
    const { mtimeMs } = statSync(join(path, 'owner'));
    utimesSync(join(path, 'owner'), (mtimeMs - 31_000) / 1000, (mtimeMs - 31_000) / 1000);
    const next = await openEmbeddedLog(path);
    await next.close();
  },
);

t.test('who was killed holds nothing', async (t) => {
  const path = temporaryDirectory(t);
  const child = new Child('hold', path);
  t.equal(await child.line(), 'open');
  await t.rejects(openEmbeddedLog(path), { code: 'LOG_LOCKED' });
  await child.kill();
  const log = await openEmbeddedLog(path);
  await log.close();
});

t.test('another process reads beside the writer, and is told what comes', async (t) => {
  const path = temporaryDirectory(t);
  const log = await openEmbeddedLog(path, { groupCommitMs: 0 });
  await log.createTopics([topic]);
  const append = (...values: string[]) =>
    log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf(values) }] });
  await append('0', '1');
  const child = new Child('tail', path);
  t.equal(await child.line(), '0,1');
  t.equal(await child.line(), 'waits');
  await append('2');
  t.equal(await child.line(), 'true');
  t.equal(await child.line(), '0,1,2');
  t.equal(await child.line(), '[{"start":0,"end":3}]');
  t.equal(await child.line(), 'closed');
  await log.close();
  const alone = await openEmbeddedLogReadOnly(path);
  t.same(await allValues(alone.openReader(), 'a', 0), ['0', '1', '2'], 'without a writer too');
  await alone.close();
  await t.rejects(openEmbeddedLogReadOnly(`${path}/none`), { code: 'CONFIG_INVALID' });
});

t.test('a reader in a worker sees what is durable, new topics too, and is woken', async (t) => {
  const path = temporaryDirectory(t);
  const log = await openEmbeddedLog(path, { groupCommitMs: 0 });
  const { worker, ask } = readerThread({ descriptor: log.readerDescriptor() });
  t.equal(await ask({ kind: 'read' }), 'TOPIC_UNKNOWN');
  await log.createTopics([topic]);
  t.same(await ask({ kind: 'read' }), []);
  const woken = ask({ kind: 'wait', offset: 0 });
  await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf(['0', '1']) }] });
  t.equal(await woken, true);
  for (let i = 2; i < 50; i++) {
    const waiting = ask({ kind: 'wait', offset: i });
    await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf([`${i}`]) }] });
    t.equal(await waiting, true);
    t.equal((await ask<string[]>({ kind: 'read' })).at(-1), `${i}`, 'the record is there when the end says so');
  }
  await worker.terminate();
  await log.close();
});

for (const [name, message] of [
  ['that waits', { kind: 'wait', offset: 1_000_000 }],
  ['that works long on what it fetched', { kind: 'block' }],
] as const) {
  t.test(`a reader ${name} does not make the file grow`, async (t) => {
    const path = temporaryDirectory(t);
    const log = await openEmbeddedLog(path, { groupCommitMs: 0, maintenanceMs: 1, segmentBytes: 500_000 });
    await log.createTopics([{ ...topic, retentionBytes: 1_000_000 }]);
    const value = 'x'.repeat(200_000);
    const fill = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf([value]) }] });
      }
    };
    await fill(100);
    const gate = new SharedArrayBuffer(4);
    const { worker, ask } = readerThread({ descriptor: log.readerDescriptor(), gate });
    t.equal(await ask({ kind: 'fetch' }), true);
    worker.postMessage(message);
    if (message.kind === 'block')
      t.not(Atomics.wait(new Int32Array(gate), 0, 0, 120_000), 'timed-out', 'it is at work');
    const before = log.diskBytes();
    await fill(200);
    const grown = log.diskBytes() - before;
    t.ok(grown < 10_000_000, `40 MB written, the file grew by ${grown}`);
    await worker.terminate();
    await log.close();
  });
}

t.test('a worker that is terminated leaves no reader behind', async (t) => {
  const path = temporaryDirectory(t);
  const log = await openEmbeddedLog(path, { groupCommitMs: 0, maintenanceMs: 1, segmentBytes: 500_000 });
  await log.createTopics([{ ...topic, retentionBytes: 1_000_000 }]);
  const value = 'x'.repeat(200_000);
  for (let round = 0; round < 8; round++) {
    const { worker, ask } = readerThread({ descriptor: log.readerDescriptor() });
    await ask({ kind: 'read' });
    await worker.terminate();
    for (let i = 0; i < 20; i++) {
      await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: batchOf([value]) }] });
    }
  }
  t.ok(log.diskBytes() < 16_000_000, `32 MB written, the file has ${log.diskBytes()}`);
  await log.close();
});

t.test('a full disk refuses, and recovers once the reader has caught up', async (t) => {
  const path = temporaryDirectory(t);
  // In blocks of 512 bytes (1,024 where the shell counts so): about 5 MB.
  const child = new Child('fill', path, 10_000);
  // A write of which a part fits looks like a failing disk.
  t.match(await child.line(), /^(QUOTA_EXCEEDED|DEPENDENCY_DOWN) true$/);
  t.equal(await child.line(), 'true', 'what was acknowledged can be read');
  t.equal(await child.line(), 'true', 'appends go on at the same offset');
  t.equal(await child.line(), undefined);
});
