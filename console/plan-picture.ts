/**
 * The plan of a topology as a graph of bridges, topics, actors and readers: what the page draws and `msec topology`
 * prints. Topics that nobody outside the engine meets (changelogs, resends) are marked, and left out of the picture.
 */
import { deadLetterTopic, type Plan } from '../engine/index.ts';
import type { Topology, TopologyEdge, TopologyNode } from './ports.ts';

/** What stands around the engine: who fills a topic, who reads one. */
export interface Outside {
  readonly bridges: readonly { readonly name: string; readonly label: string; readonly topic: string }[];
  readonly readers: readonly {
    readonly name: string;
    readonly label: string;
    readonly topics: readonly string[];
    readonly group?: string;
  }[];
  /** Side outputs of late records. */
  readonly late: readonly string[];
  /** Topics that carry decisions (keys, revocations) and not data. */
  readonly control: readonly string[];
}

export function pictureOf(plan: Plan, outside: Outside): Topology {
  const nodes = new Map<string, TopologyNode>();
  const edges = new Map<string, TopologyEdge>();
  const connect = (from: string, to: string) => edges.set(`${from}>${to}`, { from, to });
  const topicNode = (name: string, role: TopologyNode['role'], isInternal = false): string => {
    const id = `topic:${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind: 'topic', label: name, isInternal, role });
    return id;
  };
  const roleOf = (name: string): TopologyNode['role'] =>
    outside.late.includes(name) ? 'late' : outside.control.includes(name) ? 'control' : 'main';

  for (const { name, label, topic } of outside.bridges) {
    const id = `bridge:${name}`;
    nodes.set(id, { id, kind: 'bridge', label, isInternal: false, role: 'main' });
    connect(id, topicNode(topic, roleOf(topic)));
  }
  for (const { group, stages, sources } of plan.subtopologies) {
    for (const { actor, outputs } of stages) {
      const id = `actor:${actor.name}`;
      nodes.set(id, { id, kind: 'actor', label: actor.name, isInternal: false, role: 'main', group });
      for (const { name } of Object.values(actor.inputs)) {
        connect(topicNode(name, roleOf(name)), id);
        connect(id, topicNode(deadLetterTopic(name), 'letters'));
      }
      for (const { topic } of outputs) connect(id, topicNode(topic.name, roleOf(topic.name)));
    }
    for (const { topic, isResend, feeds } of sources) {
      if (!isResend) continue;
      const source = topicNode(topic.name, 'control', true);
      for (const { stage } of feeds) connect(source, `actor:${stages[stage]!.actor.name}`);
    }
  }
  for (const { name } of plan.topics) {
    const id = topicNode(name, 'control', true);
    const owner = plan.subtopologies
      .flatMap(({ stages }) => stages)
      .find(({ actor }) => name === `${plan.name}.${actor.name}.state`);
    if (owner !== undefined) connect(`actor:${owner.actor.name}`, id);
  }
  for (const { name, label, topics, group } of outside.readers) {
    const id = `reader:${name}`;
    nodes.set(id, {
      id,
      kind: 'reader',
      label,
      isInternal: false,
      role: 'main',
      ...(group === undefined ? {} : { group }),
    });
    for (const topic of topics) connect(topicNode(topic, roleOf(topic)), id);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Without what only the engine itself meets. */
export function withoutInternal({ nodes, edges }: Topology): Topology {
  const shown = nodes.filter(({ isInternal }) => !isInternal);
  const ids = new Set(shown.map(({ id }) => id));
  return { nodes: shown, edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) };
}
