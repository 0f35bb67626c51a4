// W8's own check, over the whole engine on a small log: every window of every key, and nothing else, counts as right.
import t from 'tap';
import { checkTold } from '../../../../bench/workloads/scaling/check-told.ts';
import { evenFrames } from '../../../../bench/workloads/scaling/even-frames.ts';
import { fillEmbedded, windowRun } from '../../../../bench/workloads/scaling/window-run.ts';
import { openEmbeddedLogReadOnly } from '../../../../engine/index.ts';

t.test('each key has its windows, told once; a run that told anything else has no figure', async (t) => {
  const folder = t.testdir({});
  const frames = evenFrames(200, 9, 3, 10_000);
  await fillEmbedded(folder, frames);
  const run = await windowRun(folder, frames, 2, true);
  t.equal(run.windows, 2 * 200, 'six passes are in the first window, three in the second');
  t.ok(run.anonymousBytes!.collected > 1e6);

  const log = await openEmbeddedLogReadOnly(folder);
  const reader = log.openReader();
  const output = (await log.describe()).map(({ name }) => name).find((name) => name.endsWith('.told'))!;
  for (const [what, wrong, says] of [
    ['a frame too few', { ...frames, passes: 8 }, /number 0 is 3, not 2/],
    ['a key that said nothing', { ...frames, keys: 201 }, /400 windows were told of 402/],
    ['a window that was not told', { ...frames, passes: 13 }, /number 0 is 3, not 6/],
  ] as const)
    await t.rejects(checkTold(reader, output, wrong), { message: says }, what);
  await reader.close();
  await log.close();
});
