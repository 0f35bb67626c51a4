/** What the store holds for a topic, and which configurations are allowed. */
import { MsecError } from '../../base/index.ts';
import type { TopicConfig } from '../port.ts';

export interface TopicRecord {
  /** Of partition 0; partition p has id + p. Never reused. */
  readonly id: number;
  readonly config: TopicConfig;
}

/** CONFIG_INVALID with the field. */
export function checkTopicConfig(config: TopicConfig): void {
  const { name, partitions, retentionMs, retentionBytes, segmentBytes } = config;
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') {
    throw invalid('name', `${JSON.stringify(name)} is no topic name`);
  }
  if (!Number.isInteger(partitions) || partitions < 1) throw invalid('partitions', `${name}: ${partitions} partitions`);
  for (const [field, value] of Object.entries({ retentionMs, retentionBytes, segmentBytes })) {
    if (value !== undefined && !(value > 0)) throw invalid(field, `${name}: ${field} is ${value}`);
  }
}

function invalid(field: string, message: string): MsecError {
  return new MsecError('CONFIG_INVALID', message, { field });
}

/** Without the optional fields that are absent, so that it survives JSON unchanged. */
export function plainConfig(config: TopicConfig): TopicConfig {
  return JSON.parse(JSON.stringify(config)) as TopicConfig;
}
