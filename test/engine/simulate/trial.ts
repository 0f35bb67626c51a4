/**
 * One seed, from its inputs to the verdict: devices send, the engine runs and is hurt, an operator mends the actors and
 * sends letters again, and what the log holds at the end is compared with what the oracle says it must hold.
 */
import {
  type Append,
  type Log,
  type LogReader,
  partitionForKey,
  type Random,
  randomBelow,
  resendLetter,
  type TaskOptions,
} from '../../../engine/index.ts';
import { EPOCH_MS, Simulation, type SimulationScenario } from '../../../engine/simulate/index.ts';
import { judge } from '../../oracle/judge.ts';
import type { Difference, PlainLog, PlainRecord } from '../../oracle/plain.ts';
import { trialTopology } from './trial-actors.ts';
import { encodeRecords, type NewRecord, readPartition } from './trial-records.ts';
import { KIND } from './trial-values.ts';

/** How a test plants a fault: around the log, the operator's view of it, or the topology. Nothing in the product knows. */
export interface Plant {
  wrapLog?(log: Log, random: Random): Log;
  wrapResendReader?(reader: LogReader): LogReader;
  /** Puts itself into the code that runs; the returned function takes it out again. */
  install?(): () => void;
}

export interface TrialOutcome {
  readonly seed: number;
  readonly differences: readonly Difference[];
  readonly log: PlainLog;
  readonly trace: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly events: number;
  readonly simulatedMs: number;
}

const OUTPUTS = [
  'readings',
  'settings',
  'windows',
  'late',
  'coarse',
  'coarse-late',
  'joined',
  'join-late',
  'zone-totals',
  'by-zone',
  'notes',
];
const INPUTS = ['readings', 'settings', 'checked', 'windows', 'by-zone'];
const HORIZON_MS = 4_000;
const LIMIT_MS = 300_000;
/** Of records that come again after a while: far before and far after all others. */
const OLD_MS = EPOCH_MS - 3_600_000;
const FAR_MS = EPOCH_MS + 3_600_000;
const FINAL_MS = FAR_MS + 3_600_000;

interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly records: readonly NewRecord[];
}

/** A request of the operator's: this letter once more. */
export interface Request {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** On what the trial runs. */
export interface TrialGround {
  /** Processes that share the partitions. Default 1. */
  readonly processes?: number;
  /** Over the Kafka driver and a simulated broker instead of the embedded log. */
  readonly kafka?: boolean;
}

export async function runTrial(
  seed: number,
  keepsTrace = false,
  plant: Plant = {},
  ground: TrialGround = {},
): Promise<TrialOutcome> {
  const trial = new Trial(plant, ground);
  const simulation = trial.simulation(seed, keepsTrace);
  let failure: unknown = null;
  const restore = plant.install?.();
  try {
    await simulation.run();
  } catch (thrown) {
    failure = thrown;
  } finally {
    restore?.();
  }
  const log = failure === null ? await trial.readLog(await simulation.inspect()) : {};
  const differences =
    failure === null
      ? judge({
          partitions: trial.partitions,
          isFused: trial.isFused,
          hasGaps: ground.kafka === true,
          log,
          written: trial.written,
          requests: trial.requests,
          mendedAt: trial.mendedAt,
          finalMs: FINAL_MS,
        })
      : [{ where: 'run', says: failure instanceof Error ? failure.message : String(failure) }];
  const { lines, counts } = simulation.trace;
  const { events, elapsedMs } = simulation.timeline;
  return { seed, differences, log, trace: lines, counts, events, simulatedMs: elapsedMs };
}

class Trial {
  partitions = 1;
  isFused = true;
  readonly written: Written[] = [];
  readonly requests: Request[] = [];
  mendedAt: Record<string, number[]> = {};
  readonly #plant: Plant;
  readonly #ground: TrialGround;
  readonly #flaky = new Map<number, number>();
  #keys: readonly string[] = [];
  #isMended = false;
  #downFrom = 0;
  #downTo = 0;

  constructor(plant: Plant, ground: TrialGround) {
    this.#plant = plant;
    this.#ground = ground;
  }

  simulation(seed: number, keepsTrace: boolean): Simulation {
    const plant = this.#plant;
    // Drawn from the seed before the run's own random, so that the shape of the run belongs to the seed too.
    const shape = shapeOf(seed);
    const { processes = 1, kafka = false } = this.#ground;
    const partitions = shape(6);
    this.partitions = (processes === 1 ? [1, 1, 1, 2, 2, 3] : [1, 2, 2, 3, 4, 5])[partitions]!;
    this.isFused = shape(2) === 0;
    const scenario: SimulationScenario = {
      processes,
      kafka,
      workers: 1 + shape(3),
      taskOptions: taskOptionsOf(shape),
      supervisor: { recordMsMax: 800, restartMsMin: 20, restartMsMax: 300 },
      idleTicks: { everyMs: 700, ticksMax: 2 },
      groupCommitMs: [0, 2, 5][shape(3)]!,
      horizonMs: HORIZON_MS,
      limitMs: LIMIT_MS,
      createTopology: (thread, { timeline }) => {
        return trialTopology(
          {
            step: () => thread.step(),
            die: (end) => thread.die(end),
            hang: () => thread.hang(),
            isDown: () => timeline.elapsedMs >= this.#downFrom && timeline.elapsedMs < this.#downTo,
            isMended: () => this.#isMended,
            isFlaky: (id) => {
              const calls = this.#flaky.get(id) ?? 0;
              this.#flaky.set(id, calls + 1);
              return calls % 2 === 0;
            },
          },
          { partitions: this.partitions, fuse: this.isFused },
        );
      },
      client: (simulation) => this.#client(simulation),
    };
    const simulation: Simulation = new Simulation(
      seed,
      plant.wrapLog === undefined
        ? scenario
        : { ...scenario, wrapLog: (log) => plant.wrapLog?.(log, simulation.random) ?? log },
      keepsTrace,
    );
    return simulation;
  }

  async readLog(reader: LogReader): Promise<PlainLog> {
    const log: Record<string, PlainRecord[][]> = {};
    const topics = [...OUTPUTS, ...INPUTS.flatMap((input) => [`${input}.dlq`, `${input}.resend`])];
    if (!this.isFused) topics.push('checked');
    for (const topic of topics) {
      log[topic] = [];
      for (let partition = 0; partition < this.partitions; partition++)
        log[topic].push(await readPartition(reader, topic, partition));
    }
    return log;
  }

  async #client(simulation: Simulation): Promise<void> {
    const { random } = simulation;
    this.#downFrom = randomBelow(random, HORIZON_MS);
    this.#downTo = this.#downFrom + randomBelow(random, 1_500);
    this.#keys = Array.from({ length: 1 + randomBelow(random, 5) }, (_, i) => `device-${i}`);
    await this.#begin(simulation);
    await this.#send(simulation, 1, 10 + randomBelow(random, 50));
    await simulation.comesToRest();
    this.#isMended = true;
    await this.#resend(simulation);
    await simulation.comesToRest();
    await this.#noteEnds(simulation);
    await this.#send(simulation, 100, randomBelow(random, 8));
    await simulation.comesToRest();
    await this.#append(simulation, this.#everywhere(FINAL_MS));
    await simulation.comesToRest();
    await simulation.drain();
  }

  /** Every partition that has keys begins with a record that nothing is wrong with. */
  #begin(simulation: Simulation): Promise<void> {
    const records = this.#keys.map((key, i) => reading(KIND.ok, 1000 + i, 1, EPOCH_MS, key));
    return this.#append(
      simulation,
      records.map((record) => ({ topic: 'readings', record })),
    );
  }

  async #send(simulation: Simulation, first: number, total: number): Promise<void> {
    const { random, timeline } = simulation;
    for (let id = first; id < first + total; ) {
      const records: { topic: string; record: NewRecord }[] = [];
      for (let i = randomBelow(random, 5); i >= 0 && id < first + total; i--)
        records.push(this.#draw(random, id++, EPOCH_MS + Math.floor(timeline.elapsedMs)));
      await Promise.all([this.#append(simulation, records), simulation.pause(randomBelow(random, 200))]);
    }
  }

  async #noteEnds(simulation: Simulation): Promise<void> {
    const reader = await simulation.inspect();
    for (const topic of ['readings', 'settings']) {
      this.mendedAt[topic] = [];
      for (let partition = 0; partition < this.partitions; partition++)
        this.mendedAt[topic].push((await reader.bounds(topic, partition)).end);
    }
  }

  #draw(random: Random, id: number, now: number): { topic: string; record: NewRecord } {
    const key = this.#keys[randomBelow(random, this.#keys.length)]!;
    const amount = randomBelow(random, 1000) - 300;
    const timestamp = now + 200 - randomBelow(random, [500, 500, 4000][randomBelow(random, 3)]!);
    if (randomBelow(random, 4) === 0)
      return { topic: 'settings', record: reading(KIND.ok, id, amount, timestamp, key) };
    const kind = drawKind(random);
    if (kind === null) {
      const value = randomBelow(random, 3) === 0 ? null : random.bytes(randomBelow(random, 12));
      // Seven bytes could be a reading by chance; neither key nor value would tell the time.
      const bytes = value?.length === 7 ? value.subarray(1) : value;
      const isKeyless = bytes !== null && randomBelow(random, 3) === 0;
      return { topic: 'readings', record: { timestamp, key: isKeyless ? null : key, value: bytes } };
    }
    const isLater = kind === KIND.mendable || kind === KIND.mendableLater;
    // What the first stage lets pass moves its event time, and all after it would be late.
    const isFar = randomBelow(random, kind === KIND.mendable ? 2 : 12) === 0;
    const time = !isLater ? timestamp : isFar ? FAR_MS + randomBelow(random, 500) : OLD_MS;
    return { topic: 'readings', record: reading(kind, id, amount, time, key) };
  }

  async #resend(simulation: Simulation): Promise<void> {
    const { random } = simulation;
    const reader = await simulation.inspect();
    for (const topic of ['readings', 'checked'])
      for (let partition = 0; partition < this.partitions; partition++)
        for (const letter of await readPartition(reader, `${topic}.dlq`, partition)) {
          const kind = Number.parseInt(letter.value?.slice(0, 2) ?? '', 16);
          const isMendable = kind === KIND.mendable || kind === KIND.mendableLater;
          // Whether it is late depends on which letter comes first, and that is nobody's promise.
          if (kind === KIND.poisonLater) continue;
          if (!isMendable && randomBelow(random, 4) !== 0) continue;
          const place = { topic, partition, offset: letter.offset };
          this.requests.push(place);
          // An operator who is not sure asks again.
          for (let i = randomBelow(random, 3); i >= 0; i--)
            await simulation.askUntilAnswered((process) => {
              const own = process.openReader();
              return resendLetter(process.log, this.#plant.wrapResendReader?.(own) ?? own, place);
            });
        }
  }

  #everywhere(timestamp: number): { topic: string; partition: number; record: NewRecord }[] {
    return ['readings', 'settings'].flatMap((topic) =>
      Array.from({ length: this.partitions }, (_, partition) => ({
        topic,
        partition,
        record: { timestamp, key: null, value: null },
      })),
    );
  }

  /** Until it is acknowledged: what was written without an answer is written again, and counts twice. */
  async #append(
    simulation: Simulation,
    records: readonly { topic: string; partition?: number; record: NewRecord }[],
  ): Promise<void> {
    const lanes = Map.groupBy(records, ({ topic, partition, record }) => {
      const key = Buffer.from(record.key ?? '', 'latin1');
      return `${topic} ${partition ?? partitionForKey(key, 0, key.length, this.partitions)}`;
    });
    const parts = [...lanes].map(([lane, of]) => {
      const [topic = '', partition] = lane.split(' ');
      return { topic, partition: Number(partition), records: of.map(({ record }) => record) };
    });
    const { baseOffsets } = await simulation.askUntilAnswered((process) => {
      const appends = parts.map((part): Append => ({ ...part, bytes: encodeRecords(part.records) }));
      // The topics are there once the engine has begun to start.
      return process.started.then(() => process.log.commit({ appends, admission: 'refusable' }));
    });
    for (const [i, part] of parts.entries()) this.written.push({ ...part, offset: baseOffsets[i]! });
  }
}

function reading(kind: number, id: number, amount: number, timestamp: number, key: string): NewRecord {
  const value = new Uint8Array(7);
  const view = new DataView(value.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, id);
  view.setInt16(5, amount);
  return { timestamp, key, value };
}

/** Null: bytes that are no reading, or no bytes. */
function drawKind(random: Random): number | null {
  const drawn = randomBelow(random, 100);
  if (drawn < 62) return KIND.ok;
  if (drawn < 65) return null;
  if (drawn === 65 && randomBelow(random, 2) === 0) return KIND.kill;
  if (drawn === 66 && randomBelow(random, 2) === 0) return KIND.heap;
  if (drawn === 67 && randomBelow(random, 2) === 0) return KIND.hang;
  const others = [
    KIND.reject,
    KIND.poison,
    KIND.flaky,
    KIND.needsDependency,
    KIND.refuse,
    KIND.mendable,
    KIND.poisonLater,
    KIND.mendableLater,
    KIND.needsSchema,
  ];
  return others[drawn % others.length]!;
}

function taskOptionsOf(shape: (below: number) => number): TaskOptions {
  return {
    commitIntervalMs: [1, 10, 25][shape(3)]!,
    commitIntervalBusyMs: [5, 200][shape(2)]!,
    outputBytesMax: [1, 60, 1 << 20][shape(3)]!,
    fetchBytes: [1, 300, 1 << 20][shape(3)]!,
    attemptsMax: 3,
  };
}

/** Numbers from a seed by a multiplicative hash; apart from the run's own random, so that neither disturbs the other. */
function shapeOf(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
    state ^= state >>> 13;
    return (state >>> 0) % below;
  };
}
