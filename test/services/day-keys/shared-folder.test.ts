/** One folder of day keys for several processes: one key a day for all, whoever makes and destroys it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Clock } from '../../../engine/base/index.ts';
import { DayKeyFiles, DayKeys, HARD_DEADLINE_MS } from '../../../services/day-keys/index.ts';
import { repositoryRoot } from '../../support/needs.ts';

const NOON = Date.UTC(2026, 10, 23, 12);
const END = Date.UTC(2026, 10, 24);
const at = (nowMs: number): Clock => ({ now: () => nowMs, monotonic: () => nowMs, after: () => ({ cancel() {} }) });

t.test('processes that make the key of a day at once all seal with the same one', async (t) => {
  const folder = t.testdir();
  const module = join(repositoryRoot, 'services/day-keys/index.ts');
  const script = `
    import { DayKeys } from ${JSON.stringify(module)};
    import { systemClock } from ${JSON.stringify(join(repositoryRoot, 'engine/base/index.ts'))};
    process.stdout.write('ready\\n');
    process.stdin.once('data', () => {
      const { key, keyId } = new DayKeys({ folder: ${JSON.stringify(folder)}, clock: systemClock }).sealingKey(${NOON});
      process.stdout.write(keyId + ' ' + key.export().toString('hex'));
      process.exit(0);
    });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const outputs = children.map((child) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    return () => text;
  });
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  for (const child of children) child.stdin.end('go');
  await Promise.all(children.map((child) => once(child, 'close')));
  const said = outputs.map((text) => text());
  t.match(said[0], /^ready\n2026-11-23 [0-9a-f]{64}$/);
  t.equal(new Set(said).size, 1);
  t.same(readdirSync(folder), ['2026-11-23.key']);
});

t.test('a start does not touch the key that another process is making', async (t) => {
  const folder = t.testdir();
  const making = join(folder, '2026-11-23.key.0011.new');
  writeFileSync(making, Buffer.alloc(32, 7), { mode: 0o600 });
  utimesSync(making, NOON / 1000, NOON / 1000);
  new DayKeys({ folder, clock: at(NOON + 1_000) });
  t.ok(existsSync(making));
  new DayKeys({ folder, clock: at(NOON + 3_600_000) });
  t.notOk(existsSync(making), 'what is still there later was left by a crash');
});

t.test('a destroyed key leaves no second name, and no process makes one of its name again', async (t) => {
  const folder = t.testdir();
  const [one, other] = [new DayKeys({ folder, clock: at(NOON) }), new DayKeys({ folder, clock: at(NOON) })];
  const first = one.sealingKey(NOON);
  t.ok(other.sealingKey(NOON).key.equals(first.key));
  linkSync(join(folder, `${first.keyId}.key`), join(folder, `${first.keyId}.key.11.new`));
  one.destroy(first.keyId);
  other.destroy(first.keyId);
  t.same(readdirSync(folder), ['2026-11-23.destroyed']);
  const later = new DayKeys({ folder, clock: at(NOON + 2_000) });
  t.equal(later.sealingKey(NOON).keyId, '2026-11-23.2');
  t.equal(one.sealingKey(NOON).keyId, '2026-11-23.2');
  let nowMs = NOON;
  const slow = new DayKeys({ folder, clock: { ...at(NOON), monotonic: () => nowMs } });
  t.equal(slow.sealingKey(NOON).keyId, '2026-11-23.2');
  one.destroy('2026-11-23.2');
  nowMs += 2_000;
  t.equal(slow.sealingKey(NOON).keyId, '2026-11-23.3', 'also where it had the key in use');
});

t.test('a key that is not to be seen makes a record wait, one that was destroyed does not', async (t) => {
  const folder = t.testdir();
  const files = (nowMs: number, isShared = true) => new DayKeyFiles(folder, at(nowMs), isShared);
  for (const ask of ['openingKey', 'pseudonymKey'] as const) {
    t.throws(() => files(NOON)[ask]('2026-11-23'), { code: 'DEPENDENCY_DOWN', message: /keys\.folder/ });
    t.throws(() => files(END + HARD_DEADLINE_MS - 1)[ask]('2026-11-23'), { code: 'DEPENDENCY_DOWN' });
    t.equal(files(END + HARD_DEADLINE_MS)[ask]('2026-11-23'), null, 'past its deadline it is gone');
    t.equal(files(NOON)[ask]('2026-11-29'), null, 'nobody has sealed with a key of next week');
    t.equal(files(NOON)[ask]('no key id'), null);
    t.equal(files(NOON, false)[ask]('2026-11-23'), null, 'in a folder of its own a process knows them all');
  }
  const keys = new DayKeys({ folder, clock: at(NOON) });
  const waiting = files(NOON);
  t.throws(() => waiting.openingKey('2026-11-23'), { code: 'DEPENDENCY_DOWN' });
  const { key } = keys.sealingKey(NOON);
  t.ok(waiting.openingKey('2026-11-23')?.equals(key), 'as soon as it is there the record is read');
  keys.destroy('2026-11-23');
  t.equal(files(NOON).openingKey('2026-11-23'), null);
});
