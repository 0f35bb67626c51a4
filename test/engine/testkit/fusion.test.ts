/**
 * The fused and the unfused plan give the same output: random trees of actors, with failures in any stage, windows,
 * records that are given another time, and cuts at each commit.
 */
import fc from 'fast-check';
import t from 'tap';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  MsecError,
  rows,
  type Topic,
  TumblingWindows,
  topic,
  values,
} from '../../../engine/index.ts';
import { type DriverOptions, testActor } from '../../../engine/testkit/index.ts';

interface Item {
  readonly n: number;
  readonly by: string;
}

const BEHAVIOURS = ['count', 'window', 'drop', 'twice', 'older', 'refuse'] as const;
interface Stage {
  readonly behaviour: (typeof BEHAVIOURS)[number];
  /** Which of the stages before it feeds it; -1 for what comes from outside. Taken modulo what there is. */
  readonly from: number;
  /** Fails for good on values that this divides, after it has stored and emitted; 0 for never. */
  readonly failsOn: number;
}

const codec = jsonCodec<Item>();
const topicOf = (name: string): Topic<Item> => topic(name, codec, { access: 'public' });

function actorsOf(stages: readonly Stage[]): AnyActor[] {
  const topics = [topic('outside', codec, { external: true }), ...stages.map((_, i) => topicOf(`out-${i}`))];
  return stages.map((stage, i) => actorOf(stage, i, topics[(stage.from + 1) % (i + 1)]!, topics[i + 1]!));
}

function actorOf({ behaviour, failsOn }: Stage, index: number, from: Topic<Item>, to: Topic<Item>): AnyActor {
  const by = `${index}`;
  const delay = behaviour === 'older' ? 2_000 : behaviour === 'window' ? 1_500 : 0;
  return defineActor({
    name: `stage-${index}`,
    inputs: { from },
    outputs: { to },
    state: { counts: values(jsonCodec<number>()), open: rows(64) },
    watermarkDelayMs: delay,
    open(context) {
      const { counts, open } = context.state;
      const windows = new TumblingWindows(open, { sizeMs: 1_000, graceMs: 500 });
      const { to: out } = context.out;
      return {
        process({ keyId, timestamp, value: { n } }) {
          const count = (counts.get(keyId) ?? 0) + 1;
          counts.set(keyId, count);
          if (behaviour === 'count') out.emit({ n: count * 1000 + n, by });
          else if (behaviour === 'drop') {
            if (n % 3 !== 0) out.emit({ n, by });
          } else if (behaviour === 'twice') {
            out.emit({ n, by });
            out.emit({ n: n + 1, by });
          } else if (behaviour === 'older') out.emit({ n, by }, timestamp - (n % 2_000));
          else if (behaviour === 'refuse' && n % 4 === 1) {
            out.emit({ n: count, by });
            context.deadLetter(new MsecError('BUDGET_EXHAUSTED', 'refused'));
          } else if (behaviour === 'refuse') out.emit({ n, by });
          else {
            const row = windows.rowFor(keyId, timestamp, context.inputWatermark('from'));
            if (row < 0) out.emit({ n: -n, by });
            else {
              open.touch(row, 0);
              open.f64[row * 8]! += n;
            }
          }
          if (failsOn > 0 && n % failsOn === 0)
            throw n % 2 === 0 ? new Error('bug') : new MsecError('VALUE_INVALID', 'bad');
        },
        onWatermark(watermark) {
          windows.closeDue(watermark, context.keys, (row, _start, end) =>
            out.emitFor(open.keyIdOf(row), { n: open.f64[row * 8]!, by }, end - 1),
          );
        },
        onRollback: () => windows.rebuild(),
      };
    },
  });
}

interface Input {
  readonly key: number;
  readonly n: number;
  readonly ms: number;
  readonly isBad: boolean;
}

async function run(stages: readonly Stage[], inputs: readonly Input[], options: DriverOptions) {
  const driver = await testActor(
    { name: 'tree', partitions: 2, actors: actorsOf(stages) },
    { partitions: 2, ...options },
  );
  const base = driver.now;
  for (const { key, n, ms, isBad } of inputs)
    if (isBad) driver.sendBytes('outside', `k${key}`, Uint8Array.of(0x7b), base + ms);
    else driver.send('outside', `k${key}`, { n, by: 'outside' }, base + ms);
  await driver.settle();
  await driver.advance(30_000);
  const result: Record<string, unknown> = {};
  for (const name of ['outside', ...stages.map((_, i) => `out-${i}`)]) {
    if (name !== 'outside')
      result[name] = driver
        .outputs(name)
        .map(({ key, value, timestamp, partition }) => JSON.stringify([partition, key, timestamp, value]))
        .toSorted((a, b) => Number(a[1]) - Number(b[1]));
    // Of two readers of one topic, either may write its letter first.
    result[`${name}.dlq`] = driver
      .letters(name)
      .map((letter) =>
        JSON.stringify([
          letter.key,
          letter.timestamp,
          Buffer.from(letter.bytes ?? []).toString(),
          letter.code,
          letter.actor,
          letter.attempts,
        ]),
      )
      .toSorted();
  }
  await driver.close();
  return result;
}

const stage = fc.record({
  behaviour: fc.constantFrom(...BEHAVIOURS),
  from: fc.nat(5),
  failsOn: fc.constantFrom(0, 0, 5, 7),
});
const input = fc.record({
  key: fc.nat(3),
  n: fc.nat(500),
  ms: fc.nat(6_000),
  isBad: fc.nat(11).map((drawn) => drawn === 0),
});
const SMALL = { numRuns: 24 } as const;

t.test('fused and unfused plans give the same output and the same letters', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stage, { minLength: 1, maxLength: 5 }),
      fc.array(input, { maxLength: 25 }),
      async (stages, inputs) => {
        const fused = await run(stages, inputs, { fuse: true });
        const unfused = await run(stages, inputs, { fuse: false });
        t.strictSame(unfused, fused);
        return JSON.stringify(unfused) === JSON.stringify(fused);
      },
    ),
    SMALL,
  );
});

t.test('being cut at each commit, before it or after it, changes nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stage, { minLength: 1, maxLength: 4 }),
      fc.array(input, { maxLength: 12 }),
      fc.boolean(),
      async (stages, inputs, fuse) => {
        const whole = await run(stages, inputs, { fuse });
        for (const cuts of ['before-commit', 'after-commit'] as const) {
          const cut = await run(stages, inputs, { fuse, cuts });
          t.strictSame(cut, whole, cuts);
          if (JSON.stringify(cut) !== JSON.stringify(whole)) return false;
        }
        return true;
      },
    ),
    SMALL,
  );
});
