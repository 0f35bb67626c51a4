/** A task whose state has a local copy: what it reads when it starts again. */
import t from 'tap';
import { type LogReader, MemoryDisk, MemoryStore } from '../../../engine/log/index.ts';
import { TaskSnapshots } from '../../../engine/runtime/task-snapshots.ts';
import { LocalSnapshots } from '../../../engine/state/index.ts';
import { Rig } from './rig.ts';
import { type Given, handler, open } from './task-rig.ts';

const STATE = 'app.one.state';

function given(rig: Rig, disk: MemoryDisk, changelog: string, fetched: number[]): Given {
  const copies = new TaskSnapshots(new LocalSnapshots(new MemoryStore(disk)), 'app', { [STATE]: changelog }, rig.clock);
  return {
    openSnapshot: (stage, state) =>
      copies.open('one-0', stage, 0, state, (thrown) => t.fail(`the copy failed: ${thrown}`)),
    reader: (reader): LogReader => ({
      fetch(topic, partition, offset, bytesMax) {
        if (topic === STATE) fetched.push(offset);
        return reader.fetch(topic, partition, offset, bytesMax);
      },
      bounds: (topic, partition) => reader.bounds(topic, partition),
      committed: (group, topic) => reader.committed(group, topic),
      wait: (positions, timeoutMs) => reader.wait(positions, timeoutMs),
      close: () => reader.close(),
    }),
  };
}

t.test(
  'after an orderly end no changelog is read, after a new topic all of it, and the state is the same',
  async (t) => {
    const rig = new Rig();
    const disk = new MemoryDisk();
    const life = async (changelog: string, numbers: readonly number[]) => {
      const fetched: number[] = [];
      const task = await open(rig, [handler((n, emit) => emit(n))], given(rig, disk, changelog, fetched));
      for (const n of numbers) await rig.append('from', 0, 'k', `${n}`);
      await rig.pass(300);
      const { stateBytes } = task.task.status();
      await task.stop();
      return { fetched, stateBytes };
    };
    const first = await life('cluster/a', [1, 2, 3]);
    t.same(first.fetched, [], 'there was nothing to read');
    const second = await life('cluster/a', [4]);
    t.same(second.fetched, []);
    t.equal(second.stateBytes, first.stateBytes);
    const third = await life('cluster/b', []);
    t.ok(third.fetched.length > 0 && third.fetched[0] === 0);
    t.equal(third.stateBytes, first.stateBytes);
  },
);

t.test('a changelog that has no name gets no copy', (t) => {
  const rig = new Rig();
  const copies = new TaskSnapshots(new LocalSnapshots(new MemoryStore()), 'app', {}, rig.clock);
  t.equal(
    copies.open('one-0', 'one', 0, undefined as never, () => {}),
    null,
  );
  t.end();
});
