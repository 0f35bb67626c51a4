/** kill -9 at every step towards the disk: the files hold each record once, in order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { randomBelow, seededRandom } from '../../../engine/base/index.ts';
import { openEmbeddedLog } from '../../../engine/log/index.ts';
import { testSeed } from '../../support/test-seed.ts';
import { append, filesIn, GROUP, linesIn, TOPIC } from './sink-fixture.ts';

const seed = testSeed();
const RECORDS = 20;
const PER_BATCH = 4;
/** From the first step of a run to some way into its rotations. */
const STEPS_MAX = 80;

void t.test(`killed again and again, no line is lost or twice (seed ${seed})`, async (t) => {
  const folder = t.testdir();
  const logPath = join(folder, 'log');
  const files = join(folder, 'files');
  const filled = await openEmbeddedLog(logPath);
  await filled.createTopics([{ name: TOPIC, partitions: 2, cleanup: 'delete' }]);
  for (let at = 0; at < RECORDS; at += PER_BATCH) {
    for (const partition of [0, 1]) {
      await append(
        filled,
        partition,
        Array.from({ length: PER_BATCH }, (_, i) => `record ${at + i}`),
      );
    }
  }
  await filled.close();
  const random = seededRandom(seed);
  let kills = 0;
  for (let isDone = false; !isDone; ) {
    // Early kills may keep a run from getting anywhere, so now and then one gets further.
    const killAt = 1 + randomBelow(random, STEPS_MAX);
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'sink-process.ts'), logPath, files, String(killAt)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    isDone = code === 0;
    if (isDone) break;
    if (signal !== 'SIGKILL') throw new Error(`the sink ended with ${code}`);
    kills += 1;
  }
  const lines = linesIn(files);
  for (const partition of [0, 1]) {
    t.same(
      lines.filter((line) => line.partition === partition).map(({ offset, text }) => `${offset} ${text}`),
      Array.from({ length: RECORDS }, (_, i) => `${i} record ${i}`),
    );
  }
  t.ok(kills > 0, `${kills} kills`);
  t.ok(filesIn(files).length > 1, `${filesIn(files).length} files`);
  const log = await openEmbeddedLog(logPath);
  t.same(await log.openReader().committed(GROUP, TOPIC), [RECORDS, RECORDS]);
  await log.close();
});
