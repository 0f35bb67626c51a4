import t from 'tap';
import { type Outside, pictureOf, withoutInternal } from '../../console/plan-picture.ts';
import { defineActor, jsonCodec, planTopology, topic } from '../../engine/index.ts';

const words = topic('words', jsonCodec<string>(), { external: true });
const counts = topic('counts', jsonCodec<number>(), { access: 'public' });
const sums = topic('sums', jsonCodec<number>());
const plan = planTopology({
  name: 'app',
  partitions: 2,
  actors: [
    defineActor({ name: 'count', inputs: { words }, outputs: { counts }, process: () => undefined }),
    defineActor({ name: 'sum', inputs: { counts }, outputs: { sums }, process: () => undefined }),
  ],
});
const OUTSIDE: Outside = {
  bridges: [{ name: 'in', label: 'IN', topic: 'words' }],
  readers: [{ name: 'out', label: 'Out', topics: ['sums'], group: 'g' }],
  late: [],
  control: [],
};

t.test('bridges, topics, actors, letters and readers are one graph', async (t) => {
  const { nodes, edges } = withoutInternal(pictureOf(plan, OUTSIDE));
  const lines = edges.map(({ from, to }) => `${from} > ${to}`);
  t.same(
    new Set(lines),
    new Set([
      'bridge:in > topic:words',
      'topic:words > actor:count',
      'actor:count > topic:words.dlq',
      'actor:count > topic:counts',
      'topic:counts > actor:sum',
      'actor:sum > topic:counts.dlq',
      'actor:sum > topic:sums',
      'topic:sums > reader:out',
    ]),
  );
  t.same(
    nodes.filter(({ role }) => role === 'letters').map(({ label }) => label),
    ['words.dlq', 'counts.dlq'],
  );
  t.equal(nodes.find(({ id }) => id === 'reader:out')?.group, 'g');
});

t.test('changelogs and resends are there for who asks, each with its actor', async (t) => {
  const whole = pictureOf(plan, OUTSIDE);
  const internal = whole.nodes.filter(({ isInternal }) => isInternal).map(({ label }) => label);
  t.ok(internal.includes('words.resend') && internal.includes('app.count.state'), internal.join(' '));
  t.ok(whole.edges.some(({ from, to }) => from === 'topic:counts.resend' && to === 'actor:sum'));
  t.ok(whole.edges.some(({ from, to }) => from === 'actor:count' && to === 'topic:app.count.state'));
});
