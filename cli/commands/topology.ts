/** `msec topology`: the plan in words, as a Mermaid chart, or as data. */
import type { Topology, TopologyNode } from '../../console/index.ts';
import { withoutInternal } from '../../console/index.ts';
import { mainJobTopology } from '../../services/main-job/index.ts';
import { cityJobConfig, cityPicture, cityPlan, dataFolder } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { paint, print, printJson } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface TopologyFlags extends CommonFlags {
  readonly mermaid?: boolean;
  readonly internal?: boolean;
}

export async function showTopology(flags: TopologyFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const plan = cityPlan(
    await mainJobTopology(cityJobConfig(config, dataFolder(config.data, config['keys.folder']))),
    config,
  );
  const whole = cityPicture(plan, config);
  const shown = flags.internal ? whole : withoutInternal(whole);
  if (flags.json) {
    const subtopologies = plan.subtopologies.map(({ name, group, stages }) => ({
      name,
      group,
      actors: stages.map(({ actor }) => actor.name),
    }));
    printJson({ ...shown, subtopologies, topics: plan.topics });
  } else if (flags.mermaid) print(mermaid(shown));
  else {
    for (const line of asText(
      shown,
      plan.subtopologies.map(({ name, stages }) => ({ name, actors: stages.map(({ actor }) => actor.name) })),
    ))
      print(line);
    print();
    print(
      paint('dim', `${plan.partitions} partitions each; every group of fused actors is one task for each partition.`),
    );
  }
  return 0;
}

interface Fused {
  readonly name: string;
  readonly actors: readonly string[];
}

/** Bridges, then each group of fused actors with what it reads and writes, then readers. */
export function asText({ nodes, edges }: Topology, groups: readonly Fused[]): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const names = (ids: readonly string[]) => ids.map((id) => byId.get(id)?.label ?? id).join(', ') || '-';
  const into = (id: string) => edges.filter(({ to }) => to === id).map(({ from }) => from);
  const outOf = (id: string) => edges.filter(({ from }) => from === id).map(({ to }) => to);
  const ofKind = (kind: TopologyNode['kind']) => nodes.filter((node) => node.kind === kind);
  const width = Math.max(...nodes.map(({ label }) => label.length));
  const lines: string[] = [];
  const section = (title: string) => lines.push(...(lines.length === 0 ? [] : ['']), paint('bold', title));
  section('Bridges');
  for (const { id, label } of ofKind('bridge')) lines.push(`  ${label.padEnd(width)}  → ${names(outOf(id))}`);
  for (const { name, actors } of groups) {
    section(actors.length === 1 ? `Actor ${name}` : `Fused actors ${actors.join(' → ')}`);
    for (const actor of actors) {
      const id = `actor:${actor}`;
      lines.push(`  ${actor.padEnd(width)}  ${names(into(id))} → ${names(outOf(id))}`);
    }
  }
  section('Readers');
  for (const { id, label } of ofKind('reader')) lines.push(`  ${label.padEnd(width)}  ← ${names(into(id))}`);
  return lines;
}

const SHAPES: Readonly<Record<TopologyNode['kind'], readonly [string, string]>> = {
  bridge: ['[/', '/]'],
  topic: ['([', '])'],
  actor: ['[', ']'],
  reader: ['[\\', '\\]'],
};

export function mermaid({ nodes, edges }: Topology): string {
  const name = (id: string) => id.replace(/[^A-Za-z0-9]/g, '_');
  const lines = nodes.map(({ id, kind, label, role }) => {
    const [open, close] = SHAPES[kind];
    return `  ${name(id)}${open}"${label.replaceAll('"', '#quot;')}"${close}${role === 'main' ? '' : `:::${role}`}`;
  });
  return [
    'flowchart LR',
    ...lines,
    ...edges.map(({ from, to }) => `  ${name(from)} --> ${name(to)}`),
    '  classDef letters stroke-dasharray: 4 4',
    '  classDef late stroke-dasharray: 4 4',
    '  classDef control stroke-dasharray: 2 2',
  ].join('\n');
}
