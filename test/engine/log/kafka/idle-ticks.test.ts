/** Idle ticks on a real broker, which writes the end of each transaction into its partitions. */
import t from 'tap';
import {
  BatchEncoder,
  defineActor,
  type Log,
  planTopology,
  rawCodec,
  systemClock,
  topic,
} from '../../../../engine/index.ts';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import { IdleTicks } from '../../../../engine/runtime/idle-ticks.ts';
import { startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';

const TICKS_MAX = 3;

function record(value: string | null): Uint8Array {
  const encoder = new BatchEncoder();
  const bytes = Buffer.from(value ?? '');
  encoder.append(1, bytes, -1, -1, bytes, value === null ? -1 : 0, value === null ? -1 : bytes.length);
  return encoder.finish();
}

t.test('a partition that fell silent is told the time so often and no more', async (t) => {
  if (!needs(t, 'java', 'mvn')) return;
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const log = openKafkaLog({ bootstrap: [kafka.bootstrap] });
  const from = topic('from', rawCodec(), { external: true });
  const one = defineActor({ name: 'one', inputs: { from }, process: () => {} });
  const plan = planTopology({ name: 'app', partitions: 2, actors: [one] });
  await log.createTopics(plan.topics);
  for (const partition of [0, 1]) await log.commit({ appends: [{ topic: 'from', partition, bytes: record('v') }] });
  // A tick need be no transaction, but may be one.
  const ownership = await log.acquire('ticks');
  let looks = 0;
  let looked = () => {};
  const ticks: number[] = [];
  const watched: Log = {
    ...{ createTopics: (topics) => log.createTopics(topics), describe: (names) => log.describe(names) },
    ...{ acquire: (owner) => log.acquire(owner), close: () => log.close() },
    commit(transaction) {
      for (const { partition } of transaction.appends ?? []) ticks.push(partition);
      return log.commit({ ...transaction, ownership });
    },
    openReader() {
      const reader = log.openReader();
      return {
        ...{ fetch: reader.fetch.bind(reader), committed: reader.committed.bind(reader) },
        ...{ wait: reader.wait.bind(reader), close: () => reader.close() },
        bounds(name, partition) {
          looks++;
          looked();
          return reader.bounds(name, partition);
        },
      };
    },
  };
  const idle = new IdleTicks(watched, plan, systemClock, { everyMs: 100, ticksMax: TICKS_MAX }, () => true);
  idle.start();
  // Two partitions in each round: so many rounds that a count which began anew would have shown.
  await new Promise<void>((resolve) => {
    looked = () => {
      if (looks > 2 * 8 * (TICKS_MAX + 2)) resolve();
    };
  });
  await idle.close();
  t.same(ticks.toSorted(), [0, 0, 0, 1, 1, 1]);
  const reader = log.openReader();
  const { end } = await reader.bounds('from', 0);
  t.equal(end, 1 + 2 * TICKS_MAX, 'each tick has its marker');
  await log.close();
});
