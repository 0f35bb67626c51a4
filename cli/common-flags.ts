/** Flags that every command takes. */
export interface CommonFlags {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}
