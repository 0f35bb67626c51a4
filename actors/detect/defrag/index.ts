export { DEFRAG_DEFAULTS, Defragmenter, type DefragOptions } from './defragmenter.ts';
export { OVERLAP_POLICIES, type OverlapPolicy } from './overlap-policy.ts';
