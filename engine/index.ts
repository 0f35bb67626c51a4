/** The public seam of the engine: everything that actors, bridges, sinks, services and commands may use of it. */
export * from './actor/index.ts';
export * from './base/index.ts';
export * from './batch/index.ts';
export * from './log/index.ts';
export * from './observe/index.ts';
export * from './runtime/index.ts';
export {
  BLOCK_BYTES,
  LocalSnapshots,
  type RowStore,
  type RowsDeclaration,
  rows,
  type StateDeclaration,
  type ValueStore,
  type ValuesDeclaration,
  values,
} from './state/index.ts';
export * from './topology/index.ts';
export * from './window/index.ts';
