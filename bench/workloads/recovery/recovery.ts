/**
 * W9: a process is killed (SIGKILL) under a steady load and started again at once, with the disk that holds the copies of
 * its state and without it. Measured from the signal: until a frame that was due after it has come out, committed, of
 * each partition; and until no more frames wait than before. Load and consumer are processes of their own, which nobody
 * kills. Every frame must come out once, with how often its device was seen: so the state is the old one.
 */
import { rmSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import { PacedRun } from '../../load/paced/paced-run.ts';
import { monotonicMs, type PacedStep, type ReaderProgress } from '../../load/paced/steps.ts';
import type { RunningProcess } from '../../load/running-process.ts';
import { buildStreams } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { ROW_BYTES } from '../kafka-restart/remember.ts';
import { fillDevices } from './fill.ts';
import { COMMIT_MS, RecoverySide, STREAMS_STATIC } from './sides.ts';

const DEVICES = 500_000;
const DEVICES_QUICK = 20_000;
const PARTITIONS = 8;
const PACE = { framesPerSecond: 10_000, tickMs: 5 };
const ROUNDS = 2;
const STEADY_MS = { full: 6_000, quick: 3_000 };
/** Of the steady time, what lag is measured in. */
const SETTLED_SHARE = 0.5;
const SECONDS_MAX = 150;
const PROGRESS_MS = 5;
const STREAMS = 'Kafka Streams';
const KINDS = { full: ['disk kept', 'disk lost'], quick: ['disk kept'] } as const;

interface Recovery {
  readonly firstMs: number;
  readonly caughtUpMs: number;
}

export const recovery: Workload = {
  name: 'W9',
  says: 'a process killed under a steady load and started again: until each partition goes on, and until lag is as before',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const classPath = await buildStreams();
    const kafka = await startBenchKafka();
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    const devices = isQuick ? DEVICES_QUICK : DEVICES;
    const kinds = isQuick ? KINDS.quick : KINDS.full;
    const sides = (['ours', 'streams'] as const).map(
      (kind) => new RecoverySide({ kind, bootstrap: kafka.bootstrap, folder, classPath, partitions: PARTITIONS }),
    );
    const benches: SideBench[] = [];
    const took = new Map<string, Recovery[]>();
    try {
      for (const side of sides) {
        progress(`${side.kind}: filling ${devices} rows of ${ROW_BYTES} bytes`);
        await fillDevices(log, side, devices, PARTITIONS);
      }
      for (const side of sides) benches.push(await SideBench.start(log, side, kafka.bootstrap, devices));
      for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++)
        for (const bench of benches) {
          await bench.begin();
          for (const kind of kinds) {
            const recovered = await bench.recover(kind === 'disk lost', isQuick ? STEADY_MS.quick : STEADY_MS.full);
            const key = `${bench.kind} ${kind}`;
            took.set(key, [...(took.get(key) ?? []), recovered]);
            const { firstMs, caughtUpMs } = recovered;
            progress(`${key}, run ${round}: ${Math.round(firstMs)} ms, lag as before ${Math.round(caughtUpMs)} ms`);
          }
          // What it has of its state on the disk is whole then.
          await bench.pause();
        }
      for (const bench of benches) await bench.end();
      return figuresOf(kinds, took, devices);
    } finally {
      for (const bench of benches) bench.kill();
      for (const side of sides) await side.kill();
      await log.close();
      await kafka.stop();
    }
  },
};

/** A side with its load and its consumer, which stay from one kill to the next. */
class SideBench {
  readonly #side: RecoverySide;
  readonly #run: PacedRun;
  #process: RunningProcess | null = null;

  private constructor(side: RecoverySide, run: PacedRun) {
    this.#side = side;
    this.#run = run;
  }

  /** The side has seen each device once. */
  static async start(log: Log, side: RecoverySide, bootstrap: string, devices: number): Promise<SideBench> {
    const { input, output } = side;
    const fleet = { devices, exponent: 0, partitions: PARTITIONS };
    const told = { timesBefore: 1, progressMs: PROGRESS_MS };
    return new SideBench(side, await PacedRun.start(log, { bootstrap, input, output, ...told, ...fleet }));
  }

  get kind(): RecoverySide['kind'] {
    return this.#side.kind;
  }

  async begin(): Promise<void> {
    this.#process = await this.#side.start();
  }

  async recover(isDiskLost: boolean, steadyMs: number): Promise<Recovery> {
    const watch = new Watch();
    const { step, failed, stop } = this.#run.open(PACE, SECONDS_MAX, (progress) => watch.take(progress));
    watch.step = step;
    await after(Math.max(0, step.startMs + steadyMs - monotonicMs()));
    const killedAt = monotonicMs();
    const killed = this.#process?.kill();
    watch.killed(killedAt, killedAt - steadyMs * SETTLED_SHARE);
    await killed;
    if (isDiskLost) rmSync(this.#side.stateFolder, { recursive: true, force: true });
    this.#process = await this.#side.start();
    const recovered = await Promise.race([watch.recovered, failed]);
    const { missing: lacking } = await stop();
    if (lacking > 0) throw new Error(`${this.#side.kind}: ${lacking} frames did not come out`);
    return recovered;
  }

  async pause(): Promise<void> {
    await this.#process?.end();
  }

  async end(): Promise<void> {
    await this.#run.end();
  }

  kill(): void {
    this.#run.kill();
  }
}

/** Follows what is read of one step. */
class Watch {
  step: PacedStep | null = null;
  readonly #recovered = Promise.withResolvers<Recovery>();
  readonly #lags: { readonly atMs: number; readonly frames: number }[] = [];
  #killedAt = Infinity;
  #lagBefore = 0;
  #firstAt: number | null = null;

  get recovered(): Promise<Recovery> {
    return this.#recovered.promise;
  }

  killed(atMs: number, settledMs: number): void {
    this.#killedAt = atMs;
    const settled = this.#lags.filter((lag) => lag.atMs >= settledMs);
    if (settled.length === 0) throw new Error('nothing came out before the process was killed');
    this.#lagBefore = Math.max(...settled.map(({ frames }) => frames));
  }

  take({ atMs, frames, newest }: ReaderProgress): void {
    const { step } = this;
    if (step === null || atMs < step.startMs) return;
    const due = (ms: number) => Math.floor(((ms - step.startMs) * step.framesPerSecond) / 1000);
    const lag = due(atMs) - frames;
    if (atMs < this.#killedAt) {
      this.#lags.push({ atMs, frames: lag });
      return;
    }
    const after = step.first + due(this.#killedAt);
    if (this.#firstAt === null && newest.every((counter) => counter >= after)) this.#firstAt = atMs;
    if (this.#firstAt === null || lag > this.#lagBefore) return;
    this.#recovered.resolve({ firstMs: this.#firstAt - this.#killedAt, caughtUpMs: atMs - this.#killedAt });
  }
}

function figuresOf(
  kinds: readonly string[],
  took: ReadonlyMap<string, readonly Recovery[]>,
  devices: number,
): Figure[] {
  const seconds = (key: string, of: (recovery: Recovery) => number) => (took.get(key) ?? []).map((r) => of(r) / 1000);
  const figures: Figure[] = [];
  for (const kind of kinds)
    for (const [label, of] of [
      ['each partition goes on', (r: Recovery) => r.firstMs],
      ['lag as before', (r: Recovery) => r.caughtUpMs],
    ] as const)
      figures.push(
        figure({
          name: `W9: ${kind}, ${label}`,
          unit: 's',
          ours: seconds(`ours ${kind}`, of),
          peers: { [STREAMS]: seconds(`streams ${kind}`, of) },
          floor: null,
          aim: null,
          judged: 'ours',
          isLessBetter: true,
          notes:
            figures.length > 0
              ? []
              : [
                  `from SIGKILL, started again at once; ${Math.round((devices * ROW_BYTES) / 1e6)} MB of rows in ${PARTITIONS} partitions, ${PACE.framesPerSecond} frames/s all the while, 2 threads, committed every ${COMMIT_MS} ms, exactly once; each frame came out once and told how often its device was seen`,
                  `both under static names by the classic group protocol, so that nobody waits for a session to end; ${STREAMS}: rows in RocksDB, exactly_once_v2, ${Object.entries(
                    STREAMS_STATIC,
                  )
                    .map((pair) => pair.join('='))
                    .join(
                      ', ',
                    )}; after a kill it reads the changelog again though the disk is there, because under exactly_once_v2 its copy is only good after an orderly end`,
                ],
        }),
      );
  return figures;
}
