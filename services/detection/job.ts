/** Intrusion detection as the main job is told of it: plain data, from which each thread makes its rules. */
import {
  type AcceptedRule,
  type DetectOptions,
  type RefusedRule,
  type RuleFile,
  readClasses,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  variables,
} from '../../actors/detect/index.ts';
import { MsecError, systemClock } from '../../engine/index.ts';
import { RuleFiles } from '../ids-rules/index.ts';

export interface DetectionJob {
  readonly rules: readonly RuleFile[];
  /** Networks in CIDR form; empty: those of Suricata's own configuration. */
  readonly homeNet: readonly string[];
  readonly classification: RuleFile | null;
  readonly thresholds: RuleFile | null;
  readonly tellsAll: boolean;
  readonly tellsVerdicts: boolean;
  readonly midstream: boolean;
  readonly validatesChecksums: boolean;
  readonly flowMemoryBytes: number;
  readonly streamMemoryBytes: number;
  readonly replayBytesMax: number;
  /** Where bundles of rules lie; null: none are taken. */
  readonly bundlesFolder: string | null;
}

export function rulesOf(job: DetectionJob): {
  readonly accepted: readonly AcceptedRule[];
  readonly refused: readonly RefusedRule[];
} {
  return readRules(job.rules, variablesOf(job));
}

/** CONFIG_INVALID for a threshold file that says nothing sensible. */
export function detectOptionsOf(job: DetectionJob): DetectOptions {
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  return {
    rules: () => rulesOf(job).accepted,
    ...(job.bundlesFolder === null ? {} : { bundles: new RuleFiles(job.bundlesFolder), clock: systemClock }),
    sensor: {
      tellsAll: job.tellsAll,
      protocols,
      traffic: {
        ...traffic,
        flow: { ...traffic.flow, memoryBytes: job.flowMemoryBytes },
        stream: { ...traffic.stream, midstream: job.midstream, memoryBytes: job.streamMemoryBytes },
        validatesChecksums: job.validatesChecksums,
      },
      inspect: {
        ...inspect,
        ...(job.classification === null ? {} : { classes: readClasses(job.classification.text) }),
        thresholds: thresholdsOf(job),
      },
    },
    tellsVerdicts: job.tellsVerdicts,
    replayBytesMax: job.replayBytesMax,
  };
}

function thresholdsOf(job: DetectionJob): ReturnType<typeof readThresholds>['lines'] {
  if (job.thresholds === null) return [];
  const { name, text } = job.thresholds;
  const { lines, mistakes } = readThresholds(text, variablesOf(job));
  if (mistakes.length === 0) return lines;
  const says = mistakes.map((mistake) => `${name}:${mistake.line}: ${mistake.says}`).join('; ');
  throw new MsecError('CONFIG_INVALID', says, { field: 'ids.thresholds' });
}

const variablesOf = ({ homeNet }: DetectionJob): ReturnType<typeof variables> =>
  variables(homeNet.length === 0 ? {} : { HOME_NET: `[${homeNet.join(',')}]` });
