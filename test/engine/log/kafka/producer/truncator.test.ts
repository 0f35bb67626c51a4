/** When truncations go out: each tells a broker to write to its disk. */
import t from 'tap';
import { Cluster } from '../../../../../engine/log/kafka/client/index.ts';
import { Truncator } from '../../../../../engine/log/kafka/producer/index.ts';
import { deleteRecords } from '../../../../../engine/log/kafka/protocol/index.ts';
import { ManualClock } from '../../manual-clock.ts';
import { FakeBroker } from '../fake-broker.ts';

const TOPIC = 'changes';

/** Tells when somebody begins to wait for a second. */
class PauseClock extends ManualClock {
  paused = Promise.withResolvers<void>();
  #pauses = 0;

  override after(delayMs: number, run: () => void) {
    if (delayMs === 1_000 && ++this.#pauses === 2) this.paused.resolve();
    return super.after(delayMs, run);
  }
}

void t.test('a partition is truncated at once, then once a second, to the newest that was asked for', async (t) => {
  const broker = await FakeBroker.start();
  broker.leads(TOPIC, [0, 0], [broker]);
  const asked: string[] = [];
  let heard = () => {};
  broker.on(deleteRecords, ({ topics }) => {
    for (const { name, partitions } of topics)
      for (const { partitionIndex, offset } of partitions) asked.push(`${name}-${partitionIndex} ${offset}`);
    heard();
    return {};
  });
  const next = () => new Promise<void>((resolve) => (heard = resolve));
  const clock = new PauseClock();
  const cluster = new Cluster({
    ...{ bootstrap: [broker.bootstrap], clientId: 'test', clock },
    ...{ requestTimeoutMs: 30_000, retryMsMax: 30_000 },
  });
  const truncator = new Truncator(cluster, 30_000, clock);
  t.teardown(async () => {
    cluster.close();
    await truncator.close();
    await broker.stop();
  });
  const first = next();
  truncator.later([{ topic: TOPIC, partition: 0, before: 1 }]);
  await first;
  for (let before = 2; before < 50; before++) truncator.later([{ topic: TOPIC, partition: 0, before }]);
  const other = next();
  truncator.later([{ topic: TOPIC, partition: 1, before: 7 }]);
  await other;
  t.same(asked, [`${TOPIC}-0 1`, `${TOPIC}-1 7`], 'another partition does not wait');
  await clock.paused.promise;
  const last = next();
  clock.advance(1_000);
  await last;
  t.same(asked.slice(2), [`${TOPIC}-0 49`]);
});
