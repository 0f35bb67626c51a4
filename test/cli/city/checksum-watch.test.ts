import t from 'tap';
import { watchChecksums } from '../../../cli/city/checksum-watch.ts';
import type { EngineStatus } from '../../../engine/index.ts';
import { ManualClock } from '../../engine/log/manual-clock.ts';

const statusOf = (...counts: Readonly<Record<string, number>>[]): EngineStatus =>
  ({ tasks: counts.map((one) => ({ stages: [{ counts: one }] })) }) as unknown as EngineStatus;

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('a place is told once, its lanes are one, and nobody floods the log with places', async (t) => {
  const clock = new ManualClock();
  const told: string[] = [];
  let status = statusOf({ packets: 5 });
  const watch = watchChecksums({
    engine: { status: async () => status },
    clock,
    emit: (name, event) => told.push(`${name} ${JSON.stringify(event)}`),
  });
  const look = async () => {
    clock.advance(5_000);
    await turn();
  };
  await look();
  t.same(told, []);
  status = statusOf({ 'wrongChecksum:lo': 9 }, { 'wrongChecksum:lo/3': 11 });
  await look();
  await look();
  t.equal(told.length, 1);
  t.match(told[0], /^checksumsWrong .*"place":"lo","segments":20,.*ids\.checksums: none/);
  status = statusOf(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`wrongChecksum:gw-${i}`, 8])));
  await look();
  t.equal(told.length, 64);
  await watch.close();
});
