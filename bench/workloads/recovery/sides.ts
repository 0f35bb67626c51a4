/** The two sides of W9: where each keeps its state and how it is started. */
import { join } from 'node:path';
import { programPath } from '../../../test/support/needs.ts';
import { type RunningProcess, startProcess } from '../../load/running-process.ts';
import { streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { startEngineProcess } from '../latency/sides.ts';
import type { DecodeTopology } from '../latency/topology.ts';

export const COMMIT_MS = 100;
const THREADS = 2;

/** Of the peer: a restart under the same name moves no partition, and restoring takes what the disk gives. */
export const STREAMS_STATIC: Readonly<Record<string, string>> = {
  'main.consumer.group.instance.id': 'recovery',
  'restore.consumer.max.poll.records': '20000',
  'restore.consumer.max.partition.fetch.bytes': String(4 * 1024 * 1024),
  'restore.consumer.fetch.max.bytes': String(64 * 1024 * 1024),
};

export interface RecoverySideOptions {
  readonly kind: 'ours' | 'streams';
  readonly bootstrap: string;
  readonly folder: string;
  readonly classPath: string;
  readonly partitions: number;
}

export class RecoverySide {
  readonly kind: 'ours' | 'streams';
  readonly application: string;
  readonly input: string;
  readonly output: string;
  /** Of the offsets that it commits. */
  readonly group: string;
  readonly stateFolder: string;
  readonly #options: RecoverySideOptions;
  #process: RunningProcess | null = null;

  constructor(options: RecoverySideOptions) {
    const { kind, folder } = options;
    this.#options = options;
    this.kind = kind;
    this.application = `w9-${kind}`;
    this.input = `${this.application}.frames`;
    this.output = `${this.application}.seen`;
    this.group = kind === 'ours' ? `${this.application}.seen` : this.application;
    this.stateFolder = join(folder, `state-${kind}`);
  }

  async start(): Promise<RunningProcess> {
    this.#process = await (this.kind === 'ours' ? this.#startOurs() : this.#startStreams());
    return this.#process;
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async #startOurs(): Promise<RunningProcess> {
    const { bootstrap, partitions } = this.#options;
    const { application, input, output } = this;
    const config: DecodeTopology = { application, partitions, input, output };
    return await startEngineProcess({
      bootstrap,
      topologyModule: new URL('./topology.ts', import.meta.url).href,
      config,
      workers: THREADS,
      stateFolder: this.stateFolder,
      options: { commitIntervalMs: COMMIT_MS },
      member: { topic: input, instanceId: 'recovery' },
    });
  }

  async #startStreams(): Promise<RunningProcess> {
    const { bootstrap, classPath } = this.#options;
    const { application, input, output, stateFolder } = this;
    const set = Object.fromEntries(Object.entries(STREAMS_STATIC).map(([name, value]) => [`set.${name}`, value]));
    const settings = {
      bootstrap,
      application,
      input,
      output,
      stateFolder,
      threads: THREADS,
      commitMs: COMMIT_MS,
      ...set,
    };
    return await startProcess(programPath('java'), streamsArguments(classPath, settings, 'RecoveryPeer'));
  }
}
