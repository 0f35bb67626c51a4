/**
 * A store in memory, for tests and the simulator. The disk outlives the store: `crash` loses what was not yet durable
 * and cuts the store off, and a new store on the same disk finds the rest. When a commit becomes durable, and whether
 * it fails, is the flusher's decision.
 */
import { MsecError } from '../../base/index.ts';
import type { Store, StoreRange, WriteBatch } from './store.ts';

/**
 * Decides when a commit is on the disk: it is applied when the returned promise resolves, and fails as the promise
 * does. The simulator delays it, or never resolves it.
 */
export type Flusher = (batch: WriteBatch) => Promise<void>;

const atOnce: Flusher = () => Promise.resolve();

/** What survives a crash. */
export class MemoryDisk {
  /** Keys as latin1 text, whose order is that of the bytes. */
  readonly #values = new Map<string, Uint8Array>();
  readonly #sorted: string[] = [];
  #bytes = 0;

  get byteLength(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  apply(batch: WriteBatch): void {
    for (let i = 0; i < batch.keys.length; i++) {
      const key = textOf(batch.keys[i]!);
      const value = batch.values[i]!;
      this.#remove(key, value !== null);
      if (value === null) continue;
      this.#values.set(key, value.slice());
      this.#bytes += key.length + value.length;
    }
  }

  #remove(key: string, isReplaced: boolean): void {
    const old = this.#values.get(key);
    const at = this.indexOf(key);
    if (old !== undefined) {
      this.#values.delete(key);
      this.#bytes -= key.length + old.length;
      if (!isReplaced) this.#sorted.splice(at, 1);
    } else if (isReplaced) {
      this.#sorted.splice(at, 0, key);
    }
  }

  /** The index of the first key that is not below. */
  indexOf(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  keyAt(index: number): string {
    return this.#sorted[index]!;
  }
}

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  readonly #flush: Flusher;
  #isOpen = true;
  #hasCrashed = false;

  constructor(disk: MemoryDisk = new MemoryDisk(), flush: Flusher = atOnce) {
    this.#disk = disk;
    this.#flush = flush;
  }

  async commit(batch: WriteBatch): Promise<void> {
    this.#assertOpen();
    await this.#flush(batch);
    // After a crash nobody is left to be told.
    if (this.#hasCrashed) return new Promise(() => {});
    this.#disk.apply(batch);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    return this.#disk.get(textOf(key));
  }

  *keys(range: StoreRange): Iterable<Uint8Array> {
    this.#assertOpen();
    const first = this.#disk.indexOf(textOf(range.from));
    const end = this.#disk.indexOf(textOf(range.to));
    const count = Math.min(end - first, range.limit ?? Number.POSITIVE_INFINITY);
    // Taken at once: what is deleted meanwhile does not shift the rest.
    const found: string[] = [];
    for (let i = 0; i < count; i++) found.push(this.#disk.keyAt(range.reverse === true ? end - 1 - i : first + i));
    for (const key of found) yield new Uint8Array(Buffer.from(key, 'latin1'));
  }

  refresh(): void {}

  rest(): void {}

  diskBytes(): number {
    return this.#disk.byteLength;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** The process dies here: no call of this store has an effect or an answer any more. */
  crash(): void {
    this.#hasCrashed = true;
    this.#isOpen = false;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new MsecError('CLOSED', 'the store is closed');
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
