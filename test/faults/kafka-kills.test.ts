// Time limit: 2400 s.
/**
 * 200 kills over a real Kafka: 120 of workers, 60 of processes, 20 of the broker; the soak has 1,000 (npm run kafka-kills).
 * A third of the processes is stopped instead, until others have their work, and goes on. The last test plants a fault,
 * a process that commits although it is fenced (kit/planted-log.ts), and wants it found.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startKafka } from '../support/kafka-server.ts';
import { needs } from '../support/needs.ts';
import { testSeed } from '../support/test-seed.ts';
import { clearTopics, runPlanted, runSeries, SHORT_SESSIONS, type Target } from './kit/kafka-series.ts';

t.setTimeout(2_390_000);

const isThorough = process.env.CI === 'true';
const PER_SERIES = { worker: 30, process: 10, broker: 5 } as const;
const PLANTED_TRIES_MAX = 6;
const WANTED = isThorough ? { worker: 120, process: 60, broker: 20 } : { worker: 12, process: 5, broker: 2 };

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const server = await startKafka(SHORT_SESSIONS);
  t.teardown(() => server.stop());
  const folder = mkdtempSync(join(tmpdir(), 'msec-kafka-kills-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const first = testSeed();
  t.comment(`seed ${first}`);
  let series = 0;
  for (const target of Object.keys(WANTED) as Target[]) {
    t.test(`${target} kills leave in the topics what the oracle expects, once`, async (t) => {
      let [kills, stops, losses] = [0, 0, 0];
      let frames = 0;
      while (kills < WANTED[target]) {
        const seed = first + series++;
        const wanted = Math.min(PER_SERIES[target], WANTED[target] - kills);
        const place = join(folder, `${seed}`);
        try {
          const end = await runSeries(target, { server, folder: place, seed, kills: wanted, progress: () => {} });
          t.same(end.verdict.differences, [], `seed ${seed}: ${end.moments.join('; ')}`);
          if (end.verdict.differences.length > 0) return;
          kills += end.kills;
          stops += end.stops;
          losses += end.losses;
          frames += end.verdict.frames;
        } finally {
          await clearTopics(server);
          rmSync(place, { recursive: true, force: true });
        }
      }
      t.comment(`${kills} kills, ${frames} frames compared; ${stops} stopped, ${losses} of them lost what they had`);
      if (target === 'process') t.ok(losses > 0);
    });
  }
  t.test('a process that stood still and is not held back by its fence is found', async (t) => {
    // One that hears of its group's end, or loses its connection, before it commits has nothing to ignore.
    for (let tries = 0; tries < PLANTED_TRIES_MAX; tries++) {
      const seed = first + series++;
      const found = await runPlanted({ server, folder: join(folder, `${seed}`), seed });
      if (found.length > 0) {
        t.pass(found[0]);
        return;
      }
      t.comment(`seed ${seed}: it committed nothing`);
      await clearTopics(server);
    }
    t.fail('not once');
  });
}
