/** The log of interactions that counted: its entries, the tree over them, and its checkpoints. */
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  formatNote,
  isSignedBy,
  type LogState,
  type Note,
  noteText,
  parseNotes,
  signState,
} from './checkpoint.ts';
export { formatProof, type InclusionProof, parseProof, verifyInclusion } from './inclusion-proof.ts';
export {
  Accepted,
  decodeEntry,
  encodeEntry,
  entryHash,
  type LogEntry,
  logStart,
  WIRE_HEADER_BYTES,
} from './log-entry.ts';
export {
  appendLeaf,
  HASH_BYTES,
  LEVELS_MAX,
  LogTree,
  levelOf,
  peaksOf,
  rootOfPeaks,
  TREE_BYTES,
  treePeaks,
  treeRoot,
} from './log-tree.ts';
