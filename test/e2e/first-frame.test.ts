/** The page for makers of devices: what it tells them to run, run. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { msec, startUp, sum, tail, untilStatus } from '../cli/run-cli.ts';

const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const DEVICES = ['roof-1', 'roof-2', 'roof-3', 'roof-4', 'roof-5'];

t.test('the first frame of docs/bridges.md becomes a reading', async (t) => {
  const cwd = t.testdir({});
  const script = /```js\n([\s\S]*?)```/.exec(
    readFileSync(new URL('../../docs/bridges.md', import.meta.url), 'utf8'),
  )?.[1];
  writeFileSync(join(cwd, 'first-frame.mjs'), script ?? '');
  // Half of all signatures come with the higher s: several devices sign.
  for (const device of DEVICES) {
    const args = ['device', 'add', device, '--type', 'enmon', '--identity', '867723030040330', '--json'];
    const added = await msec(args, { cwd });
    writeFileSync(join(cwd, `${device}.json`), added.out);
  }
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  for (const device of DEVICES) {
    const script = ['first-frame.mjs', `${device}.json`, running.said.http, FRAME];
    const { stdout } = await promisify(execFile)(process.execPath, script, { cwd });
    t.match(stdout, /^202 \{"partition":\d,"offset":\d+\}/);
  }
  // A frame that is refused becomes a letter: whatever the page tells makers, each of the frames comes to something.
  const status = await untilStatus(running, ({ topics }) => {
    const ends = topics.filter(({ topic }) => topic === 'device.readings' || topic === 'device.frames.dlq');
    return sum(ends.flatMap(({ end }) => end)) >= DEVICES.length;
  });
  t.same(status.reasons, {}, 'none is refused');
  for (const reading of await tail(cwd, 'device.readings'))
    t.match(reading, { key: /^roof-\d$/, value: { verified: true, temperature: 12.4, humidity: 56.5 } });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
});
