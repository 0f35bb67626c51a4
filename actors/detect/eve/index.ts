/** EVE records with Suricata's field names, written as lines. */
export { AboutRules } from './about-rule.ts';
export { writeAlert } from './alert-record.ts';
export { EveLine } from './eve-line.ts';
export { type AlertOptions, type AnomalyOptions, EVE_DEFAULTS, type EveOptions } from './eve-options.ts';
export type { EveRecord } from './eve-record.ts';
export { writeFlowEnd } from './flow-end-record.ts';
export { writePacketAnomalies } from './packet-anomalies.ts';
export { flowId } from './record.ts';
export { writeTagged } from './tagged-record.ts';
export { timestamp } from './text.ts';
export { type Place, writeAnomaly, writeFile, writeRecognition, writeTransaction } from './transaction-record.ts';
export { writeVerdict } from './verdict-record.ts';
