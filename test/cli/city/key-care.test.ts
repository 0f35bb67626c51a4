import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { careForKeys, destroyOverdueWithoutLog, openDayKeys } from '../../../cli/city/key-care.ts';
import { type Emit, type LogReader, MsecError, type Plan } from '../../../engine/index.ts';
import { DayKeys, HARD_DEADLINE_MS } from '../../../services/day-keys/index.ts';
import { ManualClock } from '../../engine/log/manual-clock.ts';

const TOPIC = 'device.frames';
const PLAN = { topics: [{ name: TOPIC, partitions: 1, requiredReaders: ['city.verify'] }] } as unknown as Plan;
/** From any moment of a day until its key must be gone. */
const OVERDUE_MS = 86_400_000 + HARD_DEADLINE_MS;

function recording(): { emit: Emit; said: string[] } {
  const said: string[] = [];
  const emit: Emit = (event, data) => void said.push(`${event} ${JSON.stringify(data)}`);
  return { emit, said };
}

function reader(parts: Partial<LogReader>): LogReader {
  return { close: () => Promise.resolve(), ...parts } as LogReader;
}

t.test('the hard deadline holds while the log does not answer, and when it fails', async (t) => {
  const hangs = reader({ bounds: () => new Promise(() => undefined) });
  const fails = reader({ bounds: () => Promise.reject(new MsecError('DEPENDENCY_DOWN', 'the log is gone')) });
  for (const log of [hangs, fails]) {
    const folder = t.testdir();
    const clock = new ManualClock();
    const keys = new DayKeys({ folder, clock: new ManualClock() });
    const { keyId } = keys.sealingKey(clock.now());
    const { emit, said } = recording();
    careForKeys(keys, log, PLAN, [{ topic: TOPIC, readers: [] }], clock, emit);
    clock.advance(86_400_000 + 120_000);
    t.same(keys.list(), [keyId], 'its day is over and nobody knows whether it was read');
    clock.advance(HARD_DEADLINE_MS);
    t.same(keys.list(), []);
    t.ok(said.some((line) => line.startsWith('dayKeyDestroyed') && line.includes('its deadline')));
  }
});

t.test('a key goes once its day is over and read', async (t) => {
  const clock = new ManualClock();
  const keys = new DayKeys({ folder: t.testdir(), clock: new ManualClock() });
  keys.sealingKey(clock.now());
  let committed = 4;
  const log = reader({
    bounds: () => Promise.resolve({ start: 0, end: 5 }),
    committed: () => Promise.resolve([committed]),
  });
  const { emit, said } = recording();
  const care = careForKeys(keys, log, PLAN, [{ topic: TOPIC, readers: [] }], clock, emit);
  const look = async () => {
    clock.advance(60_000);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  clock.advance(86_400_000 + 60_000);
  await look();
  t.equal(keys.list().length, 1);
  committed = 5;
  await look();
  await look();
  t.same(keys.list(), []);
  t.ok(said.some((line) => line.includes('read by all')));
  await care.close();
});

t.test('a key waits for frames that are held, and no longer than to its deadline', async (t) => {
  const clock = new ManualClock();
  const keys = new DayKeys({ folder: t.testdir(), clock: new ManualClock() });
  keys.sealingKey(clock.now());
  let decided = 4;
  const log = reader({
    bounds: () => Promise.resolve({ start: 0, end: 5 }),
    committed: (group) => Promise.resolve([group === 'city.returns' ? decided : 5]),
  });
  const plan = { topics: [...PLAN.topics, { name: 'device.quarantine', partitions: 1 }] } as unknown as Plan;
  const sealed = [
    { topic: TOPIC, readers: [] },
    { topic: 'device.quarantine', readers: ['city.returns'] },
  ];
  const care = careForKeys(keys, log, plan, sealed, clock, recording().emit);
  const look = async () => {
    clock.advance(60_000);
    for (let i = 0; i < 30; i++) await Promise.resolve();
  };
  clock.advance(86_400_000 + 60_000);
  await look();
  await look();
  t.equal(keys.list().length, 1, 'a frame is held');
  decided = 5;
  await look();
  await look();
  t.same(keys.list(), []);
  await care.close();
});

t.test('what became overdue while nothing ran is gone at the start, also where the log does not open', (t) => {
  const clock = new ManualClock();
  const { emit, said } = recording();
  const root = t.testdir();
  const made = (name: string) => {
    const folder = join(root, name);
    const { keyId } = new DayKeys({ folder, clock: new ManualClock() }).sealingKey(clock.now());
    return { folder, file: join(folder, `${keyId}.key`) };
  };
  const [first, second, locked] = [made('first'), made('second'), made('locked')];
  clock.advance(OVERDUE_MS);
  t.same(openDayKeys(first.folder, clock, emit).list(), []);
  destroyOverdueWithoutLog(new MsecError('STATE_CORRUPT', 'broken'), second.folder, clock, emit);
  t.notOk(existsSync(second.file));
  destroyOverdueWithoutLog(new MsecError('LOG_LOCKED', 'another'), locked.folder, clock, emit);
  t.ok(existsSync(locked.file), 'another process has the folder, and cares for its keys');
  t.equal(said.length, 2);
  t.end();
});
