import t from 'tap';
import { randomBelow, seededRandom } from '../../../../engine/base/index.ts';
import { openEmbeddedLog } from '../../../../engine/log/index.ts';
import { testSeed } from '../../../support/test-seed.ts';
import { allValues } from '../batches.ts';
import { Child, temporaryDirectory } from './child-process.ts';

/** At least; and until retention was at work. */
const ROUNDS = 6;

t.test('after kill -9 at any moment there is what was committed, whole, and all that was acknowledged', async (t) => {
  const path = temporaryDirectory(t);
  const seed = testSeed();
  const random = seededRandom(seed);
  t.comment(`seed ${seed}`);
  let acknowledged = 0;
  let retained = false;
  for (let round = 0; round < ROUNDS || !retained; round++) {
    const child = new Child('write', path);
    const acks: (string | undefined)[] = [await child.line()];
    // Each acknowledgement is another moment: within a group, between two, in maintenance.
    for (let left = randomBelow(random, 100); left > 0; left--) acks.push(await child.line());
    acks.push(...(await child.kill()));
    t.equal(acks[0], 'open');
    for (const ack of acks.slice(1)) acknowledged = Math.max(acknowledged, Number(ack));

    const log = await openEmbeddedLog(path, { maintenanceMs: 1e9 });
    const reader = log.openReader();
    const { end } = await reader.bounds('a', 0);
    for (const partition of [0, 1, 2]) {
      const { start, end: partitionEnd } = await reader.bounds('a', partition);
      const numbers = (await allValues(reader, 'a', partition)).map((value) => Number.parseInt(value, 10));
      const wrong = numbers.filter((number, i) => number !== start + i + 1);
      t.same([partitionEnd, wrong, numbers.length], [end, [], end - start], `round ${round}, partition ${partition}`);
      retained ||= start > 0;
    }
    // A kill right behind `open` can come before the first transaction.
    const committed = end === 0 ? null : end;
    t.equal((await reader.committed('g', 'a'))[0], committed, 'the offset is that of the last transaction');
    t.ok(end >= acknowledged, `${end} are there, ${acknowledged} were acknowledged`);
    await log.close();
  }
});
