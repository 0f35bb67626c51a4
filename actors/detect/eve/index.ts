/** EVE records with Suricata's field names. */
export { alertRecord } from './alert-record.ts';
export { type AlertOptions, EVE_DEFAULTS, type EveOptions } from './eve-options.ts';
export type { EveRecord } from './eve-record.ts';
export { flowEndRecord } from './flow-end-record.ts';
export { flowId } from './record.ts';
export { taggedRecord } from './tagged-record.ts';
export { timestamp } from './text.ts';
export { anomalyRecord, fileRecord, type Place, recognitionRecord, transactionRecords } from './transaction-record.ts';
export { verdictRecord } from './verdict-record.ts';
