/** The real Kafka driver, over a simulated network, before a simulated broker that outlives every process. */
import { type Random, randomBelow } from '../../base/index.ts';
import type { Log, LogReader } from '../../log/index.ts';
import { kafkaReaders, openKafkaLog } from '../../log/kafka/index.ts';
import type { ProcessLog } from '../simulated-process.ts';
import { EPOCH_MS, type Life, type Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import { SimulatedBroker } from './broker.ts';
import { BrokerReader } from './broker-reader.ts';
import { type NetworkPlan, SimulatedNetwork } from './simulated-network.ts';

export interface KafkaPlan extends NetworkPlan {
  readonly transactionVersion: 1 | 2;
  readonly markerMsMax: number;
  /** Of 1,024 requests before `troubledUntilMs`, how many meet a leader that moves or a coordinator that loads. */
  readonly troubles: number;
  /** After so many commits a task rides with the others of its process; null: none does. */
  readonly ridesAfter: number | null;
  /** For how long nobody does after a failure. */
  readonly aloneMs: number;
}

const BOOTSTRAP = 'broker:9092';
const REQUEST_TIMEOUT_MS = 2_000;
const RETRY_MS_MAX = 10_000;

const chosen = <T>(random: Random, list: readonly T[]): T => list[randomBelow(random, list.length)]!;

export function drawKafkaPlan(random: Random, horizonMs: number): KafkaPlan {
  return {
    transactionVersion: randomBelow(random, 4) === 0 ? 1 : 2,
    latencyMsMax: chosen(random, [0.5, 3, 20]),
    markerMsMax: chosen(random, [1, 20, 200]),
    cuts: chosen(random, [0, 4, 30]),
    heldBack: chosen(random, [0, 10, 60]),
    heldBackMsMax: chosen(random, [50, 500]),
    troubles: chosen(random, [0, 10, 60]),
    troubledUntilMs: horizonMs,
    ridesAfter: chosen(random, [null, 0, 1, 4]),
    aloneMs: chosen(random, [0, 50, 1000]),
  };
}

export class SimulatedKafka {
  readonly #broker: SimulatedBroker;
  readonly #plan: KafkaPlan;
  readonly #random: Random;
  readonly #timeline: Timeline;
  readonly #world: Life;
  readonly #trace: Trace;
  #processNext = 0;

  constructor(plan: KafkaPlan, random: Random, timeline: Timeline, world: Life, trace: Trace) {
    this.#plan = plan;
    this.#random = random;
    this.#timeline = timeline;
    this.#world = world;
    this.#trace = trace;
    this.#broker = new SimulatedBroker({
      ...{ transactionVersion: plan.transactionVersion, clusterId: 'simulated', host: 'broker', port: 9092 },
      now: () => EPOCH_MS + Math.floor(timeline.elapsedMs),
      after: (ms, run) => void timeline.after(ms, world, run),
      markerMs: () => (random.u32() / 2 ** 32) * plan.markerMsMax,
      isShortRead: () => randomBelow(random, 4) === 0,
      trouble: (api) => this.#trouble(api),
    });
  }

  /** The driver as a process opens it. Its connections end with its life; what they had sent travels on. */
  open(life: Life, wrapLog: (log: Log) => Log = (log) => log): ProcessLog {
    const descriptor = {
      ...{ bootstrap: [BOOTSTRAP], applicationId: 'simulated' },
      ...{ requestTimeoutMs: REQUEST_TIMEOUT_MS, retryMsMax: RETRY_MS_MAX },
    };
    const { ridesAfter, aloneMs } = this.#plan;
    const ride =
      ridesAfter === null
        ? { commits: Number.POSITIVE_INFINITY }
        : { commits: ridesAfter, withinMs: 60_000, bytesMax: 4096, ridersMin: 1, aloneMs };
    const options = { ...descriptor, ride, clock: this.#timeline.clock(life), processId: `${this.#processNext++}` };
    return {
      log: wrapLog(openKafkaLog(options, this.#network(life))),
      wire: life,
      openReader: () => this.openReader(),
      readersOf: (thread) => kafkaReaders(descriptor, this.#timeline.clock(thread), this.#network(thread)),
      crashed: () => {},
    };
  }

  /** Whether something is written of which nobody can know yet what becomes of it. */
  get hasOpenTransactions(): boolean {
    const { topics, offsets } = this.#broker;
    return (
      offsets.hasPending ||
      topics.all.some(({ partitions }) => partitions.some((log) => log.lastStableOffset < log.end))
    );
  }

  /** Reads what the broker holds, without the network. */
  openReader(): LogReader {
    return new BrokerReader(this.#broker);
  }

  #network(life: Life): SimulatedNetwork {
    return new SimulatedNetwork({
      ...{ broker: this.#broker, timeline: this.#timeline, life, world: this.#world },
      ...{ random: this.#random, plan: this.#plan, trace: this.#trace },
    });
  }

  #trouble(api: string): 'none' | 'moved' | 'loading' {
    const { troubles, troubledUntilMs } = this.#plan;
    if (this.#timeline.elapsedMs >= troubledUntilMs || randomBelow(this.#random, 1024) >= troubles) return 'none';
    const trouble = chosen(this.#random, ['moved', 'loading'] as const);
    this.#trace.add('trouble@broker', () => `${api} ${trouble}`);
    return trouble;
  }
}
