export * from './base/index.ts';
export * from './batch/index.ts';
export type * from './log/index.ts';
export * from './observe/index.ts';
