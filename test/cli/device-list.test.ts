import { join } from 'node:path';
import t from 'tap';
import { openEmbeddedLog, systemClock } from '../../engine/index.ts';
import { DEVICE_REGISTRY } from '../../schemas/topics/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

t.test('a registry of several pages is listed by id, from where it is asked for and as far', async (t) => {
  const cwd = t.testdir({});
  // The first one makes the topics.
  t.match(await msec(['device', 'add', 'x', '-t', 'enmon', '-i', '867723030040330'], { cwd }), { code: 0 });
  const log = await openEmbeddedLog(join(cwd, 'data', 'log'));
  t.equal((await log.describe([DEVICE_REGISTRY])).length, 1);
  const service = await DeviceService.open({ log, clock: systemClock });
  const ids = Array.from({ length: 1_200 }, (_, i) => `d${String(i).padStart(4, '0')}`);
  const legacy = ids.map((deviceId) => ({ deviceId, type: 'enmon', identity: '1', credential: false }));
  await service.addAll(legacy);
  await service.close();
  await log.close();
  const list = async (...more: string[]) => msec(['device', 'list', ...more], { cwd });
  const all = await list('--json');
  t.same(
    all.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).deviceId),
    [...ids, 'x'],
  );
  const some = await list('--after', 'd1197', '--limit', '2');
  t.match(some.out.split('\n'), [/^DEVICE/, /^d1198 /, /^d1199 /, '']);
  t.match(some.err, /2 of 1201 devices; --after d1199 goes on/);
  const pages = (await list('--limit', '1201')).out.trim().split('\n');
  t.equal(pages.length, 1_202, 'titles once');
  t.match(pages.at(-1), /^x /);
});
