export { FreeCommits } from './free-commits.ts';
export { Lane } from './lane.ts';
export { Owner } from './owner.ts';
export { Truncator } from './truncator.ts';
