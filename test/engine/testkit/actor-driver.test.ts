import t from 'tap';
import {
  defineActor,
  jsonCodec,
  MsecError,
  rows,
  type TopologyDefinition,
  TumblingWindows,
  topic,
  values,
} from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';

interface Level {
  readonly celsius: number;
}

const readings = topic('readings', jsonCodec<Level>());
const alerts = topic('alerts', jsonCodec<{ high: number }>());
const averages = topic('averages', jsonCodec<{ mean: number }>());

const alarm = defineActor({
  name: 'alarm',
  inputs: { readings },
  outputs: { alerts },
  state: { highest: values(jsonCodec<number>()) },
  process({ keyId, value }, { state, out }) {
    if (value.celsius > 1000) throw new MsecError('VALUE_INVALID', 'no such heat');
    const before = state.highest.get(keyId) ?? 30;
    if (value.celsius <= before) return;
    state.highest.set(keyId, value.celsius);
    out.alerts.emit({ high: value.celsius });
  },
});

const average = defineActor({
  name: 'average',
  inputs: { readings },
  outputs: { averages },
  state: { open: rows(64) },
  open(context) {
    const { open } = context.state;
    const windows = new TumblingWindows(open, { sizeMs: 60_000, graceMs: 0 });
    return {
      process({ keyId, timestamp, value }) {
        const row = windows.rowFor(keyId, timestamp, context.inputWatermark('readings'));
        if (row < 0) return context.count('late');
        open.touch(row, 0);
        open.f64[row * 8]! += 1;
        open.f64[row * 8 + 1]! += value.celsius;
      },
      onWatermark(watermark) {
        windows.closeDue(watermark, context.keys, (row, _start, end) => {
          const [count = 1, sum = 0] = open.f64.subarray(row * 8, row * 8 + 2);
          context.out.averages.emitFor(open.keyIdOf(row), { mean: sum / count }, end - 1);
        });
      },
      onRollback: () => windows.rebuild(),
    };
  },
});

t.test('an actor is tested in ten lines', async (t) => {
  const driver = await testActor(alarm);
  driver.send('readings', 'hall', { celsius: 20 });
  driver.send('readings', 'hall', { celsius: 35 });
  driver.send('readings', 'hall', { celsius: 33 });
  driver.send('readings', 'roof', { celsius: 31 });
  await driver.settle();
  const found = driver.outputs<{ high: number }>('alerts').map(({ key, value }) => [key, value.high]);
  t.same(found.toSorted(), [
    ['hall', 35],
    ['roof', 31],
  ]);
  await driver.close();
});

t.test('keys that differ in a byte order mark alone are two, for an actor as well', async (t) => {
  const named = topic('named', jsonCodec<{ key: string }>());
  const namer = defineActor({
    name: 'namer',
    inputs: { readings },
    outputs: { named },
    process: (record, { out }) => out.named.emit({ key: record.keyText() }),
  });
  const driver = await testActor(namer);
  for (const key of ['hall', '\ufeffhall']) driver.send('readings', key, { celsius: 20 });
  await driver.settle();
  const found = driver.outputs<{ key: string }>('named').map(({ key, value }) => [key, value.key]);
  t.same(found.toSorted(), [
    ['hall', 'hall'],
    ['\ufeffhall', '\ufeffhall'],
  ]);
  await driver.close();
});

for (const cuts of ['never', 'before-commit', 'after-commit'] as const)
  t.test(`windows close when time has passed, cut ${cuts}`, async (t) => {
    const driver = await testActor(average, { cuts });
    driver.send('readings', 'hall', { celsius: 10 });
    await driver.advance(10_000);
    driver.send('readings', 'hall', { celsius: 20 });
    await driver.settle();
    t.same(driver.outputs('averages'), [], 'not before');
    await driver.advance(60_000);
    t.match(driver.outputs('averages'), [{ key: 'hall', value: { mean: 15 } }]);
    await driver.advance(120_000);
    t.equal(driver.outputs('averages').length, 1, 'and once');
    t.equal(driver.takeOutputs('averages').length, 1);
    t.same(driver.takeOutputs('averages'), [], 'what was taken is gone');
    await driver.close();
  });

t.test('letters say why, keep their bytes, and go again once', async (t) => {
  const driver = await testActor(alarm);
  driver.send('readings', 'hall', { celsius: 5000 });
  driver.sendBytes('readings', null, Uint8Array.of(123));
  driver.send('readings', 'hall', null);
  await driver.settle();
  t.same(
    driver
      .letters('readings')
      .map(({ code, key, bytes }) => [code, key, bytes?.length])
      .toSorted(),
    [
      ['VALUE_INVALID', null, 1],
      ['VALUE_INVALID', 'hall', 16],
      ['VALUE_MISSING', 'hall', undefined],
    ],
  );
  const [letter] = driver.letters('readings').filter(({ key, code }) => key === 'hall' && code === 'VALUE_INVALID');
  t.ok(letter);
  if (letter === undefined) return;
  t.match(letter, { actor: 'alarm', topic: 'readings', attempts: 1 });
  t.equal(await driver.resend(letter), true);
  t.equal(await driver.resend(letter), false, 'a second time it does not');
  t.equal(driver.letters('readings').length, 4, 'it failed again');
  t.equal(driver.letters('readings').at(-1)?.topic, 'readings.resend');
  await driver.close();
});

t.test('a topology is driven as a whole, and a topic inside of fused stages is not there', async (t) => {
  const levels = topic('levels', jsonCodec<Level>());
  const forward = defineActor({
    name: 'forward',
    inputs: { levels },
    outputs: { readings },
    process: ({ value }, { out }) => out.readings.emit(value),
  });
  const topology: TopologyDefinition = { name: 'two', partitions: 1, actors: [forward, alarm] };
  for (const fuse of [true, false]) {
    const driver = await testActor(topology, { fuse });
    driver.send('levels', 'a', { celsius: 40 });
    await driver.settle();
    t.match(driver.outputs('alerts'), [{ key: 'a', value: { high: 40 } }]);
    if (fuse) t.throws(() => driver.outputs('readings'), { code: 'TOPIC_UNKNOWN' });
    else t.equal(driver.outputs('readings').length, 1);
    await driver.close();
  }
});

t.test('a dependency that stays down, and an actor that cannot go on, are told to the test', async (t) => {
  const stuck = defineActor({
    name: 'stuck',
    inputs: { readings },
    process() {
      throw new MsecError('DEPENDENCY_DOWN', 'nobody answers');
    },
  });
  const driver = await testActor(stuck);
  driver.send('readings', 'a', { celsius: 1 });
  await t.rejects(driver.settle(), { code: 'ASSERTION_FAILED' });
  t.same(driver.letters('readings'), [], 'it is never dead-lettered');
  await driver.close();
  const broken = defineActor({
    name: 'broken',
    inputs: { readings },
    open: () => ({
      process: () => {},
      onWatermark() {
        throw new Error('no idea of time');
      },
    }),
  });
  const other = await testActor(broken);
  await t.rejects(other.advance(1000), { message: /no idea of time/ });
  await other.close();
});

t.test('who sends to a topic that no actor has is told so', async (t) => {
  const driver = await testActor(alarm);
  t.throws(() => driver.send('nowhere', 'a', 1), { code: 'TOPIC_UNKNOWN' });
  await driver.close();
});
