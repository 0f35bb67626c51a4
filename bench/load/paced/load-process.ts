/**
 * An open loop: sends frames when they are due, whatever became of those before, and says how late it was. One request
 * for all partitions a stretch, acks=all, several under way. Steps come on its input; it ends when that does.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../engine/index.ts';
import { Cluster, NO_ERROR } from '../../../engine/log/kafka/client/index.ts';
import { produce } from '../../../engine/log/kafka/protocol/index.ts';
import { LatencyHistogram } from '../latency-histogram.ts';
import { PacedFrames } from './paced-frames.ts';
import { dueMs, type LoadReport, type LoadTask, monotonicMs, type PacedStep, type Stop } from './steps.ts';

const IN_FLIGHT_MAX = 64;
const TIMEOUT_MS = 30_000;
/** The last that names topics by name. */
const PRODUCE_VERSION = 12;

const task = JSON.parse(process.argv[2]!) as LoadTask;
const cluster = new Cluster({
  bootstrap: [task.bootstrap],
  clientId: 'bench-load',
  clock: systemClock,
  requestTimeoutMs: TIMEOUT_MS,
  retryMsMax: TIMEOUT_MS,
});
const connection = await cluster.connection(await cluster.leader(task.topic, 0));
const state = { isStopped: false };
let made: { readonly pace: string; readonly paced: PacedFrames } | null = null;

function pacedFrames(framesPerSecond: number, tickMs: number): PacedFrames {
  const pace = `${framesPerSecond} ${tickMs}`;
  if (made?.pace !== pace) made = { pace, paced: new PacedFrames(task, { framesPerSecond, tickMs }) };
  return made.paced;
}

async function run(step: PacedStep): Promise<LoadReport> {
  const { framesPerSecond, tickMs, first, frames, startMs, warmUpFrames } = step;
  const paced = pacedFrames(framesPerSecond, tickMs);
  const perTick = (framesPerSecond * tickMs) / 1000;
  const [sent, answered] = [new LatencyHistogram(), new LatencyHistogram()];
  const underWay = new Set<Promise<void>>();
  const send = async (n: number) => {
    const batches = paced.tick(n, first, Date.now());
    const partitionData = batches.map(({ partition: index, bytes: records }) => ({ index, records }));
    const topicData = [{ name: task.topic, partitionData }];
    const request = { transactionalId: null, acks: -1, timeoutMs: TIMEOUT_MS, topicData };
    const sentAt = monotonicMs();
    const isCounted = n * perTick >= warmUpFrames;
    if (isCounted) sent.record(sentAt - dueMs(step, first + (n + 1) * perTick));
    const { responses } = await connection.request(produce, request, { versionMax: PRODUCE_VERSION });
    for (const { partitionResponses } of responses)
      for (const { errorCode } of partitionResponses)
        if (errorCode !== NO_ERROR) throw new Error(`Produce: error ${errorCode}`);
    if (isCounted) answered.record(monotonicMs() - sentAt);
  };
  let n = 0;
  while (n < frames / perTick && !state.isStopped) {
    const due = Math.floor((monotonicMs() - startMs) / tickMs);
    for (; n < Math.min(due, frames / perTick); n++) {
      // What waits here still counts from when it was due.
      while (underWay.size >= IN_FLIGHT_MAX) await Promise.race(underWay);
      const sending: Promise<void> = send(n).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
    await pause(Math.max(1, Math.floor(startMs + (n + 1) * tickMs - monotonicMs())));
  }
  await Promise.all(underWay);
  return { kind: 'load', frames: n * perTick, sent: sent.ladder(), answered: answered.ladder() };
}

console.log(JSON.stringify({ kind: 'ready' }));
for await (const steps of stepsOf(createInterface({ input: process.stdin })))
  console.log(JSON.stringify(await run(steps)));
cluster.close();

/** What stops a step comes while it runs. */
async function* stepsOf(lines: ReturnType<typeof createInterface>): AsyncGenerator<PacedStep> {
  const queue: PacedStep[] = [];
  let wake = () => {};
  let isEnded = false;
  lines.on('line', (line) => {
    const order = JSON.parse(line) as PacedStep | Stop;
    if (order.kind === 'stop') state.isStopped = true;
    else queue.push(order);
    wake();
  });
  lines.on('close', () => {
    isEnded = true;
    wake();
  });
  while (!isEnded || queue.length > 0) {
    const step = queue.shift();
    if (step === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    state.isStopped = false;
    yield step;
  }
}
