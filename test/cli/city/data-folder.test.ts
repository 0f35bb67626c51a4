import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  adminToken,
  dataFolder,
  forgetRunning,
  makeDataFolder,
  noteRunning,
  runningNote,
} from '../../../cli/city/data-folder.ts';

t.test('the folder is made with its parents, for its owner alone', async (t) => {
  const folder = dataFolder(join(t.testdir({}), 'a', 'b'));
  makeDataFolder(folder);
  makeDataFolder(folder);
  t.equal(statSync(folder.path).mode & 0o777, 0o700);
});

t.test('a folder that cannot be made is an error, not an endless loop', async (t) => {
  const here = t.testdir({ file: '' });
  for (const path of [join(here, 'file', 'data'), join(here, 'file'), '/proc/nowhere/data']) {
    t.throws(() => makeDataFolder(dataFolder(path)), { code: 'DATA_UNUSABLE', field: 'data' }, path);
  }
});

t.test('the admin token is made once, readable by its owner alone', async (t) => {
  const file = join(t.testdir({}), 'admin-token');
  const token = adminToken(file, true, undefined);
  t.match(token, /^[\w-]{43}$/);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(adminToken(file, true, undefined), token);
  t.equal(adminToken(file, false, 'x'.repeat(40)), 'x'.repeat(40), 'the environment comes first');
});

t.test('a token that is short, missing or open to others is refused', async (t) => {
  const file = join(t.testdir({}), 'token');
  t.throws(() => adminToken(file, false, undefined), { code: 'CONFIG_INVALID', message: /cannot be read/ });
  t.throws(() => adminToken(file, false, 'short'), { message: /MSEC_ADMIN_TOKEN.*32/ });
  writeFileSync(file, 'y'.repeat(40), { mode: 0o600 });
  chmodSync(file, 0o644);
  t.throws(() => adminToken(file, false, undefined), { message: /chmod 600/ });
});

t.test('the note of a running engine is its own to remove', async (t) => {
  const folder = dataFolder(t.testdir({}));
  t.equal(runningNote(folder), undefined);
  noteRunning(folder, { pid: process.pid, log: 'embedded', console: 'http://127.0.0.1:1' });
  t.same(runningNote(folder), { pid: process.pid, log: 'embedded', console: 'http://127.0.0.1:1' });
  forgetRunning(folder);
  t.equal(runningNote(folder), undefined);
  noteRunning(folder, { pid: process.pid + 1, log: 'embedded', console: 'http://127.0.0.1:1' });
  forgetRunning(folder);
  t.ok(runningNote(folder), 'another engine’s note stays');
  writeFileSync(folder.running, '{"pid":');
  t.equal(runningNote(folder), undefined);
  t.equal(readFileSync(folder.running, 'utf8'), '{"pid":');
});
