/** Flags that every command takes. */
export interface CommonFlags {
  readonly config?: string;
  readonly data?: string;
  /** host:port, several with commas. */
  readonly kafka?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}
