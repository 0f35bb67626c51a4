import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { EVENT_TABLE, openEventLog } from '../../../engine/observe/index.ts';

t.test('an event is one line of JSON with its name, level, time and sentence', async (t) => {
  const file = join(t.testdir({}), 'msec.log');
  const log = await openEventLog({ level: 'info', to: file });
  log.emit('workerEnded', { worker: 1, because: 'heap', restarts: 2 });
  log.emit('taskStarted', { task: '0-1', worker: 1 });
  log.flush();
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(lines, [
    { level: 'warn', event: 'workerEnded', worker: 1, msg: EVENT_TABLE.workerEnded.says, time: /^\d{4}-/ },
  ]);
  t.equal(lines.length, 1, 'what is below the level is not written');
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test('a secret that finds its way into an event does not reach the line', async (t) => {
  const lines: string[] = [];
  const log = await openEventLog({ level: 'debug', to: { write: (line) => void lines.push(line) } });
  const leaky = { where: 'x', code: 'CLOSED', error: 'y', token: 'hunter2', inner: { password: 'hunter2' } };
  log.emit('unexpectedError', leaky);
  t.notMatch(lines[0], 'hunter2');
  t.match(lines[0], '[redacted]');
});
