/**
 * From actors that name their topics to a plan: which stages fuse into one subtopology (plain calls, one task for each
 * partition), what each reads from the log, what it writes, and the topics that this takes. Everything that can be
 * wrong in the wiring is found here, before a thread starts.
 */
import type { AnyActor, Topic } from '../actor/index.ts';
import { MsecError } from '../base/index.ts';
import type { TopicConfig } from '../log/index.ts';
import { BLOCK_BYTES, isRowWidth } from '../state/index.ts';
import { deadLetterTopic, resendTopic, stateTopic } from './names.ts';

export interface TopologyDefinition {
  /** Names the application in groups and changelogs. */
  readonly name: string;
  /** Of every topic, so that records of one key meet in one task. */
  readonly partitions: number;
  readonly actors: readonly AnyActor[];
  /** False: every stage reads its input from the log. The output is the same, only slower. */
  readonly fuse?: boolean;
  /** Public topics that are not to be written where the stages that need them are fused. */
  readonly omit?: readonly string[];
  /** Topics that may close a cycle: an actor's output that comes back to it. */
  readonly cycles?: readonly string[];
}

export interface PlannedOutput {
  /** The actor's own name for it. */
  readonly name: string;
  readonly topic: Topic<unknown>;
  readonly isWritten: boolean;
  readonly isRekeyed: boolean;
  /** Stages of the same subtopology that are called directly: index of the stage and its input's name. */
  readonly calls: readonly { readonly stage: number; readonly input: string }[];
  /** Whether another subtopology reads the topic and so needs the watermark in it. */
  readonly carriesWatermark: boolean;
}

export interface PlannedStage {
  readonly actor: AnyActor;
  readonly outputs: readonly PlannedOutput[];
}

export interface PlannedSource {
  readonly topic: Topic<unknown>;
  /** Letters sent again come in through a topic of their own, for the stage that the record names. */
  readonly isResend: boolean;
  readonly feeds: readonly { readonly stage: number; readonly input: string }[];
}

export interface Subtopology {
  /** The name of its first actor. */
  readonly name: string;
  /** The consumer group under which its offsets are committed. */
  readonly group: string;
  /** In an order in which calls only go forward. */
  readonly stages: readonly PlannedStage[];
  readonly sources: readonly PlannedSource[];
}

export interface Plan {
  readonly name: string;
  readonly partitions: number;
  readonly subtopologies: readonly Subtopology[];
  /** All that must exist in the log. */
  readonly topics: readonly TopicConfig[];
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/;

export function planTopology(definition: TopologyDefinition): Plan {
  const actors = checkActors(definition);
  const topics = checkTopics(definition, actors);
  checkCycles(definition, actors);
  const groups = fuse(definition, actors, topics);
  const subtopologies = groups.map((members) => planSubtopology(definition, members, groups, topics));
  return {
    name: definition.name,
    partitions: definition.partitions,
    subtopologies,
    topics: planTopics(definition, subtopologies, topics),
  };
}

function invalid(message: string): MsecError {
  return new MsecError('TOPOLOGY_INVALID', message);
}

function checkActors(definition: TopologyDefinition): readonly AnyActor[] {
  const seen = new Set<string>();
  for (const actor of definition.actors) {
    if (!NAME.test(actor.name))
      throw invalid(`Actor name "${actor.name}" must be lower case letters, digits and hyphens, a letter first.`);
    if (seen.has(actor.name)) throw invalid(`Two actors are called "${actor.name}".`);
    seen.add(actor.name);
    if (Object.keys(actor.inputs).length === 0) throw invalid(`Actor "${actor.name}" has no input.`);
    const names = Object.values(actor.inputs).map((topic) => topic.name);
    if (new Set(names).size < names.length) throw invalid(`Actor "${actor.name}" has one topic as two inputs.`);
    for (const output of actor.rekeyed ?? [])
      if (!(output in actor.outputs))
        throw invalid(`Actor "${actor.name}" declares "${output}" as rekeyed, but it is not among its outputs.`);
    for (const [name, declared] of Object.entries(actor.state))
      if (declared.kind === 'rows' && !isRowWidth(declared.rowBytes))
        throw invalid(
          `State "${name}" of actor "${actor.name}" has rows of ${declared.rowBytes} bytes; they are multiples of 8, ${BLOCK_BYTES} at least.`,
        );
  }
  if (definition.actors.length === 0) throw invalid('The topology has no actor.');
  if (!Number.isInteger(definition.partitions) || definition.partitions < 1)
    throw invalid(`A topology has a whole number of partitions from 1 on, not ${definition.partitions}.`);
  return definition.actors;
}

interface TopicUse {
  readonly topic: Topic<unknown>;
  readonly producers: readonly AnyActor[];
  readonly consumers: readonly AnyActor[];
  readonly isRekeyed: boolean;
}

function checkTopics(definition: TopologyDefinition, actors: readonly AnyActor[]): ReadonlyMap<string, TopicUse> {
  const uses = new Map<
    string,
    { topic: Topic<unknown>; producers: AnyActor[]; consumers: AnyActor[]; rekeyed: boolean }
  >();
  const use = (topic: Topic<unknown>, by: AnyActor) => {
    const known = uses.get(topic.name);
    if (known === undefined) {
      const fresh = { topic, producers: [], consumers: [], rekeyed: false };
      uses.set(topic.name, fresh);
      return fresh;
    }
    if (known.topic.codec.format !== topic.codec.format)
      throw invalid(
        `Topic "${topic.name}" is ${known.topic.codec.format} elsewhere, but ${topic.codec.format} for actor "${by.name}".`,
      );
    if (topic.external === true && known.topic.external !== true) known.topic = topic;
    return known;
  };
  for (const actor of actors) {
    for (const topic of Object.values(actor.inputs)) use(topic, actor).consumers.push(actor);
    for (const [name, topic] of Object.entries(actor.outputs)) {
      const used = use(topic, actor);
      used.producers.push(actor);
      used.rekeyed ||= actor.rekeyed?.includes(name) ?? false;
    }
  }
  for (const { topic, producers, consumers } of uses.values())
    if (producers.length === 0 && topic.external !== true)
      throw invalid(
        `Actor "${consumers[0]?.name}" reads topic "${topic.name}", which no actor writes and nothing outside fills (external).`,
      );
  for (const name of [...(definition.omit ?? []), ...(definition.cycles ?? [])])
    if (!uses.has(name)) throw invalid(`Topic "${name}" is listed under omit or cycles, but no actor uses it.`);
  return new Map([...uses].map(([name, { rekeyed, ...rest }]) => [name, { ...rest, isRekeyed: rekeyed }]));
}

/** Depth first over the topics that are not declared to close a cycle. */
function checkCycles(definition: TopologyDefinition, actors: readonly AnyActor[]): void {
  const declared = new Set(definition.cycles);
  const done = new Set<AnyActor>();
  const path: AnyActor[] = [];
  const visit = (actor: AnyActor): void => {
    if (done.has(actor)) return;
    if (path.includes(actor)) {
      const loop = [...path.slice(path.indexOf(actor)), actor].map((a) => a.name).join(' → ');
      throw invalid(`The actors ${loop} form a cycle. Declare one of its topics under cycles if that is meant.`);
    }
    path.push(actor);
    for (const topic of Object.values(actor.outputs)) {
      if (declared.has(topic.name)) continue;
      for (const next of actors) if (Object.values(next.inputs).some((t) => t.name === topic.name)) visit(next);
    }
    path.pop();
    done.add(actor);
  };
  for (const actor of actors) visit(actor);
}

/** Actors that meet in a topic which stays within a partition belong together. */
function fuse(
  definition: TopologyDefinition,
  actors: readonly AnyActor[],
  topics: ReadonlyMap<string, TopicUse>,
): readonly (readonly AnyActor[])[] {
  const groupOf = new Map<AnyActor, Set<AnyActor>>(actors.map((actor) => [actor, new Set([actor])]));
  if (definition.fuse !== false)
    for (const { topic, producers, consumers, isRekeyed } of topics.values()) {
      if (topic.external === true || isRekeyed || definition.cycles?.includes(topic.name)) continue;
      const together = [...producers, ...consumers];
      const merged = new Set(together.flatMap((actor) => [...(groupOf.get(actor) ?? [])]));
      for (const actor of merged) groupOf.set(actor, merged);
    }
  return [...new Set(groupOf.values())].map((members) => inCallOrder([...members], definition.cycles ?? []));
}

function inCallOrder(members: readonly AnyActor[], cycles: readonly string[]): readonly AnyActor[] {
  const ordered: AnyActor[] = [];
  const visit = (actor: AnyActor): void => {
    if (ordered.includes(actor)) return;
    for (const input of Object.values(actor.inputs)) {
      if (cycles.includes(input.name)) continue;
      for (const before of members)
        if (before !== actor && Object.values(before.outputs).some((output) => output.name === input.name))
          visit(before);
    }
    ordered.push(actor);
  };
  for (const actor of members) visit(actor);
  return ordered;
}

function planSubtopology(
  definition: TopologyDefinition,
  members: readonly AnyActor[],
  groups: readonly (readonly AnyActor[])[],
  topics: ReadonlyMap<string, TopicUse>,
): Subtopology {
  // The topic as a whole: what comes under another key from one producer is read from the log, so all of it is.
  const isCalled = ({ name }: Topic<unknown>): boolean => {
    const { topic, isRekeyed } = topics.get(name) as TopicUse;
    return (
      definition.fuse !== false &&
      topic.external !== true &&
      !isRekeyed &&
      !(definition.cycles?.includes(name) ?? false)
    );
  };
  const readers = (topic: Topic<unknown>) =>
    members.flatMap((actor, stage) =>
      Object.entries(actor.inputs)
        .filter(([, input]) => input.name === topic.name)
        .map(([input]) => ({ stage, input })),
    );
  const called = new Set<string>();
  const stages = members.map((actor): PlannedStage => {
    const outputs = Object.entries(actor.outputs).map(([name, topic]): PlannedOutput => {
      const calls = isCalled(topic) ? readers(topic) : [];
      for (const { stage, input } of calls) called.add(`${stage} ${input}`);
      const carriesWatermark = groups.some(
        (group) =>
          (group !== members || calls.length === 0) &&
          group.some((other) => Object.values(other.inputs).some((input) => input.name === topic.name)),
      );
      const isOmitted = definition.omit?.includes(topic.name) ?? false;
      const isWritten =
        carriesWatermark || (topic.access === 'public' && !isOmitted) || (calls.length === 0 && !isOmitted);
      const isRekeyed = actor.rekeyed?.includes(name) ?? false;
      return { name, topic, isWritten, isRekeyed, calls, carriesWatermark };
    });
    return { actor, outputs };
  });
  const sources = new Map<
    string,
    { topic: Topic<unknown>; isResend: boolean; feeds: { stage: number; input: string }[] }
  >();
  const addSource = (name: string, topic: Topic<unknown>, isResend: boolean, stage: number, input: string) => {
    const source = sources.get(name) ?? { topic: { ...topic, name }, isResend, feeds: [] };
    source.feeds.push({ stage, input });
    sources.set(name, source);
  };
  members.forEach((actor, stage) => {
    for (const [input, topic] of Object.entries(actor.inputs))
      if (!called.has(`${stage} ${input}`)) addSource(topic.name, topic, false, stage, input);
  });
  members.forEach((actor, stage) => {
    for (const [input, topic] of Object.entries(actor.inputs))
      addSource(resendTopic(topic.name), topic, true, stage, input);
  });
  const name = members[0]?.name ?? '';
  return { name, group: `${definition.name}.${name}`, stages, sources: [...sources.values()] };
}

const STATE_SEGMENT_BYTES = 4 * 1024 * 1024;

function planTopics(
  definition: TopologyDefinition,
  subtopologies: readonly Subtopology[],
  topics: ReadonlyMap<string, TopicUse>,
): readonly TopicConfig[] {
  const { partitions } = definition;
  const readersOf = (name: string) =>
    subtopologies.filter((s) => s.sources.some((source) => source.topic.name === name)).map((s) => s.group);
  const isWritten = (name: string) =>
    subtopologies.some((s) =>
      s.stages.some((stage) => stage.outputs.some((o) => o.topic.name === name && o.isWritten)),
    );
  const planned: TopicConfig[] = [];
  for (const { topic, consumers } of topics.values()) {
    if (topic.external === true || isWritten(topic.name))
      planned.push({
        name: topic.name,
        partitions,
        cleanup: topic.cleanup ?? 'delete',
        ...(topic.retentionMs === undefined ? {} : { retentionMs: topic.retentionMs }),
        ...(topic.retentionBytes === undefined ? {} : { retentionBytes: topic.retentionBytes }),
        requiredReaders: [...readersOf(topic.name), ...(topic.requiredReaders ?? [])],
      });
    if (consumers.length > 0)
      planned.push(
        { name: deadLetterTopic(topic.name), partitions, cleanup: 'delete' },
        {
          name: resendTopic(topic.name),
          partitions,
          cleanup: 'delete',
          requiredReaders: readersOf(resendTopic(topic.name)),
        },
      );
  }
  for (const { stages } of subtopologies)
    for (const { actor } of stages)
      planned.push({
        name: stateTopic(definition.name, actor.name),
        partitions,
        cleanup: 'delete',
        segmentBytes: STATE_SEGMENT_BYTES,
      });
  return planned;
}
