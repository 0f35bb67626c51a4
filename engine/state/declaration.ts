/** How an actor declares its state; the runtime makes the stores, one set for each task. */
import type { Codec } from '../base/index.ts';

export interface RowsDeclaration {
  readonly kind: 'rows';
  readonly rowBytes: number;
}

export interface ValuesDeclaration<V> {
  readonly kind: 'values';
  readonly codec: Codec<V>;
}

export type StateDeclaration = RowsDeclaration | ValuesDeclaration<unknown>;

/** Rows of `rowBytes` (64 at least, a multiple of 8) for each key. */
export const rows = (rowBytes: number): RowsDeclaration => ({ kind: 'rows', rowBytes });

/** One value for each key. */
export const values = <V>(codec: Codec<V>): ValuesDeclaration<V> => ({ kind: 'values', codec });
