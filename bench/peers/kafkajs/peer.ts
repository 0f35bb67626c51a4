/** kafkajs as a peer, without a framework around it. */
import { join } from 'node:path';

export interface KafkajsTask {
  readonly bootstrap: string;
  /** The group and the beginning of the transactional ids. */
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly changelog: string;
  readonly guarantee: 'at_least_once' | 'exactly_once';
  readonly threads: number;
  /** Which of them: set by main.ts. */
  readonly thread?: number;
  /** Of a partition, at once. */
  readonly fetchBytes: number;
  readonly commitMs: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

export function kafkajsArguments(task: KafkajsTask): string[] {
  // Its timers go below zero.
  return ['--disable-warning=TimeoutNegativeWarning', join(import.meta.dirname, 'main.ts'), JSON.stringify(task)];
}
