/**
 * Rules that change while packets come, threads die and machines crash: each packet is examined once, with the rules that the
 * words before it say, as in a run that nothing disturbs.
 */
import t from 'tap';
import type { AnyActor } from '../../../../engine/index.ts';
import { isRulesWord } from '../../../../schemas/network/index.ts';
import { type PacketPlant, runPacketTrial } from './packet-trial.ts';

t.setTimeout(590_000);

const KILLS = 10;
const SEEDS_MAX = 40;
const KAFKA_SEEDS = 2;

t.test('after 10 kills every packet was examined once, with the rules in force at its place', async (t) => {
  let [kills, alerts, turns, seed] = [0, 0, 0, 0];
  while (kills < KILLS && seed < SEEDS_MAX) {
    seed += 1;
    const outcome = await runPacketTrial(seed, { hasTurns: true });
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    kills += outcome.kills;
    alerts += outcome.alerts;
    turns += outcome.turns;
  }
  t.comment(`${kills} kills in ${seed} runs: ${turns} turns, ${alerts} alerts`);
  t.ok(kills >= KILLS, `${kills} kills`);
  t.ok(turns > 4 * seed && alerts > 10 * seed);
});

t.test('over Kafka, in one to three processes, nothing of this is different', async (t) => {
  let turns = 0;
  for (let seed = 1; seed <= KAFKA_SEEDS; seed++) {
    const outcome = await runPacketTrial(seed, { hasTurns: true, kafka: true, processes: 1 + (seed % 3) });
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    turns += outcome.turns;
  }
  t.ok(turns > 2 * KAFKA_SEEDS);
});

async function isSeen(plant: PacketPlant): Promise<boolean> {
  for (let seed = 1; seed <= 12; seed++)
    if ((await runPacketTrial(seed, { ...plant, hasTurns: true })).differences.length > 0) return true;
  return false;
}

t.test('an actor that passes words over, and one that forgets them with a restart, are seen', async (t) => {
  type Open = AnyActor['open'];
  type Context = Parameters<Open>[0];
  const wrapped = (open: (actor: AnyActor, context: Context) => ReturnType<Open>): PacketPlant => ({
    change: (actor) => ({ ...actor, open: (context) => open(actor, context) }),
  });
  const deaf = wrapped((actor, context) => {
    const task = actor.open(context);
    return {
      ...(task.replay === undefined ? {} : { replay: task.replay }),
      process: (record) => {
        const { bytes, start, end } = record.value as { bytes: Uint8Array; start: number; end: number };
        if (!isRulesWord(bytes, start, end)) task.process(record);
      },
      onRollback: () => task.onRollback?.(),
    };
  });
  t.ok(await isSeen(deaf), 'deaf');
  const nothing = { *entries() {}, get: () => undefined, set: () => undefined, delete: () => false };
  const forgetful = wrapped((actor, context) => {
    const { out, keys, partition, state } = context;
    return actor.open({
      ...{ out, keys, partition, state: { ...state, rules: nothing } as unknown as Context['state'] },
      watermark: () => context.watermark(),
      inputWatermark: (input) => context.inputWatermark(input),
      deadLetter: (reason) => context.deadLetter(reason),
      sourceOffset: () => context.sourceOffset(),
      deadLetterKept: (kept, reason) => context.deadLetterKept(kept, reason),
      count: (name, by) => context.count(name, by),
    });
  });
  t.ok(await isSeen(forgetful), 'forgetful');
});
