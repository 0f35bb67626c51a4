/** The trust actor alone, as the main job has it. */
import { trustActor } from '../../actors/trust/index.ts';
import type { TopologyDefinition } from '../../engine/index.ts';
import { reputationTopics } from '../../schemas/topics/index.ts';

export interface TrustTopologyOptions {
  readonly isTold: boolean;
}

/** Event time of what is measured, so that some 200,000 interactions are known at once. */
export const PER_SECOND = 20_000;
const HORIZON_MS = 10_000;

export function trustTopology({ isTold }: TrustTopologyOptions): TopologyDefinition {
  return {
    name: 'bench',
    partitions: 1,
    actors: [
      trustActor(reputationTopics(), {
        services: ['temperature'],
        smallHalfLifeMs: 3_600_000,
        bigHalfLifeMs: 86_400_000,
        horizonMs: HORIZON_MS,
        aheadMs: 60_000,
        idsMax: 1_000_000,
        forgetMs: 64 * 86_400_000,
        isTold,
      }),
    ],
  };
}

/** The entry that each worker imports. */
export default (options: unknown): TopologyDefinition => trustTopology(options as TrustTopologyOptions);
