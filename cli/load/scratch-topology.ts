/**
 * The operator's main job under other names: the same actors, every topic with a prefix, so that it meets no topic of
 * the running one. Main thread and workers each make it from the same plain data.
 */
import { type Plan, planTopology, type TopicConfig, type TopologyDefinition } from '../../engine/index.ts';
import { type MainJobConfig, mainJobTopology } from '../../services/main-job/index.ts';
import { profileThisThread, type ThreadProfile } from './thread-profile.ts';

export interface ScratchTopology {
  readonly job: MainJobConfig;
  /** Names groups, changelogs and, on Kafka, transactions. */
  readonly application: string;
  /** In front of every topic's name. */
  readonly prefix: string;
  /** How each worker profiles itself; null: not at all. */
  readonly profile: ThreadProfile | null;
}

type Topics = TopologyDefinition['actors'][number]['inputs'];

export async function scratchTopology({ job, application, prefix }: ScratchTopology): Promise<TopologyDefinition> {
  const definition = await mainJobTopology(job);
  const renamed = (topics: Topics): Topics =>
    Object.fromEntries(Object.entries(topics).map(([name, topic]) => [name, { ...topic, name: prefix + topic.name }]));
  const rename = (names: readonly string[] | undefined) => names?.map((name) => prefix + name);
  const [omit, cycles] = [rename(definition.omit), rename(definition.cycles)];
  return {
    ...definition,
    ...(omit === undefined ? {} : { omit }),
    ...(cycles === undefined ? {} : { cycles }),
    name: application,
    actors: definition.actors.map((actor) => ({
      ...actor,
      inputs: renamed(actor.inputs),
      outputs: renamed(actor.outputs),
    })),
  };
}

/** Kept as short as a load test needs it: what is read may go, so that no run fills the disk. */
const RETENTION_BYTES = 64 * 1024 * 1024;
const SEGMENT_BYTES = 16 * 1024 * 1024;

export function scratchPlan(definition: TopologyDefinition): Plan {
  const plan = planTopology(definition);
  return { ...plan, topics: plan.topics.map(keptShort) };
}

function keptShort(topic: TopicConfig): TopicConfig {
  if (topic.cleanup === 'compact' || topic.name.endsWith('.state')) return topic;
  const { retentionMs: _, ...rest } = topic;
  return { ...rest, retentionBytes: RETENTION_BYTES, segmentBytes: SEGMENT_BYTES };
}

/** The entry that each worker imports. */
export default async (config: unknown): Promise<TopologyDefinition> => {
  const scratch = config as ScratchTopology;
  if (scratch.profile !== null) await profileThisThread(scratch.profile);
  return await scratchTopology(scratch);
};
