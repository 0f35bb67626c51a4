/** Copies of state behind a channel are what they are at hand: through a real one, with its copying and giving away. */
import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import { MemoryDisk, MemoryStore } from '../../../engine/log/index.ts';
import { threadPort } from '../../../engine/runtime/real-threads.ts';
import { type CopyAnswer, type CopyRequest, remoteCopies, serveCopies } from '../../../engine/runtime/remote-copies.ts';
import { LocalSnapshots, type SnapshotCopies } from '../../../engine/state/index.ts';

const OF = { owner: 'one-0', stage: 'count', changelog: 'cluster/topic/0' };
const HEAD = { position: 7, watermarks: { in: 1_000 }, slots: { rows: 12 } };

function through(t: Test, copies: SnapshotCopies): SnapshotCopies {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  serveCopies(threadPort<CopyAnswer, CopyRequest>(port1), copies);
  return remoteCopies(threadPort<CopyRequest, CopyAnswer>(port2));
}

const page = (byte: number, length: number) => new Uint8Array(length).fill(byte);

/** What `page` made, as text: a comparison that fails then says so at once, and not after minutes of differences. */
function told(pages: readonly Uint8Array[]): string[] {
  return pages.map((bytes) => {
    const [byte = 0] = bytes;
    return `${bytes.length} × ${bytes.every((one) => one === byte) ? byte : 'not one byte'}`;
  });
}

// An answer that is lost would be waited for until the file's time is over.
t.setTimeout(590_000);

t.test('what was saved is read, run after run, until it is discarded', async (t) => {
  const copies = through(t, new LocalSnapshots(new MemoryStore()));
  t.equal(await copies.head(OF), null);
  const large = 600_000;
  const bytes = [page(1, large), page(2, large), page(3, large)];
  await copies.save(
    OF,
    bytes.map((bytes, i) => ({ store: 'rows', page: i, bytes })),
  );
  t.same(
    bytes.map(({ length }) => length),
    [0, 0, 0],
    'given away, not copied',
  );
  await copies.publish(OF, HEAD);
  t.same(await copies.head(OF), HEAD);
  t.equal(await copies.head({ ...OF, changelog: 'cluster/topic made anew/0' }), null);

  const first = await copies.read(OF, null);
  t.same(told(first.pages), [`${large} × 1`, `${large} × 2`]);
  t.not(first.next, null, 'there is more');
  const second = await copies.read(OF, first.next);
  t.same(told(second.pages), [`${large} × 3`]);
  t.equal(second.next, null);

  await copies.save(OF, [{ store: 'rows', page: 1, bytes: page(0, 0) }]);
  t.same(told((await copies.read(OF, null)).pages), [`${large} × 1`, `${large} × 3`], 'a page without rows is gone');
  await copies.discard(OF);
  t.equal(await copies.head(OF), null);
  t.same(await copies.read(OF, null), { pages: [], next: null });
});

t.test('what fails there fails here, with its code, and the next request is answered', async (t) => {
  let isFull = true;
  const full = new MsecError('QUOTA_EXCEEDED', 'the disk is full');
  const store = new MemoryStore(new MemoryDisk(), () => (isFull ? Promise.reject(full) : Promise.resolve()));
  const copies = through(t, new LocalSnapshots(store));
  await t.rejects(copies.publish(OF, HEAD), { code: 'QUOTA_EXCEEDED', message: full.message });
  isFull = false;
  await copies.publish(OF, HEAD);
  t.same(await copies.head(OF), HEAD);
});
