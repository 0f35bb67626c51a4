/** Exit codes that scripts can rely on, the numbers of BSD's sysexits.h. docs/reference/cli.md prints this table. */
import type { ErrorCode } from '../engine/base/index.ts';

export const EXIT = {
  ok: { code: 0, says: 'done' },
  forced: { code: 1, says: 'stopped before it had drained: by a third signal, or after 25 s' },
  usage: { code: 64, says: 'the command line is wrong' },
  data: { code: 65, says: 'the data is wrong: a frame, a record, a request' },
  noInput: { code: 66, says: 'the named file, device, topic or letter does not exist' },
  unavailable: { code: 69, says: 'something that is needed does not answer or is taken: a port, a running engine' },
  software: { code: 70, says: 'a bug in msec, or in an actor that was added' },
  cannotCreate: { code: 73, says: 'the data folder or a named file cannot be written, or another process has it' },
  config: { code: 78, says: 'the configuration is wrong; each mistake is printed with its line' },
} as const satisfies Record<string, { readonly code: number; readonly says: string }>;

export type ExitName = keyof typeof EXIT;

const BY_ERROR: Partial<Record<ErrorCode, ExitName>> = {
  CONFIG_INVALID: 'config',
  POLICY_INVALID: 'config',
  TOPOLOGY_INVALID: 'config',
  TOPIC_CONFLICT: 'config',
  SCHEMA_INCOMPATIBLE: 'config',
  DATA_UNUSABLE: 'cannotCreate',
  LOG_LOCKED: 'cannotCreate',
  DEPENDENCY_DOWN: 'unavailable',
  PORT_TAKEN: 'unavailable',
  NOT_AUTHENTICATED: 'unavailable',
  QUOTA_EXCEEDED: 'unavailable',
  DEVICE_UNKNOWN: 'noInput',
  TOPIC_UNKNOWN: 'noInput',
  OFFSET_OUT_OF_RANGE: 'noInput',
  ASSERTION_FAILED: 'software',
  ACTOR_FAILED: 'software',
};

/** The exit code that an error stands for. */
export function exitFor(code: ErrorCode, kind: 'input' | 'operating' | 'bug'): number {
  const name = BY_ERROR[code] ?? (kind === 'input' ? 'data' : kind === 'operating' ? 'unavailable' : 'software');
  return EXIT[name].code;
}
