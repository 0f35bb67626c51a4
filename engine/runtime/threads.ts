/**
 * The threads port. A worker is given its initial data and a port to its parent; nothing else crosses. Real threads
 * (real-threads.ts) and the simulator's (engine/simulate/) implement it, and both run the same worker code.
 */

/** One end of the message channel between the main thread and a worker. Messages of one channel keep their order. */
export interface ThreadPort<Out, In> {
  post(message: Out, transfer?: readonly ArrayBuffer[]): void;
  onMessage(handle: (message: In) => void): void;
}

/** Why a worker ended. `heap`: it ran into its memory limit; `failed`: an exception nobody caught. */
export type ThreadEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'heap' }
  | { readonly kind: 'failed'; readonly message: string };

export interface Thread<Out, In> extends ThreadPort<Out, In> {
  /** Called once. After it no message arrives any more. */
  onEnd(handle: (end: ThreadEnd) => void): void;
  /** Ends the thread wherever it is, in an endless loop too. Resolves when it is gone. */
  terminate(): Promise<void>;
}

export interface Threads<Init, Out, In> {
  start(name: string, init: Init): Thread<Out, In>;
}
