import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Clock, Timer } from '../../../engine/base/index.ts';
import { KIND_ENVELOPE, Sealer, unseal } from '../../../schemas/envelope/index.ts';
import { DayKeyFiles, DayKeys, deriveKeys, utcDay } from '../../../services/day-keys/index.ts';

const NOON = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;
const END = Date.UTC(2026, 10, 24);

class HandClock implements Clock {
  nowMs = 0;
  now = () => this.nowMs;
  monotonic = () => this.nowMs;
  /** The one timer that is set, if any. */
  run: (() => void) | undefined;
  after(_delayMs: number, run: () => void): Timer {
    this.run = run;
    return { cancel: () => undefined };
  }
}

const read = { committedPast: () => true };
const unread = { committedPast: () => false };

t.test('a day has one key, the next day another, each in a file that only its owner reads', async (t) => {
  const folder = join(t.testdir(), 'keys');
  const keys = new DayKeys({ folder, clock: new HandClock() });
  const first = keys.sealingKey(NOON);
  t.equal(first.keyId, '2026-11-23');
  t.equal(keys.sealingKey(END - 1).keyId, '2026-11-23');
  t.ok(keys.sealingKey(END - 1).key.equals(first.key));
  const second = keys.sealingKey(END);
  t.equal(second.keyId, '2026-11-24');
  t.notOk(second.key.equals(first.key));
  t.same(keys.list(), ['2026-11-23', '2026-11-24']);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, '2026-11-23.key')).mode & 0o777, 0o600);
  t.same(readdirSync(folder).sort(), ['2026-11-23.key', '2026-11-24.key'], 'nothing else is left behind');
});

t.test('sealing and pseudonym keys come from one seed and tell nothing about each other', async (t) => {
  const { sealing, pseudonym } = deriveKeys(new Uint8Array(32).fill(5), '2026-11-23');
  t.notOk(sealing.equals(pseudonym));
  t.ok(deriveKeys(new Uint8Array(32).fill(5), '2026-11-23').sealing.equals(sealing));
  t.notOk(deriveKeys(new Uint8Array(32).fill(5), '2026-11-24').sealing.equals(sealing));
  const seed = new Uint8Array(32).fill(5);
  deriveKeys(seed, '2026-11-23');
  t.same(seed, new Uint8Array(32), 'the seed is wiped');
});

t.test('a restart and another thread open what was sealed', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const sealed = new Sealer().seal(
    KIND_ENVELOPE,
    new DayKeys({ folder, clock }).sealingKey(NOON),
    'd',
    Buffer.of(1, 2),
  );
  t.same(unseal(new DayKeys({ folder, clock }), 'd', sealed), Buffer.of(1, 2));
  t.same(unseal(new DayKeyFiles(folder, clock), 'd', sealed), Buffer.of(1, 2));
});

t.test('a destroyed key opens nothing any more: here at once, elsewhere at a message or within a second', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const keys = new DayKeys({ folder, clock });
  const told: string[] = [];
  keys.onDestroyed((keyId) => told.push(keyId));
  const { keyId } = keys.sealingKey(NOON);
  const asked = new DayKeyFiles(folder, clock);
  const messaged = new DayKeyFiles(folder, clock);
  for (const reader of [asked, messaged]) t.ok(reader.openingKey(keyId));
  keys.destroy(keyId);
  t.same(told, [keyId]);
  t.equal(keys.openingKey(keyId), null);
  t.equal(keys.pseudonymKey(keyId), null);
  messaged.forget(keyId);
  t.equal(messaged.openingKey(keyId), null);
  clock.nowMs = 999;
  t.ok(asked.openingKey(keyId));
  clock.nowMs = 1000;
  t.equal(asked.openingKey(keyId), null);
  t.equal(asked.pseudonymKey(keyId), null);
  t.notOk(existsSync(join(folder, `${keyId}.key`)));
  keys.destroy(keyId);
});

t.test('a thread that asks for nothing any more holds a destroyed key for a second at most', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const keys = new DayKeys({ folder, clock });
  const quiet = new HandClock();
  const reader = new DayKeyFiles(folder, quiet);
  const { keyId } = keys.sealingKey(NOON);
  keys.sealingKey(END);
  for (const id of [keyId, '2026-11-24']) t.ok(reader.pseudonymKey(id));
  quiet.run?.();
  t.same(reader.held(), [keyId, '2026-11-24']);
  keys.destroy(keyId);
  quiet.run?.();
  t.same(reader.held(), ['2026-11-24']);
  keys.destroy('2026-11-24');
  const look = quiet.run;
  quiet.run = undefined;
  look?.();
  t.same(reader.held(), []);
  t.equal(quiet.run, undefined, 'with nothing in memory there is nothing to look after');
});

t.test('one key that cannot be destroyed does not keep the others', async (t) => {
  const folder = t.testdir();
  const keys = new DayKeys({ folder, clock: new HandClock() });
  keys.sealingKey(NOON);
  keys.sealingKey(END);
  mkdirSync(join(folder, '2026-11-23.destroyed'));
  t.throws(() => keys.retire({ ...unread, nowMs: END + 10 * DAY_MS }), { code: 'EISDIR' });
  t.same(keys.list(), ['2026-11-23']);
});

t.test('the bytes of a destroyed key are overwritten, not only unlinked', async (t) => {
  const folder = t.testdir();
  const keys = new DayKeys({ folder, clock: new HandClock() });
  const { keyId } = keys.sealingKey(NOON);
  const path = join(folder, `${keyId}.key`);
  t.notSame(readFileSync(path), Buffer.alloc(32));
  const file = openSync(path, 'r');
  keys.destroy(keyId);
  const after = Buffer.alloc(32, 1);
  readSync(file, after, 0, 32, 0);
  closeSync(file);
  t.same(after, Buffer.alloc(32));
});

t.test('a clock set back does not make a destroyed key again', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const keys = new DayKeys({ folder, clock });
  const first = keys.sealingKey(NOON);
  keys.destroy(first.keyId);
  const second = keys.sealingKey(NOON);
  t.equal(second.keyId, '2026-11-23.2');
  t.notOk(second.key.equals(first.key));
  t.equal(new DayKeys({ folder, clock }).sealingKey(NOON).keyId, '2026-11-23.2', 'also after a restart');
  t.equal(keys.openingKey('2026-11-23'), null);
});

t.test('a key goes when its day is over and read, and at the deadline whatever was read', async (t) => {
  const folder = t.testdir();
  const keys = new DayKeys({ folder, clock: new HandClock() });
  keys.sealingKey(NOON);
  t.same(keys.retire({ ...read, nowMs: END - 1 }), [], 'the day is not over');
  t.same(keys.retire({ ...read, nowMs: END + 59_999 }), [], 'what was sealed at midnight may be on its way');
  t.same(keys.retire({ ...unread, nowMs: END + DAY_MS }), [], 'not read');
  t.same(keys.retire({ ...read, nowMs: END + DAY_MS }), ['2026-11-23']);
  keys.sealingKey(END);
  const deadline = END + DAY_MS + 2 * DAY_MS;
  t.same(keys.retire({ ...unread, nowMs: deadline - 1 }), []);
  t.same(keys.retire({ ...unread, nowMs: deadline }), ['2026-11-24']);
  keys.sealingKey(END + DAY_MS);
  t.same(keys.retire({ ...unread, nowMs: END + 2 * DAY_MS + 5000, hardDeadlineMs: 5000 }), ['2026-11-25']);
  keys.sealingKey(END + 900 * DAY_MS);
  t.same(keys.retire({ ...unread, nowMs: END }), [], 'a clock had run ahead, and the records are not read');
  t.same(keys.retire({ ...read, nowMs: END }).length, 1);
  t.same(keys.list(), []);
});

t.test('a destruction that a crash cut short is finished', async (t) => {
  const folder = t.testdir();
  const keys = new DayKeys({ folder, clock: new HandClock() });
  const { keyId } = keys.sealingKey(NOON);
  writeFileSync(join(folder, `${keyId}.destroyed`), '');
  t.same(keys.retire({ ...unread, nowMs: NOON }), [keyId]);
  writeFileSync(join(folder, `${keyId}.key`), Buffer.alloc(32));
  t.equal(new DayKeyFiles(folder, new HandClock()).openingKey(keyId), null, 'an overwritten seed is no key');
});

t.test('what a crash left while a key was made is wiped, and never the key itself', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const { key, keyId } = new DayKeys({ folder, clock }).sealingKey(NOON);
  writeFileSync(join(folder, '2026-11-24.key.00.new'), Buffer.alloc(32, 7));
  linkSync(join(folder, `${keyId}.key`), join(folder, `${keyId}.key.11.new`));
  const again = new DayKeys({ folder, clock });
  t.same(readdirSync(folder), ['2026-11-23.key']);
  t.ok(again.sealingKey(NOON).key.equals(key));
});

t.test('a key file that others may read, and a name that is no key id, are refused', async (t) => {
  const folder = t.testdir();
  const clock = new HandClock();
  const keys = new DayKeys({ folder, clock });
  const { keyId } = keys.sealingKey(NOON);
  for (const bad of ['', '../x', '2026-11-23/../../x', '2026-11-23.key', 'x'.repeat(40)]) {
    t.equal(keys.openingKey(bad), null, bad);
    t.throws(() => keys.destroy(bad), { code: 'CONFIG_INVALID' });
  }
  chmodSync(join(folder, `${keyId}.key`), 0o640);
  t.throws(() => new DayKeys({ folder, clock }), { code: 'CONFIG_INVALID' });
});

t.test('days are UTC days', async (t) => {
  t.equal(utcDay(END - 1), '2026-11-23');
  t.equal(utcDay(END), '2026-11-24');
  t.equal(utcDay(0), '1970-01-01');
});
