/**
 * ids.rules: bundles of detection rules and which of them is in force. Compacted, one partition: every process reads it
 * whole. No actor's, so no plan makes it.
 */
import type { TopicConfig } from '../../engine/index.ts';

export const IDS_RULES = 'ids.rules';

export const idsRulesConfig = (): TopicConfig => ({ name: IDS_RULES, partitions: 1, cleanup: 'compact' });
