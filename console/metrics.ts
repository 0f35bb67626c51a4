/**
 * The Prometheus text of /metrics, made from the engine's status at the moment of the scrape: nothing is counted twice and
 * a scrape costs nothing between scrapes. Names never change their meaning; a retired one is not used again.
 */
import { Counter, Gauge, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import { type EngineStatus, type HistogramStatus, LoopDelay } from '../engine/index.ts';
import type { BridgeStatus } from './ports.ts';

export interface MetricsSource {
  readonly status: EngineStatus;
  readonly bridges: readonly BridgeStatus[];
  /** Dead letters by reason since the start of the process. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly pages: number;
}

/** From the first scrape on: who does not scrape has no timer for it. */
const mainDelay = new LoopDelay();

type Labels = Readonly<Record<string, string | number>>;

/** Throws nothing; resolves with the text and its content type. */
export async function metricsText(source: MetricsSource): Promise<{ text: string; type: string }> {
  const registry = new Registry();
  const family = (Kind: typeof Gauge | typeof Counter, name: string, help: string, labelNames: readonly string[]) => {
    const metric = new Kind({ name, help, labelNames: [...labelNames], registers: [registry] });
    return (labels: Labels, value: number) => metric.inc(labels, value);
  };
  const counter = (name: string, help: string, ...labels: string[]) => family(Counter, name, help, labels);
  const gauge = (name: string, help: string, ...labels: string[]) => family(Gauge, name, help, labels);

  addTasks(source.status, counter, gauge);
  addWorkers(source.status, counter, gauge, registry);
  addLog(source.status, counter, gauge);

  const letters = counter('msec_dead_letters_by_reason_total', 'Dead letters by the code of their reason.', 'reason');
  for (const [reason, count] of source.reasons) letters({ reason }, count);
  const accepted = counter('msec_bridge_accepted_total', 'Frames that a bridge has acknowledged as durable.', 'bridge');
  const refused = counter(
    'msec_bridge_refused_total',
    'Frames, requests and connections that a bridge has refused.',
    'bridge',
    'reason',
  );
  const connections = gauge('msec_bridge_connections', 'Open connections of a bridge.', 'bridge');
  for (const bridge of source.bridges) {
    accepted({ bridge: bridge.name }, bridge.accepted);
    connections({ bridge: bridge.name }, bridge.connections);
    for (const [reason, count] of Object.entries(bridge.refused)) refused({ bridge: bridge.name, reason }, count);
  }
  gauge('msec_console_pages', 'Pages that follow the console’s events.')({}, source.pages);
  const memory = process.memoryUsage();
  gauge('msec_process_resident_bytes', 'Resident memory of the process.')({}, memory.rss);
  gauge('msec_process_heap_bytes', 'Used heap of the main thread.')({}, memory.heapUsed);
  gauge('msec_process_event_loop_delay_seconds', 'p99 of the main thread’s event loop delay since the last scrape.')(
    {},
    mainDelay.takeP99Ms() / 1_000,
  );
  gauge('msec_process_start_seconds', 'Unix time at which the engine started.')({}, source.status.startedAt / 1_000);
  return { text: await registry.metrics(), type: registry.contentType };
}

type Family = (name: string, help: string, ...labels: string[]) => (labels: Labels, value: number) => void;

function addTasks({ tasks }: EngineStatus, counter: Family, gauge: Family): void {
  const recordsIn = counter('msec_records_in_total', 'Records that an actor has handled.', 'actor');
  const recordsOut = counter('msec_records_out_total', 'Records that an actor has sent on.', 'actor', 'topic');
  const letters = counter('msec_dead_letters_total', 'Records that an actor has sent to the dead letters.', 'actor');
  const counts = counter('msec_actor_events_total', 'What an actor counts itself.', 'actor', 'event');
  const lag = gauge(
    'msec_lag_records',
    'Records of a partition that a task has not committed yet.',
    'task',
    'topic',
    'partition',
  );
  const running = gauge('msec_task_running', '1 while the task runs.', 'task');
  const transactions = counter('msec_transactions_total', 'Committed transactions of a task.', 'task');
  const stateBytes = gauge('msec_state_bytes', 'Size of a task’s state.', 'task');
  const watermark = gauge('msec_watermark_seconds', 'Event time that a task has reached, Unix time.', 'task');
  const elsewhere = gauge('msec_task_elsewhere', '1 while the task is another process’s.', 'task');
  for (const task of tasks) {
    elsewhere({ task: task.task }, task.state === 'elsewhere' ? 1 : 0);
    // Whoever sums over all processes must find each task once.
    if (task.state === 'elsewhere') continue;
    running({ task: task.task }, task.state === 'running' ? 1 : 0);
    transactions({ task: task.task }, task.transactions);
    stateBytes({ task: task.task }, task.stateBytes);
    if (task.watermark !== null && Number.isFinite(task.watermark))
      watermark({ task: task.task }, task.watermark / 1_000);
    for (const { topic, committed, end } of task.inputs) {
      lag({ task: task.task, topic, partition: task.partition }, Math.max(0, end - committed));
    }
    for (const stage of task.stages) {
      recordsIn({ actor: stage.actor }, stage.recordsIn);
      letters({ actor: stage.actor }, stage.deadLetters);
      for (const [topic, count] of Object.entries(stage.recordsOut)) recordsOut({ actor: stage.actor, topic }, count);
      for (const [event, count] of Object.entries(stage.counts)) counts({ actor: stage.actor, event }, count);
    }
  }
}

function addWorkers({ workers }: EngineStatus, counter: Family, gauge: Family, registry: Registry): void {
  const restarts = counter('msec_worker_restarts_total', 'Fresh threads that had to replace a worker.', 'worker');
  const heap = gauge('msec_worker_heap_bytes', 'Used heap of a worker.', 'worker');
  const heapMax = gauge('msec_worker_heap_bytes_max', 'Heap that a worker may use.', 'worker');
  const delay = gauge(
    'msec_worker_event_loop_delay_seconds',
    'p99 of the event loop’s delay over the last second.',
    'worker',
  );
  const commits = gauge(
    'msec_worker_commits_in_flight',
    'Transactions of a worker on their way to the disk.',
    'worker',
  );
  for (const { worker, ...status } of workers) {
    restarts({ worker }, status.restarts);
    heap({ worker }, status.heapBytes);
    heapMax({ worker }, status.heapBytesMax);
    delay({ worker }, status.eventLoopDelayMs / 1_000);
    commits({ worker }, status.commitsInFlight);
  }
  const batches = workers.map((status) => ({ labels: { worker: status.worker }, histogram: status.batchRecords }));
  const processing = workers.map((status) => ({ labels: { worker: status.worker }, histogram: status.processingMs }));
  registry.registerMetric(new StatusHistogram('msec_batch_records', 'Records of a transaction.', batches, 1));
  registry.registerMetric(
    new StatusHistogram('msec_processing_seconds', 'Time of handling a fetched batch.', processing, 1 / 1_000),
  );
}

function addLog({ log, topics }: EngineStatus, counter: Family, gauge: Family): void {
  counter('msec_log_commits_total', 'Commits to disk; one may hold many transactions.')({}, log.commits);
  gauge('msec_log_commit_queue', 'Transactions that wait for the next commit.')({}, log.commitQueue);
  gauge('msec_log_used_bytes', 'Disk space that the log uses.')({}, log.usedBytes);
  if (log.quotaBytes !== null) gauge('msec_log_quota_bytes', 'Disk space that the log may use.')({}, log.quotaBytes);
  const start = gauge('msec_topic_start_offset', 'First offset that can be read.', 'topic', 'partition');
  const end = gauge('msec_topic_end_offset', 'Next offset to be written.', 'topic', 'partition');
  const bytes = gauge('msec_topic_bytes', 'Size of a topic.', 'topic');
  for (const topic of topics) {
    bytes({ topic: topic.topic }, topic.bytes);
    for (const [partition, offset] of topic.start.entries()) start({ topic: topic.topic, partition }, offset);
    for (const [partition, offset] of topic.end.entries()) end({ topic: topic.topic, partition }, offset);
  }
}

/** A histogram whose buckets are already counted; prom-client's own would have to observe every value again. */
class StatusHistogram extends Gauge {
  readonly #object: MetricObjectWithValues<MetricValue<string>>;

  constructor(
    name: string,
    help: string,
    parts: readonly { labels: Labels; histogram: HistogramStatus }[],
    unit: number,
  ) {
    super({ name, help, registers: [] });
    const values = parts.flatMap(({ labels, histogram }) => [
      ...histogram.cumulative.map((value, i) => ({
        value,
        labels: { le: i < histogram.bounds.length ? round(histogram.bounds[i]! * unit) : '+Inf', ...labels },
        metricName: `${name}_bucket`,
      })),
      { value: histogram.sum * unit, labels, metricName: `${name}_sum` },
      { value: histogram.cumulative.at(-1) ?? 0, labels, metricName: `${name}_count` },
    ]);
    this.#object = { name, help, type: 'histogram', aggregator: 'sum', values } as never;
  }

  override get(): Promise<never> {
    return Promise.resolve(this.#object as never);
  }
}

const round = (value: number) => Number(value.toPrecision(12));
