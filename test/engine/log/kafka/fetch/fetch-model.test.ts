/**
 * Readers of one fetcher over model brokers, while batches are appended, transactions decided, leaders moved, sessions
 * lost and connections cut, as a seed says: what each reader sees is compared with what the writer knows.
 */
import t from 'tap';
import { MsecError } from '../../../../../engine/base/index.ts';
import { BatchCursor, type Compression } from '../../../../../engine/batch/index.ts';
import { KAFKA_ERROR, NO_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { FetchReader } from '../../../../../engine/log/kafka/fetch/fetch-reader.ts';
import { Fetcher } from '../../../../../engine/log/kafka/fetch/fetcher.ts';
import type { LogReader } from '../../../../../engine/log/port.ts';
import { testSeed } from '../../../../support/test-seed.ts';
import { AutoClock } from './auto-clock.ts';
import { ModelCluster } from './model-cluster.ts';
import type { ModelPartition, Seen } from './model-log.ts';

const SEED = process.env.FETCH_SEED;
const FIRST_SEED = Number(SEED ?? testSeed());
/** As many whatever the machine's speed, so that a run repeats another; `FETCH_SEEDS` for a soak. */
const SEEDS = SEED === undefined ? Number(process.env.FETCH_SEEDS ?? 32) : 1;

t.test('readers see what was committed, each record once and in order, whatever happens', async (t) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const problems = await run(seed);
    t.same(problems, [], `again with FETCH_SEED=${seed}`);
    if (problems.length > 0) break;
  }
});

/** mulberry32 */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

async function run(seed: number): Promise<string[]> {
  const draw = randomFrom(seed);
  const clock = new AutoClock();
  const cluster = new ModelCluster(clock);
  cluster.version = [17, 12, 13][draw(3)]!;
  cluster.namesLeaders = draw(2) === 0;
  if (draw(5) === 0) cluster.sessionsMax = 0;
  const partitions = cluster.topic('input', 1 + draw(3));
  for (const partition of partitions) partition.moveTo(draw(3));
  for (let i = draw(20); i > 0; i--) write(partitions[draw(partitions.length)]!, draw);
  cluster.refresh();
  let isQuiet = false;
  cluster.fault = () => {
    if (isQuiet || draw(25) > 0) return NO_ERROR;
    const what = draw(4);
    if (what === 0) throw new MsecError('DEPENDENCY_DOWN', 'the connection was lost');
    if (what === 1) cluster.sessions.clear();
    if (what === 2) return KAFKA_ERROR.INVALID_FETCH_SESSION_EPOCH;
    if (what === 3) return KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND;
    return NO_ERROR;
  };
  cluster.partitionFault = () => {
    const errors = [
      KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      KAFKA_ERROR.KAFKA_STORAGE_ERROR,
      KAFKA_ERROR.OFFSET_NOT_AVAILABLE,
    ];
    return isQuiet || draw(60) > 0 ? NO_ERROR : errors[draw(3)]!;
  };
  const fetcher = new Fetcher(cluster, { clock, buffers: cluster.buffers });
  const problems: string[] = [];
  const followers = partitions.map((partition, i) => {
    const reader = new FetchReader(fetcher);
    return follow(reader, partition, i, draw, problems, () => isQuiet, draw(2) === 0);
  });
  const jumper = jump(new FetchReader(fetcher), partitions, draw, problems, () => isQuiet);
  for (let i = 20 + draw(60); i > 0; i--) {
    await new Promise<void>((resolve) => void clock.after(draw(2) === 0 ? draw(10) : draw(600), resolve));
    const partition = partitions[draw(partitions.length)]!;
    if (draw(12) === 0) {
      partition.moveTo(draw(3));
      if (draw(2) === 0) cluster.refresh();
    } else write(partition, draw);
  }
  for (const partition of partitions) partition.decideAll(() => draw(2) === 0);
  isQuiet = true;
  cluster.refresh();
  await Promise.all([...followers, jumper]);
  fetcher.close();
  // What was under way is still answered.
  await new Promise<void>((resolve) => void clock.after(1000, resolve));
  if (cluster.buffers.bytesHeld !== 0) problems.push(`${cluster.buffers.bytesHeld} bytes are held after the end`);
  return problems;
}

function write(partition: ModelPartition, draw: (below: number) => number): void {
  const compression: Compression = (['none', 'none', 'lz4', 'zstd'] as const)[draw(4)]!;
  const values = Array.from({ length: 1 + draw(8) }, () => `${draw(1e9)}`.repeat(1 + draw(draw(10) === 0 ? 400 : 10)));
  const producer = 1 + draw(3);
  const what = draw(10);
  if (what < 4) partition.append(values, compression);
  else if (what < 7) partition.appendIn(producer, values, compression);
  else if (what < 9) partition.decide(producer, draw(2) === 0);
  else partition.skip(draw(4));
}

/** From the start to the end, as a task does. */
async function follow(
  reader: LogReader,
  partition: ModelPartition,
  number: number,
  draw: (below: number) => number,
  problems: string[],
  isQuiet: () => boolean,
  wholeBatches: boolean,
): Promise<void> {
  const cursor = new BatchCursor();
  let position = 0;
  let checked = 0;
  for (;;) {
    const isLast = isQuiet() && position >= partition.end;
    const { bytes, start, end, bounds } = await reader.fetch('input', number, position, 1 + draw(3000));
    if (bounds.end > partition.stableEnd) problems.push(`end ${bounds.end} of ${number} is not stable yet`);
    const before = position;
    position = walk(cursor, { bytes, start, end }, position, wholeBatches ? 1e9 : draw(12), (seen) => {
      const [expected] = partition.visible(checked);
      if (expected === undefined || expected.offset !== seen.offset || expected.value !== seen.value) {
        problems.push(`partition ${number}: ${seen.offset} was read where ${expected?.offset} is next`);
      }
      checked = seen.offset + 1;
    });
    if (isLast) break;
    if (end === start && position === before) {
      await reader.wait([{ topic: 'input', partition: number, offset: position }], draw(1000));
    }
    if (problems.length > 0) break;
  }
  if (problems.length === 0 && partition.visible(checked).length > 0)
    problems.push(`partition ${number}: not all was read`);
  await reader.close();
}

/** Here and there, with other readers at the same partitions. */
async function jump(
  reader: LogReader,
  partitions: readonly ModelPartition[],
  draw: (below: number) => number,
  problems: string[],
  isQuiet: () => boolean,
): Promise<void> {
  const cursor = new BatchCursor();
  while (!isQuiet()) {
    const number = draw(partitions.length);
    const partition = partitions[number]!;
    let position = draw(partition.stableEnd + 1);
    for (let i = 1 + draw(4); i > 0; i--) {
      const stableEnd = partition.stableEnd;
      const expected = partition.visible(position);
      const fetched = await reader.fetch('input', number, position, 1 + draw(2000));
      const found: Seen[] = [];
      const next = walk(cursor, fetched, position, 1e9, (seen) => found.push(seen));
      const wanted = expected.filter(({ offset }) => offset < next);
      const known = found.filter(({ offset }) => offset < stableEnd);
      if (JSON.stringify(known) !== JSON.stringify(wanted.slice(0, known.length))) {
        problems.push(`partition ${number} at ${position}: other records than were written`);
      }
      if (fetched.end === fetched.start && position < stableEnd && fetched.bounds.end > position) {
        problems.push(`partition ${number} at ${position}: nothing, though the end is ${fetched.bounds.end}`);
      }
      position = next;
    }
    if (draw(3) === 0) await reader.wait([{ topic: 'input', partition: number, offset: position }], draw(300));
  }
  await reader.close();
}

function walk(
  cursor: BatchCursor,
  { bytes, start, end }: { bytes: Uint8Array; start: number; end: number },
  position: number,
  recordsMax: number,
  see: (seen: Seen) => void,
): number {
  cursor.reset(bytes, start, end);
  cursor.seek(position);
  for (let i = 0; cursor.next(); i++) {
    if (i >= recordsMax) return cursor.offset;
    see({
      offset: cursor.offset,
      value: Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)).toString(),
    });
  }
  return Math.max(position, cursor.offsetNext);
}
