/** Holds the log of interactions, its checkpoints and the published scores against each other. */
export { type AuditOptions, auditPartition, checkpointsOf, type PartitionAudit, pairOf } from './audit.ts';
export type { ChainResult, Fault, FaultKind } from './chain-check.ts';
export type { CheckedPair, ScoreFault } from './comparison.ts';
export type { ExactScore, HalfLives } from './exact-score.ts';
export type { StandingTerms } from './exact-standing.ts';
export { type Influence, influences } from './influence.ts';
export { ensureLogKey, publicLogKey, readLogKey } from './log-key.ts';
export { type Proven, proofOf } from './prove.ts';
export { ProviderReplay } from './provider-replay.ts';
export { type Logged, ScoreBook, type Wanted } from './score-book.ts';
