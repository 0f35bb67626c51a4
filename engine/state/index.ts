export { type RowsDeclaration, rows, type StateDeclaration, type ValuesDeclaration, values } from './declaration.ts';
export { LocalSnapshots } from './local-snapshots.ts';
export { BLOCK_BYTES, isRowWidth, RowStore } from './row-store.ts';
export type { PageRun, SavedPage, SnapshotCopies, SnapshotHead, SnapshotOf } from './snapshot-copies.ts';
export { type SnapshotSlice, StageSnapshot } from './stage-snapshot.ts';
export { StageState, type StateChange } from './stage-state.ts';
export { ValueStore } from './value-store.ts';
