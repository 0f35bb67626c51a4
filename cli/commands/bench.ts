/** `msec bench`: the highest rate that the configured job holds, on a log of its own. */
import { systemClock } from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { limitOf, type Phase, type Search, type StepResult, searchRate } from '../load/index.ts';
import { Exit, note, paint, print, printJson, UsageError } from '../terminal.ts';
import { describeLoad, type Load, type LoadFlags, loadOf, type RunningLoad, withLoad } from './load-settings.ts';

export interface BenchFlags extends LoadFlags {
  readonly minutes: number;
}

const MINUTES_MIN = 0.1;
const MINUTES_MAX = 120;
const FROM = { each: 2_000, batch: 20_000, none: 20_000 } as const;
const RATE_MAX = 50_000_000;
const PRECISION = 1.05;
/** So many steps fit into the time. */
const STEPS = 24;
const MEASURE_MS_MIN = 400;
/** Brokers answer what is committed only when no transaction is about to end: some of the time. */
const MEASURE_KAFKA_MS_MIN = 2_000;
const MEASURE_MS_MAX = 4_000;
const CONFIRM_TIMES = 3;
/** For so long the growth of the lag must show beyond a commit interval. */
const WARM_UP_SHARE = 0.5;

export async function runBench(flags: BenchFlags): Promise<number> {
  const { minutes } = flags;
  if (minutes < MINUTES_MIN || minutes > MINUTES_MAX)
    throw new UsageError(`--minutes must be ${MINUTES_MIN} to ${MINUTES_MAX}, is ${minutes}`);
  const load = loadOf(flags);
  const isJson = flags.json === true;
  if (!isJson) print(describeLoad(load));
  return await withLoad(load, flags.scratch ?? null, null, async (running) => {
    if (!isJson) {
      print(paint('dim', `Scratch log: ${running.job.config.data}, removed at the end. Bridges are not part of it.`));
      print();
    }
    const search = await searchIn(running, load, minutes, isJson);
    const letters = await deadLetters(running);
    if (isJson) printJson(resultJson(search, load, running, letters));
    else for (const line of resultText(search, running, letters)) print(line);
    if (search.held !== null) return EXIT.ok.code;
    note(paint('red', 'No rate was held.', process.stderr));
    return EXIT.unavailable.code;
  });
}

async function searchIn(
  { steps, signal, job }: RunningLoad,
  { signed }: Load,
  minutes: number,
  isJson: boolean,
): Promise<Search<StepResult>> {
  const startedAt = systemClock.monotonic();
  const leastMs = job.isOnKafka ? MEASURE_KAFKA_MS_MIN : MEASURE_MS_MIN;
  const measureMs = Math.min(MEASURE_MS_MAX, Math.max(leastMs, (minutes * 60_000) / STEPS));
  const stepMs = measureMs * (1 + WARM_UP_SHARE);
  const endMs = minutes * 60_000 - CONFIRM_TIMES * stepMs;
  // The first frames of a device, and of the code, cost more than all that come later.
  await steps.run({ rate: FROM[signed], warmUpMs: 0, measureMs });
  const hasTime = () => !signal.aborted && systemClock.monotonic() - startedAt + stepMs < endMs;
  return await searchRate(
    { from: FROM[signed], rateMax: RATE_MAX, precision: PRECISION, hasTime },
    async (rate, phase) => {
      const times = phase === 'confirm' ? CONFIRM_TIMES : 1;
      const step = await steps.run({ rate, warmUpMs: measureMs * WARM_UP_SHARE, measureMs: measureMs * times });
      if (signal.aborted) throw new Exit(EXIT.forced.code);
      if (isJson) printJson({ event: 'step', phase, ...stepJson(step) });
      else print(stepText(step, phase));
      const [trouble] = job.troubles();
      if (trouble !== undefined && !isJson) note(paint('yellow', `  ${trouble}`, process.stderr));
      return step;
    },
  );
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function stepText({ rate, isHeld, because, lag, latencyMs, cost, use }: StepResult, phase: Phase): string {
  const verdict = isHeld ? paint('green', 'held  ') : paint('yellow', 'missed');
  const latency = latencyMs === null ? '-' : `p99 ${whole(latencyMs.p99)} ms`;
  const busy =
    use.workers.length === 0 ? '' : `, workers ${whole((sum(use.workers) * 100) / use.workers.length)} % busy`;
  const growth = `lag ${lag.growth >= 0 ? '+' : ''}${whole(lag.growth)} of ${whole(lag.allowed)} allowed`;
  return `${phase.padEnd(9)} ${whole(rate).padStart(11)}/s  ${verdict}  ${growth}, ${latency}, ${(cost.cpuNs / 1000).toFixed(2)} µs a frame${busy}${because === null || because === 'the lag grows' ? '' : ` (${because})`}`;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function stepJson({ rate, isHeld, because, lag, latencyMs, cost, use, committedPerSecond }: StepResult) {
  return {
    rate: Math.round(rate),
    isHeld,
    because,
    lag,
    latencyMs,
    cost,
    use,
    committedPerSecond,
  };
}

/** What the actors could not handle says that the load was not what they are made for. */
async function deadLetters({ job }: RunningLoad): Promise<Readonly<Record<string, number>>> {
  const letters: Record<string, number> = {};
  for (const { stages } of (await job.engine.status()).tasks)
    for (const stage of stages)
      if (stage.deadLetters > 0) letters[stage.actor] = (letters[stage.actor] ?? 0) + stage.deadLetters;
  return letters;
}

function resultJson({ held, missed, isCut }: Search<StepResult>, load: Load, { job }: RunningLoad, letters: object) {
  return {
    event: 'result',
    framesPerSecond: held === null ? null : Math.round(held.rate),
    missedAt: missed === null ? null : Math.round(missed.rate),
    isCut,
    latencyMs: held?.step.latencyMs ?? null,
    cpuNsPerFrame: held?.step.cost.cpuNs ?? null,
    limit: missed === null ? null : limitOf(missed.step.use, job.isOnKafka).limit,
    workers: job.workers,
    partitions: job.plan.partitions,
    log: job.isOnKafka ? 'kafka' : 'embedded',
    devices: load.devices,
    types: load.types.map(({ name }) => name),
    signed: load.signed,
    deadLetters: letters,
  };
}

function resultText(
  { held, missed, isCut }: Search<StepResult>,
  { job }: RunningLoad,
  letters: Readonly<Record<string, number>>,
): string[] {
  const lines = [''];
  const row = (name: string, says: string) => lines.push(`${paint('dim', name.padEnd(9))}${says}`);
  if (held !== null) {
    const { latencyMs, cost } = held.step;
    row('Held', paint('bold', `${whole(held.rate)} frames per second`));
    if (latencyMs !== null)
      row(
        'Latency',
        `p50 ${whole(latencyMs.p50)} ms, p99 ${whole(latencyMs.p99)} ms, from when a frame is due to its commit`,
      );
    row('CPU', `${(cost.cpuNs / 1000).toFixed(2)} µs a frame, all threads, without making the load`);
  }
  if (missed !== null) {
    row('Missed', `${whole(missed.rate)} frames per second: ${missed.step.because ?? 'the lag grows'}`);
    row('Limit', limitOf(missed.step.use, job.isOnKafka).says);
  }
  if (isCut) row('Time', 'it ended before the search did: more --minutes tell it more exactly');
  const all = sum(Object.values(letters));
  if (all > 0)
    row(
      'Letters',
      paint(
        'yellow',
        `${whole(all)} frames became dead letters (${Object.keys(letters).join(', ')}): the load is not what these actors expect`,
      ),
    );
  return lines;
}
