/** The changelog on both drivers: it stays small while transactions overlap, and what is left of it is the whole state. */
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { BatchEncoder, KeyTable } from '../../../engine/batch/index.ts';
import { EmbeddedLog, LocalEnds, type Log, type LogReader, MemoryStore } from '../../../engine/log/index.ts';
import { openKafkaLog } from '../../../engine/log/kafka/index.ts';
import { restoreState } from '../../../engine/runtime/restore-state.ts';
import { StageState, type ValueStore, values } from '../../../engine/state/index.ts';
import { startKafka } from '../../support/kafka-server.ts';
import { needs } from '../../support/needs.ts';
import { ManualClock } from '../log/manual-clock.ts';
import { codec } from './task-rig.ts';

const TOPIC = 'app.counter.state';
const KEYS = 5;
const TRANSACTIONS = 150;
const UNDER_WAY_MAX = 2;

class Counter {
  readonly keys = new KeyTable();
  readonly state = new StageState({ counts: values(codec) }, ['in'], this.keys);
  readonly counts = this.state.stores.counts as ValueStore<number>;

  set(key: number, value: number): void {
    const bytes = Buffer.from(`key-${key}`);
    this.counts.set(this.keys.intern(bytes, 0, bytes.length), value);
    this.counts.settle();
  }

  remove(key: number): void {
    const bytes = Buffer.from(`key-${key}`);
    this.counts.delete(this.keys.intern(bytes, 0, bytes.length));
    this.counts.settle();
  }

  content(): [string, number][] {
    return [...this.counts.entries()]
      .map(({ keyId, value }): [string, number] => [Buffer.from(this.keys.bytesOf(keyId)).toString(), value])
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}

async function changelog(t: Test, log: Log): Promise<void> {
  await log.createTopics([{ name: TOPIC, partitions: 1, cleanup: 'delete' }]);
  const reader = log.openReader();
  const restored = async () => {
    const counter = new Counter();
    await restoreState(counter.state, null, reader, TOPIC, 0, new AbortController().signal);
    return counter;
  };
  const expected = new Map<string, number>();
  // Two lives: the second begins where the first ended.
  for (let life = 0; life < 2; life++) {
    const ownership = await log.acquire('counter-0');
    const counter = await restored();
    t.same(counter.content(), [...expected].toSorted());
    const underWay = new Set<Promise<void>>();
    for (let n = 0; n < TRANSACTIONS; n++) {
      const [key, value] = [n % KEYS, life * TRANSACTIONS + n];
      counter.set(key, value);
      expected.set(`key-${key}`, value);
      const change = counter.state.collect();
      const encoder = new BatchEncoder();
      for (const chunk of change.chunks) encoder.append(1, chunk, -1, -1, chunk, 0, chunk.length);
      const { truncateBefore: before } = change;
      while (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
      const done = log
        .commit({
          ownership,
          appends: [{ topic: TOPIC, partition: 0, bytes: encoder.finish() }],
          truncations: before === null ? [] : [{ topic: TOPIC, partition: 0, before }],
        })
        .then(({ baseOffsets }) => counter.state.committed(change, baseOffsets[0]!))
        .finally(() => underWay.delete(done));
      underWay.add(done);
    }
    await Promise.all(underWay);
  }
  await log.acquire('counter-0');
  t.same((await restored()).content(), [...expected].toSorted(), 'nothing is lost');
  // On Kafka what was cut off goes in the background, once a second.
  let size = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 6_000 && size > 20; look++) {
    const { start, end } = await reader.bounds(TOPIC, 0);
    size = end - start;
    if (size > 20) await pause(20);
  }
  t.ok(size <= 20, `${size} offsets are left of ${2 * TRANSACTIONS} transactions`);
  t.same((await restored()).content(), [...expected].toSorted(), 'and what is left is all of it');
  await log.close();
}

t.test('on the embedded log', async (t) => {
  await changelog(t, new EmbeddedLog(new MemoryStore(), new LocalEnds(), new ManualClock(), { groupCommitMs: 0 }));
});

t.test('what is cut off while it is read is not half restored', async (t) => {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), new ManualClock(), { groupCommitMs: 0 });
  await log.createTopics([{ name: TOPIC, partitions: 1, cleanup: 'delete' }]);
  const ownership = await log.acquire('counter-0');
  const counter = new Counter();
  let cut = 0;
  const commit = async () => {
    const change = counter.state.collect();
    const encoder = new BatchEncoder();
    for (const chunk of change.chunks) encoder.append(1, chunk, -1, -1, chunk, 0, chunk.length);
    const { baseOffsets } = await log.commit({
      ownership,
      appends: [{ topic: TOPIC, partition: 0, bytes: encoder.finish() }],
    });
    counter.state.committed(change, baseOffsets[0]!);
    cut = change.truncateBefore ?? cut;
  };
  for (let key = 0; key < KEYS; key++) {
    counter.set(key, key);
    await commit();
  }
  counter.remove(0);
  const removedAt = (await log.describe([TOPIC]))[0]!.bounds[0]!.end;
  while (cut <= removedAt) {
    counter.set(1, cut);
    await commit();
  }
  const reader = log.openReader();
  let fetches = 0;
  const cutting: LogReader = {
    ...{ bounds: reader.bounds.bind(reader), committed: reader.committed.bind(reader) },
    ...{ wait: reader.wait.bind(reader), close: () => reader.close() },
    async fetch(topic, partition, offset) {
      if (++fetches === 2) await log.commit({ ownership, truncations: [{ topic, partition, before: cut }] });
      return reader.fetch(topic, partition, offset, 1);
    },
  };
  const restored = new Counter();
  t.equal(await restoreState(restored.state, null, cutting, TOPIC, 0, new AbortController().signal), true);
  t.ok(fetches > 2, 'read again from where the changelog now begins');
  t.same(restored.content(), counter.content());
  t.equal(restored.counts.size, KEYS - 1, 'what was removed does not come back');
  await log.close();
});

if (needs(t, 'java', 'mvn')) {
  t.test('on Kafka, whose markers take offsets too', async (t) => {
    const server = await startKafka();
    t.teardown(() => server.stop());
    await changelog(t, openKafkaLog({ bootstrap: [server.bootstrap] }));
  });
}
