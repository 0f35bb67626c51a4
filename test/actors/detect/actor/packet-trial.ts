/**
 * One seed of a city whose networks are examined: batches come, some of them twice, while the machine crashes, threads die and tasks
 * move; then what the topics hold is compared with what one sensor a place, which nothing disturbs, makes of the same packets.
 */
import { detectActor } from '../../../../actors/detect/index.ts';
import { randomBelow, seededRandom } from '../../../../engine/base/index.ts';
import { type AnyActor, type Append, type Log, partitionForKey } from '../../../../engine/index.ts';
import { EPOCH_MS, Life, Simulation } from '../../../../engine/simulate/index.ts';
import {
  IDS_ALERTS,
  IDS_EVENTS,
  IDS_VERDICTS,
  NETWORK_PACKETS,
  networkTopics,
} from '../../../../schemas/topics/index.ts';
import { killsOf, killTrialSettings } from '../../../engine/simulate/kill-trial.ts';
import { encodeRecords, readPartition } from '../../../engine/simulate/trial-records.ts';
import type { PlainRecord } from '../../../oracle/plain.ts';
import { CROWDED, difference, networks, OPTIONS, rulesOf, undisturbed } from './networks.ts';
import { TurningRules } from './turning-rules.ts';

const PARTITIONS = 2;
const HORIZON_MS = 4_000;

export interface PacketOutcome {
  readonly differences: readonly string[];
  readonly kills: number;
  readonly alerts: number;
  readonly events: number;
  /** Batches that were written more than once. */
  readonly repeats: number;
  /** Words that changed the rules, or said why not. */
  readonly turns: number;
}

export interface PacketPlant {
  wrapLog?(log: Log): Log;
  change?(actor: AnyActor): AnyActor;
  readonly kafka?: boolean;
  readonly processes?: number;
  /** Rules change while packets come. */
  readonly hasTurns?: boolean;
}

export async function runPacketTrial(seed: number, plant: PacketPlant = {}): Promise<PacketOutcome> {
  const shape = seededRandom(seed ^ 0x1d5);
  const all = networks(seed, seededRandom(seed), 1 + randomBelow(shape, 4), 10);
  const rules = rulesOf(all);
  const base = seed % 3 === 0 ? CROWDED : OPTIONS;
  const flow = { ...base.traffic.flow, random: seededRandom(seed ^ 0xf10) };
  const sensor = { ...base, traffic: { ...base.traffic, flow } };
  const bundles = new TurningRules(seed, rules);
  const options = {
    ...{ rules: () => rules, sensor, tellsVerdicts: true, replayBytesMax: 64 * 1024 * 1024 },
    ...(plant.hasTurns === true ? { bundles } : {}),
  };
  const { processes = 1 } = plant;
  const simulation: Simulation = new Simulation(seed, {
    ...killTrialSettings(shape),
    horizonMs: HORIZON_MS,
    ...(plant.kafka === true ? { kafka: true, processes } : {}),
    createTopology: () => {
      // In every second run sets of rules are made between what else happens.
      const clock = seed % 2 === 0 ? { clock: simulation.timeline.clock(new Life()) } : {};
      const actor = detectActor(networkTopics(), { ...options, ...clock });
      return { name: 'ids', partitions: PARTITIONS, actors: [plant.change?.(actor) ?? actor] };
    },
    client,
    ...(plant.wrapLog === undefined ? {} : { wrapLog: plant.wrapLog }),
  });

  async function client(): Promise<void> {
    const { random } = simulation;
    while (all.some(({ isOver }) => !isOver)) {
      for (const network of all) {
        if (network.isOver || randomBelow(random, 4) === 0) continue;
        const value = network.batch();
        // Sent again where the answer was lost, and now and then for nothing.
        for (let times = randomBelow(random, 12) === 0 ? 2 : 1; times > 0; times--) await append(network.name, value);
      }
      if (plant.hasTurns === true && randomBelow(random, 3) === 0) await turn(bundles.next());
      await simulation.pause(randomBelow(random, 120));
    }
    await simulation.comesToRest();
    await simulation.drain();
  }

  /** To all partitions in one transaction; also of what comes again nothing may come. */
  async function turn(words: readonly Uint8Array[]): Promise<void> {
    for (const word of words) await write('', word, [0, 1]);
  }

  async function append(name: string, value: Uint8Array): Promise<void> {
    const key = Buffer.from(name);
    await write(name, value, [partitionForKey(key, 0, key.length, PARTITIONS)]);
  }

  async function write(key: string, value: Uint8Array, partitions: readonly number[]): Promise<void> {
    await simulation.askUntilAnswered((process) => {
      const timestamp = EPOCH_MS + Math.floor(simulation.timeline.elapsedMs);
      const appends = partitions.map((partition): Append => {
        return { topic: NETWORK_PACKETS, partition, bytes: encodeRecords([{ key, value, timestamp }]) };
      });
      return process.started.then(() => process.log.commit({ appends, admission: 'refusable' }));
    });
  }

  try {
    await simulation.run();
  } catch (thrown) {
    const says = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { differences: [says], kills: 0, alerts: 0, events: 0, repeats: 0, turns: 0 };
  }
  const reader = await simulation.inspect();
  const inPartition = async (topic: string, partition: number): Promise<PlainRecord[]> =>
    (await readPartition(reader, topic, partition)).filter(({ value }) => value !== null);
  const of = async (topic: string): Promise<PlainRecord[]> => {
    const records: PlainRecord[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) records.push(...(await inPartition(topic, partition)));
    return records;
  };
  const [packets, alerts, events, verdicts] = [
    await of(NETWORK_PACKETS),
    await of(IDS_ALERTS),
    await of(IDS_EVENTS),
    await of(IDS_VERDICTS),
  ];
  const differences: string[] = [];
  for (const { name } of all) {
    const key = Buffer.from(name);
    const own = await inPartition(NETWORK_PACKETS, partitionForKey(key, 0, key.length, PARTITIONS));
    const batches = own
      .filter((one) => one.key === name || one.key === '')
      .map(({ value }) => Buffer.from(value!, 'hex'));
    const must = undisturbed(rules, batches, sensor, bundles);
    for (const [what, records] of Object.entries({ alerts, events, verdicts }) as ['alerts', PlainRecord[]][]) {
      const is = records.filter(({ key }) => key === name).map(({ value }) => jsonOf(value!));
      const found = difference(`${what} of ${name}`, is, must[what]);
      if (found !== null) differences.push(found);
    }
  }
  let turns = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const words = (await inPartition(NETWORK_PACKETS, partition)).filter(({ key }) => key === '');
    const must = bundles.told(
      words.map(({ value }) => Buffer.from(value!, 'hex')),
      partition,
    );
    turns += plant.hasTurns === true ? must.length : 0;
    const is = events.filter(({ key }) => key === '').map(({ value }) => aboutTurn(jsonOf(value!)));
    const own = is.filter((turn) => turn.partition === partition);
    const found = difference(`turns of ${partition}`, own, must);
    if (found !== null) differences.push(found);
  }
  return {
    differences,
    turns,
    kills: killsOf(simulation),
    alerts: alerts.length,
    events: events.length,
    repeats: batchesOf(packets).length - new Set(batchesOf(packets)).size,
  };
}

const batchesOf = (packets: readonly PlainRecord[]): (string | null)[] =>
  packets.filter(({ key }) => key !== '').map(({ value }) => value);

const aboutTurn = (record: unknown) => (record as { readonly rules: { readonly partition: number } }).rules;

const jsonOf = (hex: string): unknown => JSON.parse(Buffer.from(hex, 'hex').toString());
