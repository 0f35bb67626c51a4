/**
 * Who is measured: each side reads a filled topic as the group that it names and tells its windows in `NAME.windows`. All
 * have two threads, the same window and grace, the same numbers of a window, and commit as often.
 */
import { programPath } from '../../../test/support/needs.ts';
import { COMMIT_MS, type Command, engineCommand, STREAMS, THREADS } from '../../load/kafka-bench.ts';
import { buildBytewax, bytewaxArguments } from '../../peers/bytewax/peer.ts';
import { buildFlink, flinkArguments } from '../../peers/flink/peer.ts';
import { PEER_JVM } from '../../peers/java.ts';
import { buildStreams, type StreamsTask, streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { kafkajsArguments } from '../../peers/kafkajs/peer.ts';
import { PARTITIONS } from './frames.ts';
import type { WindowTopology } from './topology.ts';

export const WINDOW_MS = 60_000;
export const GRACE_MS = 10_000;

export type Guarantee = 'at least once' | 'exactly once';

export interface SideRun {
  readonly bootstrap: string;
  /** Names of topics and the group begin with it. */
  readonly application: string;
  readonly input: string;
  readonly output: string;
  /** A scratch folder of this run. */
  readonly folder: string;
}

export interface SideProcess extends Command {
  readonly group: string;
}

export interface Side {
  readonly name: string;
  /** What it needs besides Java is made; the same for each run. */
  prepare(): Promise<void>;
  /** Topics that it does not make itself. */
  readonly topics: readonly string[];
  process(run: SideRun): SideProcess;
  /** As an expert set it: a sentence of the notes. */
  readonly settings: string;
}

const nothing = () => Promise.resolve();

/** Ours is exactly once in any case. */
export function ours(name: string, isByRecord: boolean): Side {
  return {
    name,
    topics: [],
    prepare: nothing,
    settings: `${name}: exactly once, state in changelogs, ${isByRecord ? '`process` alone' : '`processBatch`'}, ${THREADS} worker threads`,
    process({ bootstrap, application, input, output }) {
      const window = { input, output, windowMs: WINDOW_MS, graceMs: GRACE_MS, isByRecord };
      const config: WindowTopology = { application, partitions: PARTITIONS, ...window };
      const command = engineCommand({ bootstrap }, new URL('./topology.ts', import.meta.url), config);
      return { ...command, group: `${application}.window` };
    },
  };
}

export const PROCESSOR = 'Kafka Streams, own processor';

export function streams(guarantee: Guarantee, form: StreamsTask['form']): Side {
  const name = form === 'processor' ? PROCESSOR : STREAMS;
  const how =
    form === 'processor'
      ? 'written by hand over a cached store in memory'
      : "the DSL's windowed aggregate, told on close, cached store in memory, which beat RocksDB and suppression";
  const mode = guarantee === 'exactly once' ? 'exactly_once_v2' : 'at_least_once';
  let classPath = '';
  return {
    name,
    topics: ['windows'],
    settings: `${name} 4.1: ${mode}, ${how}; ${THREADS} threads, commit.interval.ms=${COMMIT_MS}, 20,000 records a poll, 4 MiB a partition a fetch, cache 256 MiB; Java with ${PEER_JVM.join(' ')}`,
    async prepare() {
      classPath = await buildStreams();
    },
    process({ bootstrap, application, input, output, folder }) {
      const task: StreamsTask = {
        ...{ bootstrap, application, input, output },
        stateFolder: folder,
        guarantee: mode,
        form,
        store: 'memory',
        ...{ threads: THREADS, commitMs: COMMIT_MS, windowMs: WINDOW_MS, graceMs: GRACE_MS },
      };
      return { program: programPath('java'), arguments: streamsArguments(classPath, task), group: application };
    },
  };
}

export const FLINK = 'Flink';
/** A tenth less processor time than with COMMIT_MS, so to its advantage; more than that gains little. */
export const FLINK_CHECKPOINT_MS = 1_000;
/** Once a source has read all, its connector commits the last offsets only when a poll of ten seconds has returned. */
export const FLINK_SHARE = 0.8;

export function flink(guarantee: Guarantee, checkpointMs: number): Side {
  const mode = guarantee === 'exactly once' ? 'exactly_once' : 'at_least_once';
  let classPath = '';
  return {
    name: FLINK,
    topics: ['windows'],
    settings: `${FLINK} 2.2, Kafka connector 5.0: checkpoints and sink ${mode}, every ${checkpointMs} ms; tumbling event-time window with an aggregate function, state on the heap, object reuse, serializers written by hand, ${THREADS} slots in one process; pooled transactional ids; Java with ${PEER_JVM.join(' ')}`,
    async prepare() {
      classPath = await buildFlink();
    },
    process({ bootstrap, application, input, output, folder }) {
      const names = { bootstrap, application, input, output, stateFolder: folder, guarantee: mode } as const;
      const task = { ...names, threads: THREADS, checkpointMs, windowMs: WINDOW_MS, graceMs: GRACE_MS };
      return { program: programPath('java'), arguments: flinkArguments(classPath, task), group: application };
    },
  };
}

export const KAFKAJS = 'kafkajs';
const KAFKAJS_FETCH_BYTES = 1024 * 1024;

export function kafkajs(guarantee: Guarantee): Side {
  const mode = guarantee === 'exactly once' ? 'exactly_once' : 'at_least_once';
  const how = guarantee === 'exactly once' ? 'one transaction' : 'sent, then the offsets committed,';
  return {
    name: KAFKAJS,
    topics: ['windows', 'changelog'],
    settings: `${KAFKAJS} 2.2: ${THREADS} threads of one group, eachBatch over a Map of windows, ${KAFKAJS_FETCH_BYTES} bytes a partition a fetch; told windows, changed windows and offsets ${how} every ${COMMIT_MS} ms`,
    prepare: nothing,
    process({ bootstrap, application, input, output }) {
      const names = {
        bootstrap,
        application,
        input,
        output,
        changelog: `${application}.changelog`,
        guarantee: mode,
      } as const;
      const args = kafkajsArguments({
        ...names,
        ...{ threads: THREADS, fetchBytes: KAFKAJS_FETCH_BYTES },
        ...{ commitMs: COMMIT_MS, windowMs: WINDOW_MS, graceMs: GRACE_MS },
      });
      return { program: process.execPath, arguments: args, group: application };
    },
  };
}

export const BYTEWAX = 'Bytewax';
const BYTEWAX_EPOCH_MS = 1_000;
const BYTEWAX_BATCH = 10_000;

export function bytewax(): Side {
  let python = '';
  return {
    name: BYTEWAX,
    topics: ['windows'],
    settings: `${BYTEWAX} 0.21.1: ${THREADS} processes of one worker, ${BYTEWAX_BATCH} messages a poll, each poll one item, state of a partition in its recovery store, epochs of ${BYTEWAX_EPOCH_MS} ms, at least once`,
    async prepare() {
      python = await buildBytewax();
    },
    process({ bootstrap, application, input, output, folder }) {
      const args = bytewaxArguments({
        ...{ bootstrap, application, input, output, stateFolder: folder, threads: THREADS },
        ...{ epochMs: BYTEWAX_EPOCH_MS, batch: BYTEWAX_BATCH, windowMs: WINDOW_MS, graceMs: GRACE_MS },
      });
      return { program: python, arguments: args, group: application };
    },
  };
}
