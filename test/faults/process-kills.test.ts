import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { randomBelow, seededRandom } from '../../engine/index.ts';
import { testSeed } from '../support/test-seed.ts';
import { KILL_POINTS } from './kit/kill-points.ts';
import { Lives } from './kit/life.ts';

const NAMED = 4;
const FRAMES = 640;

t.test('whenever the process is killed, what comes out in the end is what the log holds, once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'msec-kills-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const seed = testSeed();
  const random = seededRandom(seed);
  t.comment(`seed ${seed}`);
  const lives = await Lives.begin(folder, seed);
  const points = KILL_POINTS.filter((point) => !point.startsWith('drain'));
  let kills = 0;
  for (let i = 0; i < NAMED; i++) {
    const killPoint = `${points[randomBelow(random, points.length)]}:${1 + randomBelow(random, 4)}`;
    const { wasKilled } = await lives.live({ frames: FRAMES, killPoint });
    t.comment(`${killPoint}: ${wasKilled ? 'killed' : 'not reached'}`);
    if (wasKilled) kills++;
  }
  const acks = 1 + randomBelow(random, FRAMES / 32 - 1);
  const outside = await lives.live({ frames: FRAMES, killAfter: { acks, delayMs: 0 } });
  t.equal(outside.wasKilled, true, `beside ${kills} at points, which a life may not reach as often, one from outside`);
  const { wasKilled } = await lives.live({ frames: FRAMES, isLast: true });
  t.equal(wasKilled, false);
  const { differences, frames, letters, windows } = await lives.judge();
  t.same(differences, []);
  t.equal(frames, (NAMED + 2) * FRAMES, 'every frame counts once');
  t.ok(letters > 0 && windows > 0, `${letters} letters, ${windows} windows`);
});
