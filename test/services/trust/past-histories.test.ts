import t from 'tap';
import { BatchEncoder, type Log, type LogReader, pause, systemClock } from '../../../engine/index.ts';
import { TRUST_LOG } from '../../../schemas/topics/index.ts';
import { PastHistories, type PastOptions } from '../../../services/trust/past-histories.ts';
import { exactScore } from '../../../services/trust-audit/exact-score.ts';
import { logOf, type TestInteraction } from '../../support/trust-log.ts';
import { memoryLog } from '../memory-log.ts';

const START = 1_770_000_000_000;
const HALF_LIVES = { smallHalfLifeMs: 60_000, bigHalfLifeMs: 3_600_000 };

const interactions = Array.from(
  { length: 600 },
  (_, i): TestInteraction => ({
    ...{ id: `i-${i}`, trustor: 'a', trustee: i % 3 === 0 ? 'other' : 'b', service: i % 5 === 0 ? 'heat' : 's' },
    ...{ satisfaction: i < 300 ? 0.9 : 0.2, weight: 1, timeMs: START + i * 2_000 },
  }),
);

async function logged(list: readonly TestInteraction[]): Promise<Log> {
  const log = await memoryLog(1);
  await log.createTopics([{ name: TRUST_LOG, partitions: 1, cleanup: 'delete' }]);
  const encoder = new BatchEncoder();
  for (const { key, value } of logOf(list)) {
    const name = Buffer.from(key);
    encoder.append(0, name, 0, name.length, value, 0, value.length);
  }
  await log.commit({ appends: [{ topic: TRUST_LOG, partition: 0, bytes: encoder.finish() }] });
  return log;
}

async function pastOf(t: { teardown(run: () => unknown): void }, more: Partial<PastOptions> = {}) {
  const log = await logged(interactions);
  const failures: unknown[] = [];
  const past = new PastHistories({
    ...{ reader: log.openReader(), partitions: 1, halfLives: HALF_LIVES, onFailure: (error) => failures.push(error) },
    ...more,
  });
  t.teardown(async () => {
    await past.close();
    await log.close();
  });
  const whole = async (service: string, party: string) => {
    for (;;) {
      const found = past.of(service, party);
      if (!found.isReading) return found;
      await pause(systemClock, 1);
    }
  };
  return { past, whole, failures };
}

t.test('the past is made anew from the log: of one provider and service, from its first interaction on', async (t) => {
  const { past, whole } = await pastOf(t);
  t.match(past.of('s', 'b'), { points: [], isReading: true }, 'whoever asks first does not wait');
  const { points, isCut } = await whole('s', 'b');
  t.notOk(isCut);
  const own = interactions.filter(({ trustee, service }) => trustee === 'b' && service === 's');
  t.equal(points[0]?.at, own[0]?.timeMs);
  t.equal(points.at(-1)?.at, own.at(-1)?.timeMs);
  t.ok(points.length > 40 && points.length <= 121, `${points.length}`);
  for (const point of points) {
    const until = own.filter(({ timeMs }) => timeMs <= point.at);
    const { small, big, trust } = exactScore(until, HALF_LIVES);
    t.ok(Math.abs(point.small! - small.mean) < 1e-9 && Math.abs(point.big! - big.mean) < 1e-9, `${point.at}`);
    t.ok(Math.abs(point.trust! - trust) < 1e-6);
  }
  t.same((await whole('s', 'nobody')).points, []);
});

t.test('it reads no further back than it may, and says so', async (t) => {
  const { whole } = await pastOf(t, { entriesMax: 100 });
  const { points, isCut } = await whole('s', 'b');
  t.ok(isCut);
  t.ok(points[0]!.at >= interactions[500]!.timeMs);
});

t.test('a reading that fails is told, and begun again when somebody looks again', async (t) => {
  const log = await logged(interactions);
  const inner = log.openReader();
  let broken = 1;
  const reader: LogReader = Object.assign(Object.create(inner) as LogReader, {
    bounds: (topic: string, partition: number) =>
      broken-- > 0 ? Promise.reject(new Error('a broken disk')) : inner.bounds(topic, partition),
    fetch: (topic: string, partition: number, offset: number, bytes: number) =>
      inner.fetch(topic, partition, offset, bytes),
    close: () => inner.close(),
  });
  const { whole, past, failures } = await pastOf(t, { reader });
  past.of('s', 'b');
  while (failures.length === 0) await pause(systemClock, 1);
  t.ok((await whole('s', 'b')).points.length > 10);
  await log.close();
});
