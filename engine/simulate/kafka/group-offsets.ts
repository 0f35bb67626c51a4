/** The offsets that groups have committed, and those that wait for the end of a transaction. */
interface Stored {
  readonly offset: number;
  readonly metadata: string;
  /** When it was written: an older one that is committed later does not count. */
  readonly order: number;
}

interface Pending extends Stored {
  readonly key: string;
}

const keyOf = (group: string, topic: string, partition: number): string => `${group}\0${topic}\0${partition}`;

export class GroupOffsets {
  readonly #stored = new Map<string, Stored>();
  readonly #pending = new Map<number, Pending[]>();
  #order = 0;

  store(group: string, topic: string, partition: number, offset: number, metadata = ''): void {
    this.#stored.set(keyOf(group, topic, partition), { offset, metadata, order: this.#order++ });
  }

  /** Becomes true with the transaction of the producer. */
  storeLater(producerId: number, group: string, topic: string, partition: number, offset: number, metadata = ''): void {
    const pending = this.#pending.get(producerId) ?? [];
    pending.push({ key: keyOf(group, topic, partition), offset, metadata, order: this.#order++ });
    this.#pending.set(producerId, pending);
  }

  endTransaction(producerId: number, isCommitted: boolean): void {
    const pending = this.#pending.get(producerId) ?? [];
    this.#pending.delete(producerId);
    if (!isCommitted) return;
    for (const { key, offset, metadata, order } of pending) {
      if ((this.#stored.get(key)?.order ?? -1) < order) this.#stored.set(key, { offset, metadata, order });
    }
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  isPending(group: string, topic: string, partition: number): boolean {
    const key = keyOf(group, topic, partition);
    return [...this.#pending.values()].some((pending) => pending.some((one) => one.key === key));
  }

  /** -1 where there is none. */
  committed(group: string, topic: string, partition: number): number {
    return this.#stored.get(keyOf(group, topic, partition))?.offset ?? -1;
  }

  metadata(group: string, topic: string, partition: number): string {
    return this.#stored.get(keyOf(group, topic, partition))?.metadata ?? '';
  }
}
