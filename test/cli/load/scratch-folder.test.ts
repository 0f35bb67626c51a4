import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeScratch } from '../../../cli/load/scratch-folder.ts';

t.test('it lies beside the data folder and leaves nothing', async (t) => {
  const cwd = t.testdir({ data: { log: { 'data.mdb': 'theirs' } } });
  const scratch = makeScratch(join(cwd, 'data'), null);
  t.equal(existsSync(scratch.folder.path), true);
  t.match(scratch.folder.path, join(cwd, 'data.load-'));
  scratch.remove();
  t.same(readdirSync(cwd), ['data']);
  t.same(readdirSync(join(cwd, 'data')), ['log']);
});

t.test('the live data folder is refused, also what lies in it or leads there', async (t) => {
  const cwd = t.testdir({ data: { sub: {} } });
  const live = join(cwd, 'data');
  symlinkSync(live, join(cwd, 'link'));
  for (const place of [live, join(live, 'sub'), join(live, 'new', 'er'), join(cwd, 'link'), join(cwd, 'link', 'sub')])
    t.throws(() => makeScratch(live, place), /is the data folder .* or lies in it/, place);
  t.same(readdirSync(live), ['sub']);
});

t.test('another folder is made where it does not exist', async (t) => {
  const cwd = t.testdir({});
  const scratch = makeScratch(join(cwd, 'data'), join(cwd, 'disk', 'two'));
  t.match(scratch.folder.path, join(cwd, 'disk', 'two', 'data.load-'));
  t.notOk(existsSync(join(cwd, 'data')));
  scratch.remove();
});

t.test('a place that cannot be written names the way out', async (t) => {
  const cwd = t.testdir({ file: '' });
  mkdirSync(join(cwd, 'data'));
  t.throws(() => makeScratch(join(cwd, 'data'), join(cwd, 'file')), /--scratch/);
});
