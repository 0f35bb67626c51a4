/**
 * The port to a TPM's bytes: one command out, one response back. The layer above never has two commands on their way.
 */
export interface TpmTransport {
  /** As tpm2-tools write it: device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321. */
  readonly address: string;
  /** Nobody else uses the TPM and nothing manages its handles: what earlier clients left there is in the way. */
  readonly isExclusive: boolean;
  /**
   * The response's bytes, of the length that its header says. DEPENDENCY_DOWN after `timeLimitMs` or where the TPM has
   * gone, TPM_RESPONSE_INVALID where the header is none; the transport is closed then, since a late answer would be
   * taken for that of another command.
   */
  transmit(command: Uint8Array, timeLimitMs: number): Promise<Buffer>;
  close(): Promise<void>;
}

export const HEADER_BYTES = 10;
/** As much as any TPM accepts or sends (part 2, MAX_RESPONSE_SIZE). */
export const RESPONSE_BYTES_MAX = 4096;
