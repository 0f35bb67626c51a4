/**
 * Takes a response apart (part 1, 18): header, handle, parameters, authorization area.
 *
 *   response = tag u16 · size u32 · code u32 · [handle u32] · [parameterSize u32] · parameters · [auth area]
 *   auth     = nonceTPM 2B · attributes u8 · hmac 2B
 *
 * Without sessions there is neither parameterSize nor auth area; a refusal is a header alone.
 */
import { invalidResponse, ST_NO_SESSIONS, ST_SESSIONS, TpmReader } from '../../schemas/tpm/index.ts';
import { type ResponseAuth, readResponseAuth } from './hmac-session.ts';
import { tpmRefused } from './tpm-error.ts';

export interface Response {
  /** 0 where the command makes none. */
  readonly handle: number;
  readonly parameters: Buffer;
  readonly auths: readonly ResponseAuth[];
}

export interface Expected {
  readonly command: string;
  readonly hasHandle: boolean;
  readonly sessions: number;
  /** Told of the handle as soon as it is known: it must be flushed even where the rest cannot be read. */
  readonly onHandle?: (handle: number) => void;
}

const SUCCESS = 0;
/** How a TPM answers a command whose tag it does not know (TPM_ST_RSP_COMMAND, with TPM_RC_BAD_TAG). */
const ST_RSP_COMMAND = 0x00c4;

/** TPM_REFUSED where the TPM said no, TPM_RESPONSE_INVALID where this answers no such command. */
export function parseResponse(bytes: Uint8Array, expected: Expected): Response {
  const { command, hasHandle, sessions, onHandle } = expected;
  const reader = new TpmReader(bytes, `response to TPM2_${command}`);
  const tag = reader.u16('tag');
  if (reader.u32('size') !== bytes.length) throw reader.wrong('size', 'differs from the length of the response', 2);
  const code = reader.u32('code');
  if (code !== SUCCESS) {
    if (tag !== ST_NO_SESSIONS && tag !== ST_RSP_COMMAND) throw reader.wrong('tag', 'is none of a refusal', 0);
    reader.end();
    throw tpmRefused(command, code);
  }
  if (tag !== (sessions > 0 ? ST_SESSIONS : ST_NO_SESSIONS)) throw reader.wrong('tag', 'is not that of the command', 0);
  const handle = hasHandle ? reader.u32('handle') : 0;
  if (hasHandle) onHandle?.(handle);
  if (sessions === 0) return { handle, parameters: reader.rest('parameters'), auths: [] };
  const parameters = reader.bytes(reader.u32('parameter size'), 'parameters');
  const auths = Array.from({ length: sessions }, () => readResponseAuth(reader));
  reader.end();
  return { handle, parameters, auths };
}

/** The code of a response that may be a refusal, for those that decide by it. */
export function codeOf(bytes: Uint8Array): number {
  if (bytes.length < 10) throw invalidResponse('the response ends before its code does');
  return new TpmReader(bytes.subarray(6), 'response').u32('code');
}
