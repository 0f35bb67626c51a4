// What others took of the machine while a run was measured.
import t from 'tap';
import { machineBusyMs, othersShare } from '../../../bench/load/machine-busy.ts';

t.test('all but waiting counts, what the host took, too, and a guest once', async (t) => {
  const stat = 'cpu  100 20 30 4000 500 6 7 8 90 0\ncpu0 50 10 15 2000 250 3 4 4 45 0\n';
  t.equal(machineBusyMs(stat), (100 + 20 + 30 + 6 + 7 + 8) * 10);
});

t.test('of this machine it grows', async (t) => {
  const before = machineBusyMs();
  const until = process.cpuUsage().user + 100_000;
  while (process.cpuUsage().user < until);
  t.ok(machineBusyMs() - before >= 50);
});

t.test('what a process used itself is not the others’', async (t) => {
  t.equal(othersShare(3000, 2000, 1000, 4), 0.25);
  t.equal(othersShare(1990, 2000, 1000, 4), 0, 'clocks of two kinds differ by a tick');
});
