/**
 * The topology of the main job: frames → verify → decode → readings → windows, and the actors that the configuration
 * adds. Main thread and workers each make it from the same plain data.
 */
import { fileURLToPath } from 'node:url';
import { aggregateActor } from '../../actors/aggregate/index.ts';
import { attestActor } from '../../actors/attest/index.ts';
import { CHAIN_DEFAULTS, chainActor } from '../../actors/chain/index.ts';
import { decodeActor } from '../../actors/decode/index.ts';
import { type JudgeOptions, judgeActors } from '../../actors/judge/index.ts';
import { type TrustOptions, trustActor } from '../../actors/trust/index.ts';
import { verifyActor } from '../../actors/verify/index.ts';
import { type AnyActor, MsecError, systemClock, type TopologyDefinition } from '../../engine/index.ts';
import { compileFrameDescription, type FrameTypes, frameTypes } from '../../schemas/index.ts';
import {
  type DeviceTopics,
  deviceTopics,
  judgeTopics,
  networkTopics,
  type ReputationTopics,
  reputationTopics,
  trustLogTopics,
  trustTopics,
} from '../../schemas/topics/index.ts';
import { type AttestationJob, attestOptionsOf } from '../attestation/index.ts';
import { DayKeyFiles } from '../day-keys/index.ts';
import type { DetectionJob } from '../detection/index.ts';
import { SessionKeyFiles } from '../session-keys/index.ts';
import { readLogKey } from '../trust-audit/index.ts';

export interface MainJobConfig {
  readonly partitions: number;
  /** Folder of the day keys. */
  readonly keysFolder: string;
  /** Whether other processes make keys, too: one that is not there yet makes its records wait. */
  readonly areKeysShared: boolean;
  /** Descriptions of further frame types: file names for messages, and their YAML. */
  readonly frames: readonly { readonly file: string; readonly text: string }[];
  /** URLs of modules whose default export makes an actor from the topics. */
  readonly actors: readonly string[];
  readonly windowMs: number;
  readonly graceMs: number;
  /** 'off' for benchmarks alone. */
  readonly signatures: 'required' | 'off';
  /** Of a device that contradicts itself: whether nothing of it passes, or its readings are marked. */
  readonly conflicts: 'quarantine' | 'mark';
  /** How devices have to prove their state; null where all verified frames pass. */
  readonly attestation: AttestationJob | null;
  /** How interactions become trust; null where there are none. */
  readonly trust: TrustOptions | null;
  /** How interactions that counted are logged; null where they are not. */
  readonly trustLog: { readonly checkpointMs: number } | null;
  /** How readings become interactions; null where they do not. */
  readonly judge: JudgeOptions | null;
  /** By what captured packets are examined; null where they are not. */
  readonly detection: DetectionJob | null;
  /** What becomes of frames in another partition than their device's; null where only the bridges write them. */
  readonly foreignPartitioning: 'refuse' | 'repartition' | null;
  /** Public topics that are not to be written; for benchmarks. */
  readonly omit: readonly string[];
  readonly fuse: boolean;
}

export const MAIN_JOB_CONFIG: Omit<MainJobConfig, 'keysFolder'> = {
  partitions: 8,
  areKeysShared: false,
  frames: [],
  actors: [],
  windowMs: 60_000,
  graceMs: 10_000,
  signatures: 'required',
  conflicts: 'quarantine',
  attestation: null,
  trust: null,
  trustLog: null,
  judge: null,
  detection: null,
  foreignPartitioning: null,
  omit: [],
  fuse: true,
};

/** What the module of an added actor exports by default. */
export type ActorModule = (topics: DeviceTopics) => AnyActor;

export const APPLICATION = 'city';

export async function mainJobTopology(config: MainJobConfig): Promise<TopologyDefinition> {
  const types = frameTypes(config.frames.map(({ file, text }) => compileFrameDescription(text, file)));
  const topics = topicsOf(config, types);
  const keys = new DayKeyFiles(config.keysFolder, systemClock, config.areKeysShared);
  const trust = config.attestation === null ? null : trustTopics();
  const reputation = reputationTopics();
  const judged = config.trust === null || config.judge === null ? {} : { interactions: reputation.interactions };
  const added = await Promise.all(config.actors.map((url) => addedActor(url, topics)));
  return {
    name: APPLICATION,
    partitions: config.partitions,
    fuse: config.fuse,
    omit: config.omit,
    actors: [
      verifyActor(trust === null ? topics : { ...topics, quarantine: trust.quarantine }, {
        keys,
        receiverKeys: new SessionKeyFiles(config.keysFolder),
        signatures: config.signatures,
        conflicts: config.conflicts,
      }),
      decodeActor(topics, { types, keys }),
      aggregateActor(topics, { types, windowMs: config.windowMs, graceMs: config.graceMs }),
      ...(config.attestation === null || trust === null
        ? []
        : [attestActor({ ...topics, ...trust, ...judged }, attestOptionsOf(config.attestation))]),
      ...(config.trust === null ? [] : reputationActors(config, config.trust, { ...topics, ...reputation })),
      ...(config.detection === null ? [] : [await detection(config.detection)]),
      ...added,
    ],
  };
}

/** It is as much code as all of the rest: loaded where it is wanted. */
async function detection(job: DetectionJob): Promise<AnyActor> {
  const [{ detectActor }, { detectOptionsOf }] = await Promise.all([
    import('../../actors/detect/index.ts'),
    import('../detection/index.ts'),
  ]);
  return detectActor(networkTopics(), detectOptionsOf(job));
}

function reputationActors(
  { trustLog, judge, keysFolder }: MainJobConfig,
  trust: TrustOptions,
  topics: DeviceTopics & ReputationTopics,
): readonly AnyActor[] {
  const log = trustLog === null ? null : { ...trustLogTopics(), checkpointMs: trustLog.checkpointMs };
  return [
    trustActor(topics, trust, log?.accepted),
    ...(log === null
      ? []
      : [chainActor(log, { ...CHAIN_DEFAULTS, intervalMs: log.checkpointMs, key: readLogKey(keysFolder) })]),
    ...(judge === null ? [] : judgeActors({ ...topics, ...judgeTopics() }, judge)),
  ];
}

function topicsOf({ foreignPartitioning }: MainJobConfig, types: FrameTypes): DeviceTopics {
  const topics = deviceTopics(types);
  return foreignPartitioning === null ? topics : { ...topics, frames: { ...topics.frames, foreignPartitioning } };
}

async function addedActor(url: string, topics: DeviceTopics): Promise<AnyActor> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(url)) as { readonly default?: unknown };
  } catch (cause) {
    const why = whyOf(cause);
    throw new MsecError('CONFIG_INVALID', `The actor ${pathOf(url)} cannot be loaded: ${why}`, {
      field: 'actors',
      cause,
    });
  }
  if (typeof module.default !== 'function')
    throw new MsecError(
      'CONFIG_INVALID',
      `The actor ${pathOf(url)} has no default export that is a function of the topics.`,
      {
        field: 'actors',
      },
    );
  try {
    return (module.default as ActorModule)(topics);
  } catch (cause) {
    if (cause instanceof MsecError) throw cause;
    throw new MsecError('ACTOR_FAILED', `The actor ${pathOf(url)} failed while it was made: ${whyOf(cause)}`, {
      cause,
    });
  }
}

/** With the line of a mistake in its types' syntax, which Node puts before the stack. */
function whyOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const line = /^\S+:(\d+)\n/.exec(cause.stack ?? '')?.[1];
  return line === undefined ? cause.message : `line ${line}: ${cause.message}`;
}

const pathOf = (url: string): string => (url.startsWith('file:') ? fileURLToPath(url) : url);

/** The entry that each worker imports. */
export default (config: unknown): Promise<TopologyDefinition> => mainJobTopology(config as MainJobConfig);
