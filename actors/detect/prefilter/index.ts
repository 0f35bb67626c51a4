export { type FastPattern, fastPattern } from './fast-pattern.ts';
export type { Pattern } from './pattern-store.ts';
export { makingPrefilter, Prefilter } from './prefilter.ts';
