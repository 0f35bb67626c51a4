/** Bundles of detection rules on their way from whoever pushes them to the workers. */
export { type CheckBundle, checkInThread } from './bundle-check.ts';
export type { CheckedBundle } from './check-messages.ts';
export { type RollBackOrder, signOrder } from './roll-back-order.ts';
export { PREPARE_MS, type RollBack, RuleDesk, type RuleDeskOptions, type RuleTurn } from './rule-desk.ts';
export { RuleFiles } from './rule-files.ts';
export { type RuleOverview, readOverview } from './rule-overview.ts';
