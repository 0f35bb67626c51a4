/** detect: intrusion detection by rules of Suricata's language, equal to Suricata alert for alert. */
export { type DetectOptions, detectActor } from './actor/index.ts';
export {
  BUNDLE_BYTES_MAX,
  BUNDLE_NAME,
  BUNDLE_VERSION_MAX,
  type BundleFile,
  type BundleFileKind,
  type BundleManifest,
  type BundleSource,
  compilingBundle,
  filesOf,
  nameOf,
  type OpenedBundle,
  openBundle,
  packBundle,
  peekBundle,
  type RefusedBundle,
  type RuleChange,
  RuleShop,
  RulesInForce,
  signBundle,
} from './bundle/index.ts';
export { CapturedPacket, CaptureReader } from './capture/index.ts';
export {
  type AlertOptions,
  type AnomalyOptions,
  EVE_DEFAULTS,
  EveLine,
  type EveOptions,
  type EveRecord,
} from './eve/index.ts';
export { laneOf } from './flow/index.ts';
export {
  type Attempt,
  CompiledRules,
  compileRules,
  Explainer,
  type RuleClass,
  RuleLine,
  readClasses,
  readThresholds,
  type ThresholdLine,
} from './inspect/index.ts';
export { LATER_FORMS } from './protocols/index.ts';
export { groupMistake } from './rules/group-mistake.ts';
export { REFUSED_LATER, REFUSED_SEVEN } from './rules/keywords/refused.ts';
export type { KeywordRow } from './rules/keywords/row.ts';
export { KEYWORD_GROUPS } from './rules/keywords/table.ts';
export { LIST_BYTES_MAX, listLines, listNames, type RuleGivens, readEntries } from './rules/lists.ts';
export { type Reputation, readReputation } from './rules/reputation.ts';
export { RULE_FILE_BYTES_MAX } from './rules/rule-lines.ts';
export { RuleMistake } from './rules/rule-mistake.ts';
export { type AcceptedRule, type RefusedRule, type RuleFile, type RuleSet, readRules } from './rules/rule-set.ts';
export { type DataSet, entriesWithin, ROWS as SET_ROWS, SET_TYPES, type SetType, writtenEntry } from './rules/sets.ts';
export { type Variables, variables } from './rules/variables.ts';
export { SENSOR_DEFAULTS, Sensor, type SensorOptions } from './sensor/index.ts';
