export type { Carrier } from './carrier.ts';
export { Carrying } from './carrying.ts';
export { FreeCommits } from './free-commits.ts';
export { Lane } from './lane.ts';
export { Owner } from './owner.ts';
export { Truncator } from './truncator.ts';
