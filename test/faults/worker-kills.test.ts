import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Mark } from './kit/frame-stream.ts';
import { Lives } from './kit/life.ts';

const FRAMES = 1_280;

t.test('workers that end in any way cost nothing but the record that ends them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'msec-workers-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const marked: [number, Mark][] = [
    [100, 'refused'],
    [301, 'heap'],
    [500, 'uncaught'],
    [620, 'uncaught'],
    [1_050, 'uncaught'],
    [701, 'hang'],
    [900, 'refused'],
  ];
  const lives = await Lives.begin(folder, 11, marked);
  const { workersEnded } = await lives.live({ frames: FRAMES, isLast: true, terminations: 3 });
  t.comment(workersEnded.join('; '));
  t.ok(workersEnded.includes('a record hung'), 'one stood still');
  t.ok(workersEnded.includes('ended'), 'one was terminated');
  t.ok(
    workersEnded.some((because) => because.includes('nobody catches')),
    'one threw',
  );
  const { differences, frames } = await lives.judge();
  t.same(differences, []);
  t.equal(frames, FRAMES);
});
