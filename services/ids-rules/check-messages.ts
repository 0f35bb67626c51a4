/** What is said between bundle-check.ts and its thread. */
import type { ErrorData } from '../../engine/index.ts';

export interface CheckedBundle {
  readonly digest: string;
  readonly name: string;
  readonly version: number;
  /** Rules that are loaded from it. */
  readonly loaded: number;
}

export interface BundleToCheck {
  readonly bundle: Uint8Array;
  /** PEM. */
  readonly keys: readonly string[];
}

export type BundleVerdict = { readonly checked: CheckedBundle } | { readonly error: ErrorData };
