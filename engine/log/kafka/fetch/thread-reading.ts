/**
 * The reading side of one thread: connections, received memory and a fetcher for all readers that it opens. It begins
 * with the first of them and ends with the last, so that nothing is left open by a thread that reads no more.
 */
import type { LogReader } from '../../port.ts';
import { Cluster, type ClusterOptions, ReceiveBuffers } from '../client/index.ts';
import { FetchReader } from './fetch-reader.ts';
import { Fetcher, type FetcherOptions } from './fetcher.ts';

export class ThreadReading {
  readonly #options: ClusterOptions;
  readonly #outOfRange: FetcherOptions['outOfRange'];
  readonly #readers = new Set<FetchReader>();
  #open: { readonly cluster: Cluster; readonly fetcher: Fetcher } | null = null;

  constructor(options: ClusterOptions, outOfRange: FetcherOptions['outOfRange'] = 'fail') {
    this.#options = options;
    this.#outOfRange = outOfRange;
  }

  openReader(): LogReader {
    this.#open ??= this.#begin();
    const { cluster, fetcher } = this.#open;
    const reader = new FetchReader(fetcher, () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#open = null;
      fetcher.close();
      cluster.close();
    });
    this.#readers.add(reader);
    return reader;
  }

  /** Closes its readers too. */
  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  #begin(): { readonly cluster: Cluster; readonly fetcher: Fetcher } {
    const { clock } = this.#options;
    const buffers = new ReceiveBuffers();
    const cluster = new Cluster({ ...this.#options, buffers });
    return { cluster, fetcher: new Fetcher(cluster, { clock, buffers, outOfRange: this.#outOfRange ?? 'fail' }) };
  }
}
