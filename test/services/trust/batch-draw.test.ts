import t from 'tap';
import { seededRandom } from '../../../engine/index.ts';
import { BatchDraw, OWN_BATCH } from '../../../services/trust/batch-draw.ts';

/** How often each place was drawn. */
function drawn(batches: readonly number[], rounds: number): number[] {
  const random = seededRandom(5);
  const counts = batches.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    const draw = new BatchDraw(random);
    let at = -1;
    for (const [i, batch] of batches.entries()) if (draw.takes(batch)) at = i;
    counts[at] = counts[at]! + 1;
  }
  return counts;
}

t.test('a batch of many is as likely as one that came by itself, and each of it as likely as another', (t) => {
  const rounds = 6_000;
  const counts = drawn([OWN_BATCH, 7, 7, 7, 8, 7, OWN_BATCH, 7], rounds);
  const ofSeven = [1, 2, 3, 5, 7].map((i) => counts[i]!);
  for (const count of [counts[0]!, counts[4]!, counts[6]!, ofSeven.reduce((sum, one) => sum + one, 0)])
    t.ok(Math.abs(count / rounds - 1 / 4) < 0.025, `${count} of ${rounds}`);
  for (const count of ofSeven) t.ok(Math.abs(count / rounds - 1 / 20) < 0.015, `${count} of ${rounds}`);
  t.end();
});

t.test('after a new start what went by before is not drawn', (t) => {
  for (let seed = 1; seed < 50; seed++) {
    const draw = new BatchDraw(seededRandom(seed));
    draw.takes(7);
    draw.restart();
    t.ok(draw.takes(8));
  }
  t.end();
});
