/** `npm start` and Ctrl-C in a terminal: the signal goes to the whole group, and npm passes it on once more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { repositoryRoot } from '../support/needs.ts';

t.setTimeout(590_000);

const ARGS = ['--no-fleet', '--workers', '1', '--port', '0', '--mqtt-port', '0', '--http-port', '0', '--json'];

async function started(data: string) {
  const child = spawn('npm', ['start', '--', ...ARGS, '--data', data], {
    cwd: repositoryRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await ended;
  });
  let text = '';
  const lines = { said: '' };
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    lines.said += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('"event":"running"')) resolve();
    });
    void ended.then(([code]) => reject(new Error(`npm start ended with ${code}: ${text} ${lines.said}`)));
  });
  return { interrupt: () => process.kill(-child.pid!, 'SIGINT'), ended, said: () => lines.said, child };
}

t.test('one Ctrl-C drains, and npm ends with 0', async (t) => {
  const run = await started(t.testdir({}));
  run.interrupt();
  t.same(await run.ended, [0, null]);
  t.match(run.said(), /engineDraining/);
  t.notMatch(run.said(), /shutdownForced/);
});

t.test('a second one on the way out changes nothing', async (t) => {
  const run = await started(t.testdir({}));
  run.interrupt();
  run.interrupt();
  t.same(await run.ended, [0, null]);
  t.notMatch(run.said(), /shutdownForced/);
});
