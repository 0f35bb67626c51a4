/** chain: trust.accepted → trust.log and trust.checkpoints. What it keeps: chain.ts. */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { TrustLogTopics } from '../../schemas/topics/index.ts';
import { type ChainOptions, ChainTask, chainState } from './chain.ts';

export type { ChainOptions } from './chain.ts';

export const CHAIN_DEFAULTS: Omit<ChainOptions, 'key'> = { entries: 1_000, intervalMs: 60_000 };

export function chainActor({ accepted, log, checkpoints }: TrustLogTopics, options: ChainOptions): AnyActor {
  return defineActor({
    name: 'chain',
    inputs: { accepted },
    outputs: { log, checkpoints },
    state: chainState,
    open: (context) => new ChainTask(context, options),
  });
}
