/** Whom the rest of the program asks about trust: it passes the questions on to the graph's thread, so many at a time. */
import { Worker } from 'node:worker_threads';
import { type ErrorData, errorData, MsecError } from '../../engine/index.ts';
import type { CallName, FromGraph, GraphCalls, GraphSetup, ToGraph } from './graph-messages.ts';

export interface TrustDeskOptions extends GraphSetup {
  /** When the thread or its reading ends by itself; it answers no more then. */
  readonly onFailed: (error: ErrorData) => void;
}

/** Questions that wait for their answer. */
const WAITING_MAX = 256;
const HEAP_MEGABYTES_MAX = 1024;
const THREAD = import.meta.url.endsWith('.js')
  ? new URL('./graph-thread.js', import.meta.url)
  : new URL('./graph-thread.ts', import.meta.url);

interface Waiting {
  resolve(gives: unknown): void;
  reject(error: MsecError): void;
}

export class TrustDesk {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #idNext = 0;
  #failure: ErrorData | null = null;

  constructor({ onFailed, ...setup }: TrustDeskOptions) {
    this.#worker = new Worker(THREAD, {
      name: 'trust',
      workerData: setup satisfies GraphSetup,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
    });
    const fail = (error: ErrorData) => {
      this.#failure ??= error;
      for (const { reject } of this.#waiting.values()) reject(down(error));
      this.#waiting.clear();
    };
    this.#worker.on('message', ({ id, gives, error }: FromGraph) => {
      if (id < 0) {
        if (error === undefined) return;
        fail(error);
        onFailed(error);
        return;
      }
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(gives);
      else waiting?.reject(new MsecError(error.code, error.message, error));
    });
    this.#worker.on('error', (thrown) => {
      fail(errorData(thrown));
      onFailed(errorData(thrown));
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        fail({ code: 'CLOSED', message: 'the graph of trust was closed' });
        resolve();
      });
    });
  }

  /** INTAKE_BUSY where too many wait, DEPENDENCY_DOWN until the scores are read and where the thread has ended. */
  ask<Name extends CallName>(call: Name, takes: GraphCalls[Name]['takes']): Promise<GraphCalls[Name]['gives']> {
    if (this.#failure !== null) return Promise.reject(down(this.#failure));
    if (this.#waiting.size >= WAITING_MAX)
      return Promise.reject(new MsecError('INTAKE_BUSY', `${WAITING_MAX} questions wait for their answers already.`));
    const id = this.#idNext++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (gives: unknown) => void, reject });
      this.#worker.postMessage({ id, call, takes } as ToGraph);
    });
  }

  async close(): Promise<void> {
    // One that has ended by itself says no more.
    if (this.#failure === null) await this.ask('stop', null).catch(() => undefined);
    else await this.#worker.terminate();
    await this.#ended;
  }
}

const down = ({ message }: ErrorData): MsecError =>
  new MsecError('DEPENDENCY_DOWN', `Nobody can be recommended at present: ${message}`);
