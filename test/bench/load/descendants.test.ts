// What a benchmark that is interrupted leaves running: nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { descendants, endDescendants } from '../../../bench/load/descendants.ts';

const lacking = process.platform === 'linux' ? false : 'descendants are asked of /proc';

t.test('a process and what it has started are found and ended', { skip: lacking }, async (t) => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(shell, 'exit');
  // What the shell started writes there, too: the pipe is closed once both are gone.
  const closed = once(shell.stdout, 'close');
  t.teardown(() => shell.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: shell.stdout }), 'line')) as [string];
  t.same(descendants(), [shell.pid, Number(line)]);
  await endDescendants();
  t.same(await ended, [null, 'SIGKILL']);
  t.same(descendants(), []);
  await closed;
});
