export * from './base/index.ts';
export type * from './log/index.ts';
