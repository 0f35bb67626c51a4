/** Rules against traffic: what is asked when, and what becomes of a match. */
export type { AddressMemory, MemoryItem } from './address-memory.ts';
export type { Alert, Verdict } from './alerts.ts';
export { Answers } from './answers.ts';
export { DEFAULT_CLASSES, type RuleClass, readClasses } from './classes.ts';
export { CompiledRules, compileRules, compiling, RuleLine, type RuleSurroundings } from './compiled-rules.ts';
export { type Attempt, Explainer } from './explainer.ts';
export { streamEventsOf } from './flow-facts.ts';
export { FlowMemory, isComplete, type TransactionMemory, type Variables } from './flow-memory.ts';
export { INSPECT_DEFAULTS, type InspectOptions, Inspector, type Observe } from './inspector.ts';
export type { Signature } from './signature.ts';
export type { Situation } from './situation.ts';
export { readThresholds, type ThresholdLine } from './threshold-file.ts';
