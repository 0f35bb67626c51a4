/**
 * Rates and lag on the topology's nodes and edges, from two consecutive statuses. Where a count can come from the log's
 * offsets it does; only what leaves no offset behind (a fused stage, a bridge's share) comes from counters.
 */
import type { EngineStatus } from '../engine/index.ts';
import type { BridgeStatus, Topology } from './ports.ts';

export interface Sample {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly status: EngineStatus;
  readonly bridges: readonly BridgeStatus[];
}

export interface EdgeFlow {
  readonly perSecond: number;
  /** Records at the edge's source that its target has not taken yet; null where nothing waits there. */
  readonly lag: number | null;
}

export interface Flow {
  /** By `from>to`. */
  readonly edges: Readonly<Record<string, EdgeFlow>>;
  /** Totals of the whole engine. */
  readonly lag: number;
  /** By topic name: records written a second, records in the log. */
  readonly topics: Readonly<Record<string, { readonly perSecond: number; readonly records: number }>>;
  /** By actor name. */
  readonly actors: Readonly<
    Record<
      string,
      { readonly perSecond: number; readonly deadLetters: number; readonly tasks: number; readonly running: number }
    >
  >;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

interface Totals {
  readonly topicEnd: Map<string, number>;
  /** `topic>actor`: committed offsets of the tasks in which the actor is the one that reads the topic. */
  readonly taken: Map<string, number>;
  readonly lag: Map<string, number>;
  readonly stageIn: Map<string, number>;
  readonly stageOut: Map<string, number>;
  readonly bridge: Map<string, number>;
  /** By topic: what all stages have sent there. */
  readonly written: Map<string, number>;
}

const add = (map: Map<string, number>, key: string, by: number) => map.set(key, (map.get(key) ?? 0) + by);

function totalsOf({ status, bridges }: Sample): Totals {
  const totals: Totals = {
    topicEnd: new Map(status.topics.map(({ topic, end }) => [topic, sum(end)])),
    taken: new Map(),
    lag: new Map(),
    stageIn: new Map(),
    stageOut: new Map(),
    bridge: new Map(bridges.map(({ name, accepted }) => [name, accepted])),
    written: new Map(),
  };
  for (const task of status.tasks) {
    for (const input of task.inputs) {
      for (const stage of task.stages) {
        add(totals.taken, `${input.topic}>${stage.actor}`, input.committed);
        add(totals.lag, `${input.topic}>${stage.actor}`, Math.max(0, input.end - input.committed));
      }
    }
    for (const stage of task.stages) {
      add(totals.stageIn, stage.actor, stage.recordsIn);
      for (const [topic, count] of Object.entries(stage.recordsOut)) {
        add(totals.stageOut, `${stage.actor}>${topic}`, count);
        add(totals.written, topic, count);
      }
    }
  }
  return totals;
}

export function flowOf(topology: Topology, before: Sample | null, now: Sample): Flow {
  const current = totalsOf(now);
  const past = before === null ? null : totalsOf(before);
  const seconds = before === null ? 0 : (now.at - before.at) / 1_000;
  /** A counter that fell (a worker began anew) shows nothing for one interval rather than a negative rate. */
  const rate = (select: (totals: Totals) => number | undefined): number => {
    const [from, to] = [past === null ? undefined : select(past), select(current)];
    if (from === undefined || to === undefined || seconds <= 0) return 0;
    return Math.max(0, to - from) / seconds;
  };
  const nameOf = (id: string) => id.slice(id.indexOf(':') + 1);
  const edges: Record<string, EdgeFlow> = {};
  const letters = new Set(topology.nodes.filter(({ role }) => role === 'letters').map(({ id }) => id));
  for (const { from, to } of topology.edges) {
    const [source, target] = [nameOf(from), nameOf(to)];
    const key = `${source}>${target}`;
    const isFromTopic = from.startsWith('topic:');
    let perSecond: number;
    let lag: number | null = null;
    if (from.startsWith('bridge:')) perSecond = rate(({ bridge }) => bridge.get(source));
    else if (isFromTopic && to.startsWith('actor:')) {
      // Between fused stages records are handed over, not read from the log: what one sends on the other takes.
      const isInLog = current.taken.has(key);
      perSecond = isInLog ? rate(({ taken }) => taken.get(key)) : rate(({ written }) => written.get(source));
      lag = isInLog ? (current.lag.get(key) ?? 0) : null;
    } else if (isFromTopic) perSecond = rate(({ topicEnd }) => topicEnd.get(source));
    else if (letters.has(to)) perSecond = rate(({ topicEnd }) => topicEnd.get(target));
    else if (to.startsWith('topic:')) perSecond = rate(({ stageOut }) => stageOut.get(key));
    else perSecond = rate(({ stageIn }) => stageIn.get(target));
    edges[`${from}>${to}`] = { perSecond, lag };
  }
  return {
    edges,
    lag: totalLag(now.status),
    topics: topicFlows(now.status, rate),
    actors: actorFlows(now.status, rate),
  };
}

type Rate = (select: (totals: Totals) => number | undefined) => number;

/** Each input counts once, however many stages stand behind it. */
const totalLag = (status: EngineStatus): number =>
  sum(status.tasks.flatMap((task) => task.inputs.map((input) => Math.max(0, input.end - input.committed))));

function topicFlows(status: EngineStatus, rate: Rate): Flow['topics'] {
  return Object.fromEntries(
    status.topics.map(({ topic, start, end }) => [
      topic,
      { perSecond: rate(({ topicEnd }) => topicEnd.get(topic)), records: sum(end) - sum(start) },
    ]),
  );
}

function actorFlows(status: EngineStatus, rate: Rate): Flow['actors'] {
  const actors: Record<string, { perSecond: number; deadLetters: number; tasks: number; running: number }> = {};
  for (const task of status.tasks) {
    for (const stage of task.stages) {
      actors[stage.actor] ??= {
        perSecond: rate(({ stageIn }) => stageIn.get(stage.actor)),
        deadLetters: 0,
        tasks: 0,
        running: 0,
      };
      const actor = actors[stage.actor]!;
      actor.deadLetters += stage.deadLetters;
      actor.tasks++;
      if (task.state === 'running') actor.running++;
    }
  }
  return actors;
}
