/**
 * Reads what was committed, as it comes, and tells for each step how long its frames took. Steps come on its input; it
 * ends when that does.
 */
import { createInterface } from 'node:readline';
import { BatchCursor, openKafkaLog } from '../../../engine/index.ts';
import { Expected, StepCheck } from './step-check.ts';
import { monotonicMs, type PacedStep, type ReaderProgress, type ReaderTask, type StoppedAt } from './steps.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const WAIT_MS = 50;

const task = JSON.parse(process.argv[2]!) as ReaderTask;
const log = await openKafkaLog({ bootstrap: [task.bootstrap] });
const reader = log.openReader();
const positions = await Promise.all(
  Array.from({ length: task.partitions }, async (_, partition) => {
    const { end: offset } = await reader.bounds(task.topic, partition);
    return { topic: task.topic, partition, offset };
  }),
);
const cursor = new BatchCursor();
const times = new Uint32Array(task.devices).fill(task.timesBefore);
const newest = positions.map(() => -1);
const state: { check: StepCheck | null; isEnded: boolean } = { check: null, isEnded: false };

let made: { readonly pace: string; readonly expected: Expected } | null = null;

function expectedOf({ framesPerSecond, tickMs }: PacedStep): Expected {
  const pace = `${framesPerSecond} ${tickMs}`;
  if (made?.pace !== pace) made = { pace, expected: new Expected(task, { framesPerSecond, tickMs }) };
  return made.expected;
}

function walk(bytes: Uint8Array, start: number, end: number, offset: number, partition: number): number {
  const nowMs = monotonicMs();
  cursor.reset(bytes, start, end);
  cursor.seek(offset);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (cursor.next()) {
    if (state.check === null) throw new Error('a frame came out that nobody sent');
    state.check.take(view, cursor.valueStart, cursor.valueEnd, nowMs);
    newest[partition] = view.getUint32(cursor.valueStart);
  }
  return cursor.offsetNext;
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line) as PacedStep | StoppedAt;
    if (order.kind === 'step') state.check = new StepCheck(order, expectedOf(order), times);
    else if (state.check !== null) state.check.frames = order.frames;
  })
  .on('close', () => {
    state.isEnded = true;
  });
if (task.progressMs > 0)
  setInterval(() => {
    const progress: ReaderProgress = {
      kind: 'progress',
      atMs: monotonicMs(),
      frames: state.check?.count ?? 0,
      newest,
    };
    console.log(JSON.stringify(progress));
  }, task.progressMs).unref();
console.log(JSON.stringify({ kind: 'ready' }));
while (!state.isEnded) {
  await reader.wait(positions, WAIT_MS);
  for (const position of positions) {
    const { topic, partition, offset } = position;
    const { bytes, start, end } = await reader.fetch(topic, partition, offset, FETCH_BYTES);
    if (end > start) position.offset = walk(bytes, start, end, offset, partition);
  }
  if (state.check?.isOver !== true) continue;
  console.log(JSON.stringify(state.check.report()));
  state.check = null;
}
await reader.close();
await log.close();
