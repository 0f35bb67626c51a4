/** Starting, stopping and killing the main job as a user does: nothing is lost and nothing comes twice. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { recordsIn, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';

t.setTimeout(590_000);

const SMALL = ['--devices', '4', '--rate', '100', '--faults', '0', '--workers', '1'];

interface ReadingRecord extends TailedRecord {
  readonly value: {
    readonly device: string;
    readonly bootEpoch: number;
    readonly sequence: number;
    readonly verified: boolean;
  };
}

const numberOf = ({ value }: ReadingRecord) => `${value.device}/${value.bootEpoch}/${value.sequence}`;

t.test('readings flow, Ctrl-C drains with exit code 0, and the next start goes on without gap or repeat', async (t) => {
  const cwd = t.testdir({});
  const first = await startUp(SMALL, { cwd });
  await recordsIn(first, 'device.readings', 40);
  t.equal((await fetch(`${first.said.console}/readyz`)).status, 200);
  first.kill('SIGINT');
  // npm passes the signal on that the terminal has sent.
  first.kill('SIGINT');
  t.same(await first.ended, [0, null]);
  t.notOk(existsSync(join(cwd, 'data', 'running.json')));
  const before = await tail<ReadingRecord>(cwd, 'device.readings');

  const second = await startUp(SMALL, { cwd });
  await recordsIn(second, 'device.readings', before.length + 20);
  second.kill('SIGKILL');
  t.same(await second.ended, [null, 'SIGKILL']);

  const third = await startUp(SMALL, { cwd });
  const atStart = await recordsIn(third, 'device.readings', 0);
  await recordsIn(third, 'device.readings', atStart + 20);
  third.kill('SIGTERM');
  t.same(await third.ended, [0, null]);

  // Every frame that a bridge has acknowledged stands in device.frames; each of them is a reading.
  interface FrameRecord extends TailedRecord {
    readonly value: {
      readonly kind: string;
      readonly device?: string;
      readonly bootEpoch?: number;
      readonly sequence?: number;
    } | null;
  }
  const frames = (await tail<FrameRecord>(cwd, 'device.frames')).filter(
    ({ value }) => value?.kind === 'signed envelope',
  );
  const sent = new Set(frames.map(({ value }) => `${value?.device}/${value?.bootEpoch}/${value?.sequence}`));
  // What came in during the last moments is worked on at the next start.
  const fourth = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  t.teardown(() => fourth.kill('SIGKILL'));
  let missing = [...sent];
  let after: ReadingRecord[] = [];
  // Each frame in the log becomes a reading: it ends with the test's time where one does not.
  while (missing.length > 0) {
    after = await tail<ReadingRecord>(cwd, 'device.readings');
    const seen = new Set(after.map(numberOf));
    missing = missing.filter((number) => !seen.has(number));
  }
  fourth.kill('SIGINT');
  t.same(await fourth.ended, [0, null]);
  const numbers = after.map(numberOf);
  t.equal(new Set(numbers).size, numbers.length, 'nothing twice');
  t.ok(
    before.every((reading) => numbers.includes(numberOf(reading))),
    'nothing lost',
  );
  t.ok(after.every(({ value }) => value.verified));
});
