import t from 'tap';
import { flowOf, type Sample } from '../../console/flow.ts';
import { demoStatus, TOPOLOGY } from './support/demo-ports.ts';

const bridge = (accepted: number) => [{ name: 'mqtt', address: '', connections: 1, accepted, refused: {} }];
const sample = (at: number, frames: number, lag = 0): Sample => ({
  at,
  status: demoStatus(0, frames, lag),
  bridges: bridge(frames),
});

t.test('rates are differences over time, from the log’s offsets where there are some', async (t) => {
  const flow = flowOf(TOPOLOGY, sample(1_000, 1_000), sample(3_000, 1_400, 6));
  t.equal(flow.edges['bridge:mqtt>topic:device.frames']?.perSecond, 200);
  t.same(
    flow.edges['topic:device.frames>actor:verify'],
    { perSecond: (2 * (400 - 6)) / 2, lag: 12 },
    'both partitions',
  );
  t.same(flow.edges['actor:verify>topic:device.verified'], { perSecond: 400, lag: null });
  t.same(
    flow.edges['topic:device.readings>actor:aggregate'],
    { perSecond: 400, lag: null },
    'fused: what the producer sends',
  );
  t.same(flow.edges['topic:device.sightings>actor:aggregate'], { perSecond: 0, lag: null });
  t.same(flow.edges['actor:verify>topic:device.frames.dlq'], { perSecond: 0, lag: null });
  t.equal(flow.lag, 12);
  t.match(flow.topics['device.readings'], { perSecond: 400, records: 2_800 });
  t.match(flow.actors.verify, { perSecond: 400, tasks: 2, running: 2, deadLetters: 40 });
});

t.test('the first status, and a counter that began anew, show no rate', async (t) => {
  t.equal(flowOf(TOPOLOGY, null, sample(1_000, 500)).edges['bridge:mqtt>topic:device.frames']?.perSecond, 0);
  t.equal(
    flowOf(TOPOLOGY, sample(1_000, 500), sample(2_000, 20)).edges['bridge:mqtt>topic:device.frames']?.perSecond,
    0,
  );
  t.equal(
    flowOf(TOPOLOGY, sample(1_000, 500), sample(1_000, 600)).edges['bridge:mqtt>topic:device.frames']?.perSecond,
    0,
  );
});
