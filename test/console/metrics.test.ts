import t from 'tap';
import { metricsText } from '../../console/metrics.ts';
import { demoStatus } from './support/demo-ports.ts';

const source = {
  status: demoStatus(1_000, 500, 5),
  bridges: [{ name: 'mqtt', address: '', connections: 3, accepted: 500, refused: { RATE_LIMITED: 2 } }],
  reasons: new Map([['SIGNATURE_INVALID', 4]]),
  pages: 1,
};

t.test('the status becomes counters and gauges, summed over tasks where the label says so', async (t) => {
  const { text, type } = await metricsText(source);
  t.match(type, 'text/plain');
  for (const line of [
    'msec_records_in_total{actor="verify"} 1000',
    'msec_records_out_total{actor="decode",topic="device.readings"} 960',
    'msec_lag_records{task="verify-0",topic="device.frames",partition="0"} 5',
    'msec_dead_letters_total{actor="verify"} 40',
    'msec_dead_letters_by_reason_total{reason="SIGNATURE_INVALID"} 4',
    'msec_worker_restarts_total{worker="1"} 1',
    'msec_worker_event_loop_delay_seconds{worker="0"} 0.0012',
    'msec_bridge_refused_total{bridge="mqtt",reason="RATE_LIMITED"} 2',
    'msec_log_commit_queue 2',
    'msec_actor_events_total{actor="verify",event="duplicate"} 6',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
});

t.test('histograms are cumulative and end at +Inf with their count and sum', async (t) => {
  const { text } = await metricsText(source);
  const lines = text.split('\n').filter((line) => line.startsWith('msec_processing_seconds'));
  t.ok(text.includes('# TYPE msec_processing_seconds histogram'));
  t.ok(lines.includes('msec_processing_seconds_bucket{le="0.0005",worker="0"} 0'));
  t.ok(lines.includes('msec_processing_seconds_bucket{le="0.001",worker="0"} 1'));
  t.ok(lines.includes('msec_processing_seconds_bucket{le="+Inf",worker="0"} 1'));
  t.ok(lines.includes('msec_processing_seconds_count{worker="0"} 1'));
  t.match(
    lines.find((line) => line.includes('_sum{worker="0"}')),
    / 0\.0007$/,
  );
});

t.test('a scrape starts from nothing, so two give the same', async (t) => {
  const strip = (text: string) => text.replace(/^msec_process_(resident|heap|event_loop).*$/gm, '');
  t.equal(strip((await metricsText(source)).text), strip((await metricsText(source)).text));
});

t.test(
  'a task of another process says so, and nothing else: whoever sums over all processes finds it once',
  async (t) => {
    const [task, ...others] = source.status.tasks;
    const away = { ...task!, state: 'elsewhere', worker: null, inputs: [], stages: [] } as const;
    const { text } = await metricsText({ ...source, status: { ...source.status, tasks: [away, ...others] } });
    const lines = text.split('\n');
    t.ok(lines.includes('msec_task_elsewhere{task="verify-0"} 1'));
    t.ok(lines.includes('msec_task_elsewhere{task="verify-1"} 0'));
    t.ok(lines.includes('msec_task_running{task="verify-1"} 1'));
    t.notOk(lines.some((line) => line.startsWith('msec_task_running{task="verify-0"}')));
  },
);
