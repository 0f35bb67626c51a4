/**
 * Round by round each side runs once, so that a slow minute of the machine hits all of them; before the first round those
 * that are judged run once without being counted: a broker that has just begun serves whoever comes early at half its
 * rate.
 */
import type { CommittedRun } from './committed-run.ts';

export interface Contender<R extends CommittedRun> {
  readonly name: string;
  /** Where it is not as many as all have. */
  readonly rounds?: number;
  /** Names of topics and of the group begin with `application`. */
  run(application: string): Promise<R>;
}

export interface Rounds {
  readonly rounds: number;
  /** So many of the contenders run once before the first round. */
  readonly warmedUp: number;
  readonly progress: (text: string) => void;
  readonly afterRound?: (round: number) => Promise<void>;
}

/** The runs of each contender, by its name. */
export type Runs<R extends CommittedRun> = ReadonlyMap<string, readonly R[]>;

export async function interleaved<R extends CommittedRun>(
  contenders: readonly Contender<R>[],
  { rounds, warmedUp, progress, afterRound }: Rounds,
): Promise<Runs<R>> {
  const runs = new Map(contenders.map(({ name }) => [name, [] as R[]]));
  for (const contender of contenders.slice(0, warmedUp)) {
    progress(`warming up: ${contender.name}`);
    await contender.run(fresh(`warming-${labelOf(contender.name)}`));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders.filter((one) => (one.rounds ?? rounds) >= round)) {
      const { name } = contender;
      const run = await contender.run(fresh(`${labelOf(name)}-${round}`));
      runs.get(name)!.push(run);
      progress(`run ${round}: ${name} ${Math.round(run.recordsPerSecond)} frames/s`);
    }
    await afterRound?.(round);
  }
  return runs;
}

/** Of this process. Kafka Streams leaves its group without a word: the next by that name would wait until it is missed. */
const taken = new Set<string>();

function fresh(name: string): string {
  let unique = name;
  for (let time = 2; taken.has(unique); time++) unique = `again-${time}-${name}`;
  taken.add(unique);
  return unique;
}

/** As it may stand in a topic's name. */
function labelOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

export function rates(runs: readonly CommittedRun[]): number[] {
  return runs.map(({ recordsPerSecond }) => recordsPerSecond);
}

/** A sentence of the notes. */
export function costNote(runs: Runs<CommittedRun>): string {
  const each = [...runs].map(([name, own]) => `${name} ${Math.round(middle(own.map((run) => run.cpuNsPerRecord)))} ns`);
  return `processor time a frame, all threads of the process: ${each.join(', ')}`;
}

/** A sentence of the notes: who pays how much for threads that do not end together. */
export function endNote(runs: Runs<CommittedRun>): string {
  const each = [...runs].flatMap(([name, own]) => {
    const seen = own.map((run) => run.untilNineTenths).filter(Number.isFinite);
    return seen.length === 0 ? [] : [`${name} ${middle(seen).toFixed(2)}`];
  });
  return `all rates are to the end; the rate until nine tenths were done, to that: ${each.join(', ')}`;
}

export function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
