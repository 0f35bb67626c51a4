/**
 * What became of a device's held frames: a record of the topic device.decisions, which is the audit of all of them. JSON,
 * checked strictly: it is the control plane. Of one decision there may be several, the last of which is done.
 */
import { MsecError } from '../../engine/base/index.ts';
import { isDeviceId } from '../envelope/index.ts';

export type DecisionKind = 'release' | 'drop';

export interface Decision {
  readonly version: 1;
  readonly device: string;
  readonly decision: DecisionKind;
  /** Who decided: an operator's name, or `policy`. */
  readonly by: string;
  /** Unix milliseconds, when it was decided. */
  readonly at: number;
  readonly why: string;
  /** Offsets in the device's partition of device.quarantine: its frames in [from, to) are done with. */
  readonly from: number;
  readonly to: number;
  /** Up to where the decision goes, exclusive: the end of the partition when it was made. */
  readonly end: number;
  /** Frames in [from, to). */
  readonly frames: number;
  /** Released ones of these whose day key was destroyed by then: they end as dead letters, KEY_DESTROYED. */
  readonly unreadable?: number;
}

const TEXT_CHARS_MAX = 500;
const FIELDS = ['version', 'device', 'decision', 'by', 'at', 'why', 'from', 'to', 'end', 'frames', 'unreadable'];

export function encodeDecision(decision: Decision): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(checkDecision(decision))) as Uint8Array<ArrayBuffer>;
}

/** VALUE_INVALID. */
export function decodeDecision(bytes: Uint8Array, start = 0, end = bytes.length): Decision {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end)));
  } catch (cause) {
    throw new MsecError('VALUE_INVALID', 'decision: not JSON in UTF-8', { byteOffset: 0, cause });
  }
  return checkDecision(value);
}

/** VALUE_INVALID with the field. */
export function checkDecision(value: unknown): Decision {
  if (typeof value !== 'object' || value === null) throw invalid('record', 'must be an object');
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) if (!FIELDS.includes(name)) throw invalid(name, 'is not a field');
  const { version, device, decision, by, why } = fields;
  if (version !== 1) throw invalid('version', 'must be 1');
  if (typeof device !== 'string' || !isDeviceId(device)) throw invalid('device', 'must be the id of a device');
  if (decision !== 'release' && decision !== 'drop') throw invalid('decision', 'must be release or drop');
  const [from, to, end] = [count(fields, 'from'), count(fields, 'to'), count(fields, 'end')];
  if (from > to || to > end) throw invalid('to', 'must lie between from and end');
  return {
    version,
    device,
    decision,
    by: text(by, 'by', 1),
    at: count(fields, 'at'),
    why: text(why, 'why', 0),
    from,
    to,
    end,
    frames: count(fields, 'frames'),
    ...(fields.unreadable === undefined ? {} : { unreadable: count(fields, 'unreadable') }),
  };
}

function text(value: unknown, field: string, least: number): string {
  if (typeof value !== 'string' || value.length < least || value.length > TEXT_CHARS_MAX)
    throw invalid(field, `must be text of ${least} to ${TEXT_CHARS_MAX} characters`);
  return value;
}

function count(fields: Record<string, unknown>, field: string): number {
  const value = fields[field];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(field, 'must be a whole number');
  return value as number;
}

function invalid(field: string, says: string): MsecError {
  return new MsecError('VALUE_INVALID', `decision, ${field}: ${says}`, { field });
}
