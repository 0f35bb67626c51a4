/**
 * A policy session: it holds what has been shown to the TPM (the state of PCRs, somebody's password) and authorizes one
 * command with it. It has no key of its own; the HMAC session beside it keeps the bus out.
 */
export interface PolicySession {
  readonly handle: number;
}
