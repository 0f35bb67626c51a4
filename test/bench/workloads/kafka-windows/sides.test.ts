// Time limit: 1200 s.
/** That the peers still build and still tell the same windows, on few frames; nothing is timed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { committedRun } from '../../../../bench/load/committed-run.ts';
import { closeWindows, fillFrames } from '../../../../bench/workloads/kafka-windows/frames.ts';
import {
  FLINK,
  flink,
  kafkajs,
  ours,
  type Side,
  streams,
  WINDOW_MS,
} from '../../../../bench/workloads/kafka-windows/sides.ts';
import { checkTold } from '../../../../bench/workloads/kafka-windows/told-windows.ts';
import { openKafkaLog } from '../../../../engine/index.ts';
import { startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';

const FRAMES = 40_000;
const FLEET = { devices: 100, seed: 1, framesPerSecond: 200 };
const MINUTE_MS = 60_000;
/** Kafka Streams looks for closed windows once a second. */
const EMIT_MS = 1_100;
/** Flink takes minutes to start where others use the machine. */
const STALLED_MS = 600_000;

const SIDES: readonly (readonly [string, Side])[] = [
  ['ours', ours('batch', false)],
  ['ours, record by record', ours('record', true)],
  ['Kafka Streams, at least once', streams('at least once', 'close')],
  ['Flink, exactly once', flink('exactly once', 200)],
  ['kafkajs, exactly once', kafkajs('exactly once')],
];

t.setTimeout(1_190_000);

t.test('each side tells every window of the plain sums once', async (t) => {
  if (!needs(t, 'java', 'javac', 'mvn')) return;
  const kafka = await startKafka();
  const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
  const folder = mkdtempSync(join(tmpdir(), 'msec-sides-'));
  t.teardown(async () => {
    await log.close();
    await kafka.stop();
    rmSync(folder, { recursive: true });
  });
  const startMs = Math.floor(Date.now() / MINUTE_MS - 60) * MINUTE_MS;
  const filled = await fillFrames(log, { ...FLEET, startMs }, FRAMES, WINDOW_MS);
  const { topic } = filled;
  for (const [i, [name, side]] of SIDES.entries()) {
    t.comment(name);
    const application = `side-${i}`;
    const output = `${application}.windows`;
    await side.prepare();
    await log.createTopics(
      side.topics.map((one) => ({ name: `${application}.${one}`, partitions: 8, cleanup: 'delete' })),
    );
    const names = { bootstrap: kafka.bootstrap, application, input: topic, output, folder: join(folder, application) };
    await committedRun({
      log,
      ...side.process(names),
      topic,
      warmUp: 0,
      isTimed: false,
      stalledMs: STALLED_MS,
      // Flink commits the last offsets only when more has come.
      share: side.name === FLINK ? 0.8 : 1,
      async finish() {
        await pause(EMIT_MS);
        await closeWindows(log);
      },
    });
    t.equal(await checkTold(log, output, filled), filled.expected.size, name);
  }
});
