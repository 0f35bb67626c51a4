/** The sensor as the main job has it, alone: one partition of network.packets. */
import { readFileSync } from 'node:fs';
import { detectActor } from '../../../actors/detect/index.ts';
import type { TopologyDefinition } from '../../../engine/index.ts';
import { networkTopics } from '../../../schemas/topics/index.ts';
import { detectOptionsOf } from '../../../services/detection/index.ts';

export interface ActorTopologyOptions {
  readonly rules: string;
}

const MEGABYTE = 1024 * 1024;

export function actorTopology({ rules }: ActorTopologyOptions): TopologyDefinition {
  const options = detectOptionsOf({
    rules: [{ name: rules, text: readFileSync(rules, 'latin1') }],
    homeNet: [],
    classification: null,
    thresholds: null,
    tellsAll: true,
    tellsVerdicts: true,
    midstream: false,
    validatesChecksums: true,
    flowMemoryBytes: 128 * MEGABYTE,
    streamMemoryBytes: 256 * MEGABYTE,
    replayBytesMax: 64 * MEGABYTE,
    bundlesFolder: null,
  });
  return { name: 'bench', partitions: 1, actors: [detectActor(networkTopics(), options)] };
}

/** The entry that each worker imports. */
export default (options: unknown): TopologyDefinition => actorTopology(options as ActorTopologyOptions);
