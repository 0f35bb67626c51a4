/** The page for makers of devices: what it tells them to run, run. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { msec, recordsIn, startUp, tail } from '../cli/run-cli.ts';

const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const RUNS = 5;

t.test('the first frame of docs/bridges.md becomes a reading', async (t) => {
  const cwd = t.testdir({});
  const script = /```js\n([\s\S]*?)```/.exec(
    readFileSync(new URL('../../docs/bridges.md', import.meta.url), 'utf8'),
  )?.[1];
  writeFileSync(join(cwd, 'first-frame.mjs'), script ?? '');
  const added = await msec(['device', 'add', 'roof-7', '--type', 'enmon', '--identity', '867723030040330', '--json'], {
    cwd,
  });
  writeFileSync(join(cwd, 'device.json'), added.out);
  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  // Each run boots anew, in a second of its own, and signs anew: half of all signatures come with the higher s.
  for (let i = 0; i < RUNS; i++) {
    const script = ['first-frame.mjs', 'device.json', running.said.http, FRAME];
    const { stdout } = await promisify(execFile)(process.execPath, script, { cwd });
    t.match(stdout, /^202 \{"partition":\d,"offset":\d+\}/);
    await recordsIn(running, 'device.readings', i + 1);
    await setTimeout(1_000);
  }
  const [reading] = await tail(cwd, 'device.readings');
  t.match(reading, { key: 'roof-7', value: { verified: true, temperature: 12.4, humidity: 56.5 } });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
});
