import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { claimKeysFolder, SHARED_TOPIC } from '../../../cli/city/keys-folder.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

t.test('the first folder is the application’s, for every process that comes', async (t) => {
  const log = await memoryLog();
  t.teardown(() => log.close());
  await log.createTopics([SHARED_TOPIC]);
  const folders = t.testdir({ one: {}, other: {} });
  const claim = (name: string, adopt = false) => claimKeysFolder(log, join(folders, name), adopt, systemClock);
  const written = async () => (await log.describe([SHARED_TOPIC.name]))[0]?.bounds[0]?.end;
  await Promise.all([claim('one'), claim('one'), claim('one')]);
  t.equal(await written(), 1, 'whoever comes first says so, once');
  await claim('one', true);
  t.equal(await written(), 1);
  await t.rejects(claim('other'), { code: 'CONFIG_INVALID', field: 'keys.folder', message: /keys\.adopt/ });
  await claim('other', true);
  await claim('other');
  await t.rejects(claim('one'), { code: 'CONFIG_INVALID' });
});

t.test('an id that is cut off is no id', async (t) => {
  const log = await memoryLog();
  t.teardown(() => log.close());
  await log.createTopics([SHARED_TOPIC]);
  const folder = t.testdir({});
  writeFileSync(join(folder, 'folder-id'), '0123');
  await t.rejects(claimKeysFolder(log, folder, false, systemClock), { code: 'DATA_UNUSABLE' });
});
