export { DEFRAG_DEFAULTS, type DefragCounts, Defragmenter, type DefragOptions } from './defragmenter.ts';
export { OVERLAP_POLICIES, type OverlapPolicy } from './overlap-policy.ts';
