import fc from 'fast-check';
import t from 'tap';
// @ts-expect-error The page is plain JavaScript, as the browser gets it.
import { layOut } from '../../../console/page/layout.js';
import { TOPOLOGY } from '../support/demo-ports.ts';

interface Spot {
  readonly layer: number;
  readonly across: number;
}
interface Plan {
  readonly depth: number;
  readonly breadth: number;
  readonly nodes: Map<string, Spot>;
  readonly edges: Map<string, Spot[]>;
}
const lay = (nodes: unknown, edges: unknown): Plan => layOut(nodes, edges);

t.test('every node stands after what feeds it, and a source right before what it feeds', async (t) => {
  const plan = lay(TOPOLOGY.nodes, TOPOLOGY.edges);
  for (const { from, to } of TOPOLOGY.edges)
    t.ok(plan.nodes.get(from)!.layer < plan.nodes.get(to)!.layer, `${from} → ${to}`);
  t.equal(plan.nodes.get('bridge:http')!.layer, 0);
  t.equal(plan.depth, 9);
});

t.test('the main path runs straight, whatever side outputs hang below it', async (t) => {
  const nodes = TOPOLOGY.nodes.map(({ id, role }) => ({ id, weight: role === 'main' ? 0 : 3 }));
  const plan = lay(nodes, TOPOLOGY.edges);
  const path = ['topic:device.frames', 'actor:verify', 'topic:device.verified', 'actor:decode'];
  const across = path.map((id) => plan.nodes.get(id)!.across);
  t.ok(Math.max(...across) - Math.min(...across) < 0.35, across.join(' '));
  t.ok(plan.nodes.get('topic:device.frames.dlq')!.across > plan.nodes.get('topic:device.verified')!.across);
});

t.test('any graph, cycles too, is laid out without two nodes in one place', async () => {
  const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 24 }).map((pairs) => ({
      nodes: Array.from({ length: size }, (_, i) => ({ id: `n${i}`, weight: i % 3 === 0 ? 1 : 0 })),
      edges: pairs.map(([from, to]) => ({ from: `n${from}`, to: `n${to}` })),
    })),
  );
  fc.assert(
    fc.property(graph, ({ nodes, edges }) => {
      const plan = lay(nodes, edges);
      const spots = [...plan.nodes.values()];
      for (const [i, a] of spots.entries()) {
        if (!Number.isFinite(a.across) || a.across < -1e-6 || a.layer < 0 || a.layer >= plan.depth) return false;
        for (const b of spots.slice(i + 1))
          if (a.layer === b.layer && Math.abs(a.across - b.across) < 0.999) return false;
      }
      return edges.every(({ from, to }) => from === to || (plan.edges.get(`${from}>${to}`)?.length ?? 0) >= 2);
    }),
    { numRuns: 300 },
  );
});
