/** Outcomes as HTTP: the status of each code, and a body that names code, field and offset. */
import type { ErrorCode } from '../../engine/index.ts';
import type { Outcome, Refused } from '../intake/index.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
  ATTESTATION_REQUIRED: 403,
  CLOSED: 503,
  DEPENDENCY_DOWN: 503,
  DEVICE_REVOKED: 403,
  FRAME_TOO_LARGE: 413,
  INTAKE_BUSY: 503,
  NOT_AUTHENTICATED: 401,
  QUOTA_EXCEEDED: 507,
  RATE_LIMITED: 429,
  TOPIC_REFUSED: 403,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 400;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export function answerRefused(refused: Refused, status: number = statusOf(refused.code)): Answer {
  const headers: Record<string, string> = {};
  if (refused.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(refused.retryAfterMs / 1000));
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="msec", Basic realm="msec"';
  return { status, headers, body: bodyOf(refused) };
}

export function answerFrame(outcome: Outcome): Answer {
  return outcome.isAccepted ? { status: 202, headers: {}, body: bodyOf(outcome) } : answerRefused(outcome);
}

/** 202 when every frame was accepted, 207 when some were; with none, the first refusal's status. */
export function answerBatch(outcomes: readonly Outcome[]): Answer {
  const refused = outcomes.filter((outcome) => !outcome.isAccepted);
  const body = { accepted: outcomes.length - refused.length, outcomes: outcomes.map(bodyOf) };
  const [first] = refused;
  if (first === undefined) return { status: 202, headers: {}, body };
  const longest = Math.max(...refused.map((each) => each.retryAfterMs ?? 0));
  const { status, headers } = answerRefused(longest > 0 ? { ...first, retryAfterMs: longest } : first);
  return { status: refused.length === outcomes.length ? status : 207, headers, body };
}

function bodyOf(outcome: Outcome): unknown {
  if (outcome.isAccepted) return { partition: outcome.partition, offset: outcome.offset, id: outcome.id };
  const { code, message, field, byteOffset, retryAfterMs } = outcome;
  return { code, message, field, byteOffset, retryAfterMs };
}
