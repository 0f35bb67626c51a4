/**
 * Makes interactions of what devices measured: for each window and measure how far it lay within its physical limits and was
 * confirmed by the neighbours. A window of a cell is judged once, when event time has passed its end by one window more:
 * its observations come from other partitions, and what is later still is counted and left out. Whoever is judged again,
 * because a window was replayed elsewhere, is judged under the same id.
 */
import type { ActorContext, ActorRecord, ActorTask, ValuesDeclaration } from '../../engine/index.ts';
import { jsonCodec, values } from '../../engine/index.ts';
import type { TrustInteraction } from '../../schemas/index.ts';
import type { JudgeTopics, Observation, ReputationTopics } from '../../schemas/topics/index.ts';
import { type Confirmation, confirmAll, GOOD_TO, type Seen } from './neighbours.ts';

export interface JudgeOptions {
  readonly radius: number;
  /** By measure: what it may differ by within the radius. A measure that is not here is one of the device, not of its place. */
  readonly tolerances: Readonly<Record<string, number>>;
}

type Inputs = Pick<JudgeTopics, 'observations'>;
type Outputs = Pick<ReputationTopics, 'interactions'>;

interface Cell {
  /** By start; those that are not judged yet. */
  readonly windows: readonly { readonly start: number; readonly end: number; readonly seen: readonly Observation[] }[];
  /** Everything before it is judged. */
  readonly judgedTo: number;
  /** By device: how far it was confirmed, faded: sum and weight. */
  readonly credits: Readonly<Record<string, readonly [number, number]>>;
  /** By measure and device: which way it deviated in the window that was judged last. */
  readonly ways: Readonly<Record<string, number>>;
}

export const judgeState: { readonly cells: ValuesDeclaration<Cell> } = { cells: values(jsonCodec<Cell>()) };

export type JudgeContext = ActorContext<Inputs, Outputs, typeof judgeState>;

/** Who judges, in interactions. */
export const JUDGE = 'msec';
/** Devices of one cell and window, witnesses among them; more would have to be spread over smaller cells. */
export const CELL_DEVICES_MAX = 256;
/** Windows of one cell that wait: two come at once, and more where a partition lags. */
const CELL_WINDOWS_MAX = 8;
/** What was known of a device fades by so much with each window. */
const CREDIT_KEPT = 0.9;
/** A device of which nothing is known is believed, as if so many windows had been confirmed: one slip costs nobody his word. */
const CREDIT_BEFORE = 2;

const NEW_CELL: Cell = { windows: [], judgedTo: 0, credits: {}, ways: {} };
const NONE: ReadonlyMap<string, Confirmation> = new Map();
const encoder = new TextEncoder();

export class JudgeTask implements ActorTask<Inputs> {
  readonly #context: JudgeContext;
  readonly #options: JudgeOptions;
  readonly watermarkDue: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);

  constructor(context: JudgeContext, options: JudgeOptions) {
    this.#context = context;
    this.#options = options;
    this.onRollback();
  }

  process({ keyId, value }: ActorRecord<Observation>): void {
    const { cells } = this.#context.state;
    const cell = cells.get(keyId) ?? NEW_CELL;
    if (value.windowEnd <= cell.judgedTo) {
      this.#context.count('lateObservations');
      return;
    }
    const known = cell.windows.find(({ start }) => start === value.windowStart);
    const window = known ?? { start: value.windowStart, end: value.windowEnd, seen: [] };
    const seen = window.seen.filter(({ device }) => device !== value.device);
    if (seen.length >= CELL_DEVICES_MAX || (known === undefined && cell.windows.length >= CELL_WINDOWS_MAX)) {
      this.#context.count('droppedObservations');
      return;
    }
    const windows = [
      ...cell.windows.filter(({ start }) => start !== window.start),
      { ...window, seen: [...seen, value] },
    ];
    cells.set(keyId, { ...cell, windows });
    this.#due(dueAt(window));
  }

  onWatermark(watermark: number): void {
    this.watermarkDue[0] = Number.POSITIVE_INFINITY;
    for (const { keyId, value } of [...this.#context.state.cells.entries()]) {
      const due = value.windows.filter((window) => dueAt(window) <= watermark).sort((a, b) => a.start - b.start);
      if (due.length > 0) this.#judge(keyId, value, due);
      for (const window of value.windows) if (!due.includes(window)) this.#due(dueAt(window));
    }
  }

  onRollback(): void {
    this.watermarkDue[0] = Number.POSITIVE_INFINITY;
    for (const { value } of this.#context.state.cells.entries())
      for (const window of value.windows) this.#due(dueAt(window));
  }

  #due(at: number): void {
    this.watermarkDue[0] = Math.min(this.watermarkDue[0]!, at);
  }

  #judge(keyId: number, cell: Cell, due: Cell['windows']): void {
    let { credits, ways, judgedTo } = cell;
    for (const { end, seen } of due) {
      const found = this.#judgeWindow(seen, credits, ways, end);
      credits = found.credits;
      ways = found.ways;
      judgedTo = Math.max(judgedTo, end);
    }
    const windows = cell.windows.filter((window) => !due.includes(window));
    // Nothing is left of a cell whose devices have gone.
    if (windows.length === 0 && Object.keys(credits).length === 0) this.#context.state.cells.delete(keyId);
    else this.#context.state.cells.set(keyId, { windows, judgedTo, credits, ways });
  }

  #judgeWindow(observations: readonly Observation[], credits: Cell['credits'], ways: Cell['ways'], end: number) {
    const next: Record<string, readonly [number, number]> = {};
    for (const [device, [sum, weight]] of Object.entries(credits))
      if (weight > 0.01) next[device] = [sum * CREDIT_KEPT, weight * CREDIT_KEPT];
    const nextWays: Record<string, number> = {};
    // In the order of names: what is judged does not depend on which partition was faster.
    const seen = observations.toSorted((a, b) => (a.device < b.device ? -1 : 1));
    const kinds = new Set(seen.flatMap(({ type, measures }) => measures.map(({ name }) => `${type} ${name}`)));
    for (const kind of [...kinds].sort()) {
      const [type, name] = kind.split(' ') as [string, string];
      const values = seenOf(seen, type, name, credits);
      const before = new Map(values.map(({ device }) => [device, ways[`${name} ${device}`] ?? 0]));
      const tolerance = this.#options.tolerances[name];
      const { radius } = this.#options;
      const confirmations = tolerance === undefined ? NONE : confirmAll(values, before, { radius, tolerance });
      for (const observation of seen) {
        const measure = observation.measures.find((one) => one.name === name);
        if (measure === undefined || observation.type !== type) continue;
        const confirmed = confirmations.get(observation.device) ?? null;
        if (confirmed !== null && Math.abs(confirmed.deviation) > GOOD_TO)
          nextWays[`${name} ${observation.device}`] = Math.sign(confirmed.deviation);
        if (confirmed !== null && confirmed.satisfaction !== null) {
          const [sum, weight] = next[observation.device] ?? [0, 0];
          next[observation.device] = [sum + confirmed.satisfaction, weight + 1];
        }
        if (!observation.isWitness) this.#tell(observation, measure, confirmed, end);
      }
    }
    return { credits: next, ways: nextWays };
  }

  #tell(
    { device, windowStart, count }: Observation,
    { name, unit, count: within, mean }: Observation['measures'][number],
    confirmed: Confirmation | null,
    end: number,
  ): void {
    if (confirmed?.isEvent === true) {
      this.#context.count('events');
      return;
    }
    const inLimits = count === 0 ? 1 : within / count;
    const isConfirmed = confirmed !== null && confirmed.satisfaction !== null;
    const satisfaction = Math.min(inLimits, isConfirmed ? confirmed.satisfaction! : 1);
    const interaction: TrustInteraction = {
      id: `${windowStart}`,
      trustor: JUDGE,
      service: name,
      satisfaction,
      weight: 1,
      time: end - 1,
      responseMs: null,
      availability: null,
      quality: inLimits,
      reason: reasonOf(count, within, mean, unit, confirmed),
    };
    this.#context.out.interactions.emitKeyed(encoder.encode(device), interaction, end - 1);
  }
}

/** When the next window's observations come, whose time is their window's last millisecond. */
const dueAt = ({ start, end }: { readonly start: number; readonly end: number }): number => end + (end - start) - 1;

/** Devices of one type: another one measures the same otherwise, such as the temperature of its own casing. */
function seenOf(seen: readonly Observation[], type: string, name: string, credits: Cell['credits']): Seen[] {
  return seen.flatMap(({ device, type: own, place, measures }) => {
    if (own !== type) return [];
    const value = measures.find((measure) => measure.name === name)?.mean ?? null;
    const [sum, weight] = credits[device] ?? [0, 0];
    const credit = (CREDIT_BEFORE + sum) / (CREDIT_BEFORE + weight);
    return place === null || value === null ? [] : [{ device, place, value, credit }];
  });
}

function reasonOf(
  count: number,
  within: number,
  mean: number | null,
  unit: string,
  confirmed: Confirmation | null,
): string {
  const outside = count - within;
  const limits =
    outside === 0
      ? ''
      : `${outside} of ${count} values outside of what is physically possible${mean === null ? '' : '; '}`;
  if (mean === null) return limits;
  const value = `${mean.toFixed(1)} ${unit}`;
  if (confirmed === null || confirmed.satisfaction === null) return `${limits}${value}, not compared with neighbours`;
  const { neighbours, median } = confirmed;
  const verdict = confirmed.satisfaction === 1 ? 'as' : 'but';
  return `${limits}${value}, ${verdict} ${neighbours} neighbours have ${median.toFixed(1)} ${unit}`;
}
