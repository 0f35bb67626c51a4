/**
 * What an operator orders of a provider's standing: a value of trust.commands, whose key is the trustee. JSON, checked
 * strictly: it is the control plane.
 */
import { MsecError } from '../../engine/base/index.ts';

/** grant and refuse answer an appeal; ban blacklists for good, by hand. */
export type StandingAction = 'grant' | 'refuse' | 'ban';
export const STANDING_ACTIONS: readonly StandingAction[] = ['grant', 'refuse', 'ban'];

export interface StandingCommand {
  readonly version: 1;
  /** One that comes again is done once. */
  readonly id: string;
  readonly service: string;
  readonly action: StandingAction;
  /** An operator's name. */
  readonly by: string;
  readonly why: string;
}

const ID_CHARS_MAX = 64;
const SERVICE_CHARS_MAX = 128;
const TEXT_CHARS_MAX = 500;
const FIELDS = ['version', 'id', 'service', 'action', 'by', 'why'];

export function encodeStandingCommand(command: StandingCommand): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(checkStandingCommand(command))) as Uint8Array<ArrayBuffer>;
}

/** VALUE_INVALID. */
export function decodeStandingCommand(bytes: Uint8Array, start = 0, end = bytes.length): StandingCommand {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end)));
  } catch (cause) {
    throw new MsecError('VALUE_INVALID', 'standing command: not JSON in UTF-8', { byteOffset: 0, cause });
  }
  return checkStandingCommand(value);
}

/** VALUE_INVALID with the field. */
export function checkStandingCommand(value: unknown): StandingCommand {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('record', 'must be an object');
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) if (!FIELDS.includes(name)) throw invalid(name, 'is not a field');
  const { version } = fields;
  if (version !== 1) throw invalid('version', 'must be 1');
  const action = STANDING_ACTIONS.find((known) => known === fields.action);
  if (action === undefined) throw invalid('action', `must be one of ${STANDING_ACTIONS.join(', ')}`);
  return {
    version,
    id: text(fields, 'id', ID_CHARS_MAX),
    service: text(fields, 'service', SERVICE_CHARS_MAX),
    action,
    by: text(fields, 'by', TEXT_CHARS_MAX),
    why: text(fields, 'why', TEXT_CHARS_MAX),
  };
}

function text(fields: Record<string, unknown>, field: string, most: number): string {
  const value = fields[field];
  if (typeof value !== 'string' || value.trim() === '' || value.length > most)
    throw invalid(field, `must be text of 1 to ${most} characters`);
  return value;
}

function invalid(field: string, says: string): MsecError {
  return new MsecError('VALUE_INVALID', `standing command, ${field}: ${says}`, { field });
}
