/** What a command can be about: something with a handle, a Name, and a value that authorizes its use. */
import { NO_BYTES } from '../../schemas/tpm/index.ts';
import type { PolicySession } from './policy-session.ts';

export interface Entity {
  readonly handle: number;
  /** Goes into each command's HMAC: nobody on the bus can put another object in its place. */
  readonly name: Uint8Array;
  /** The authorization value (a password); empty where none was set. */
  readonly auth: Uint8Array;
  /** Set where a policy session authorizes instead. */
  readonly policy?: PolicySession;
}

export function handleBytes(handle: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(handle);
  return bytes;
}

/** A TPM forgets zero bytes at the end of a password. */
export function trimmedAuth(auth: Uint8Array | string): Buffer {
  const bytes = Buffer.from(auth as Uint8Array);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

/** A hierarchy, a PCR or a session: its handle is its Name. */
export function permanent(handle: number, auth: Uint8Array | string = NO_BYTES): Entity {
  return { handle, name: handleBytes(handle), auth: trimmedAuth(auth) };
}

export function withPolicy<T extends Entity>(entity: T, policy: PolicySession): T & { readonly policy: PolicySession } {
  return { ...entity, policy };
}
