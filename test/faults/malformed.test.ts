import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { testSeed } from '../support/test-seed.ts';
import { MalformedFleet } from './kit/malformed-frames.ts';
import { runMalformed } from './kit/malformed-run.ts';

const FRAMES = 20_000;

t.test('every malformed frame is kept aside with its reason and its bytes, every good one arrives', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'msec-malformed-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const seed = testSeed();
  t.comment(`seed ${seed}`);
  const { differences, sent, refused, letters, readings, workersEnded } = await runMalformed({
    folder,
    frames: FRAMES,
    seed,
  });
  t.same(differences, []);
  t.equal(workersEnded, 0, 'no thread ended');
  for (const name of MalformedFleet.classNames) t.ok(sent[name]! > FRAMES / 100, `${name}: ${sent[name]}`);
  t.strictSame(Object.keys(refused), ['oversize: FRAME_TOO_LARGE']);
  t.ok(letters > FRAMES * 0.8, `${letters} letters`);
  t.ok(readings > FRAMES * 0.1, `${readings} readings`);
});
