/** DEFLATE and its wrappings, for bodies that come in pieces and for buffers that are there whole. */
export { GzipHeader } from './gzip-header.ts';
export { Inflate } from './inflate.ts';
export { unwrapped } from './unwrapped.ts';
