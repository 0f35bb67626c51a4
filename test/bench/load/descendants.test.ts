// What a benchmark that is interrupted leaves running: nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { descendants, endDescendants } from '../../../bench/load/descendants.ts';

const lacking = process.platform === 'linux' ? false : 'descendants are asked of /proc';

function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]![0]!;
  } catch {
    return '';
  }
}

t.test('a process and what it has started are found and ended', { skip: lacking }, async (t) => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(shell, 'exit');
  t.teardown(() => shell.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: shell.stdout }), 'line')) as [string];
  t.same(descendants(), [shell.pid, Number(line)]);
  await endDescendants();
  t.same(await ended, [null, 'SIGKILL']);
  t.same(descendants(), []);
  t.match(stateOf(line), /^[ZX]?$/, 'gone, or dead and nobody has asked yet');
});
