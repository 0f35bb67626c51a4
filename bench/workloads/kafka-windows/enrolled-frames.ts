/** What W3 and W4 fill topics with: records of enrolled devices, a device for each partition that closes windows, plain sums. */
import { type Append, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import { type Fleet, MEASURES } from '../../load/fleet.ts';
import { BATCH_BYTES, CLOSING_DEVICE, PARTITIONS } from './frames.ts';

/** Ahead of every frame: less than what a broker takes for a wrong clock. */
export const CLOSING_AHEAD_MS = 30 * 60_000;

/** A device for each partition, to be enrolled beside the fleet's. */
export function closersOf(fleet: Fleet): { readonly ids: readonly string[]; readonly imeis: readonly string[] } {
  const ids = new Array<string>(PARTITIONS).fill('');
  for (let i = 0; ids.includes(''); i++) {
    const key = new TextEncoder().encode(`${CLOSING_DEVICE}-${i}`);
    ids[partitionForKey(key, 0, key.length, PARTITIONS)] ||= `${CLOSING_DEVICE}-${i}`;
  }
  return { ids, imeis: ids.map((_, i) => String(Number(fleet.imeis.at(-1)) + 1 + i)) };
}

export interface Sender {
  readonly key: Uint8Array;
  readonly partition: number;
}

export class RecordWriter {
  readonly topic: string;
  readonly #log: Log;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));

  constructor(log: Log, topic: string) {
    this.#log = log;
    this.topic = topic;
  }

  get byteLength(): number {
    return this.#encoders.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  append({ key, partition }: Sender, timestamp: number, record: Uint8Array): void {
    this.#encoders[partition]!.append(timestamp, key, 0, key.length, record, 0, record.length);
  }

  /** Gives the bytes that were written. */
  async flush(): Promise<number> {
    const appends = this.#encoders
      .map((encoder, partition): Append => ({ topic: this.topic, partition, bytes: encoder.finish() }))
      .filter((append) => append.bytes.length > 0);
    // Each by itself: one transaction over all would leave its markers between the frames.
    await Promise.all(appends.map((append) => this.#log.commit({ appends: [append] })));
    return appends.reduce((sum, append) => sum + append.bytes.length, 0);
  }
}

/** Under `device windowStart`: count, then of each quantity sum, least, greatest, squares. */
export class WireSums {
  readonly #windowMs: number;
  readonly #sums = new Map<string, number[]>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(id: string, timestamp: number, wire: Int32Array): void {
    addTo(this.#windowOf(id, timestamp), wire);
  }

  /** Of frames with one time. */
  addAll(id: string, timestamp: number, frames: readonly { readonly wire: Int32Array }[]): void {
    const numbers = this.#windowOf(id, timestamp);
    for (const { wire } of frames) addTo(numbers, wire);
  }

  windows(): Map<string, bigint[]> {
    return new Map([...this.#sums].map(([window, numbers]) => [window, numbers.map(BigInt)]));
  }

  #windowOf(id: string, timestamp: number): number[] {
    const window = `${id} ${Math.floor(timestamp / this.#windowMs) * this.#windowMs}`;
    let numbers = this.#sums.get(window);
    if (numbers === undefined) {
      numbers = new Array<number>(1 + 4 * MEASURES).fill(0);
      this.#sums.set(window, numbers);
    }
    return numbers;
  }
}

function addTo(numbers: number[], wire: Int32Array): void {
  const isFirst = numbers[0]! === 0;
  numbers[0]!++;
  for (let i = 0, at = 1; i < wire.length; i++, at += 4) {
    const value = wire[i]!;
    numbers[at]! += value;
    if (isFirst || value < numbers[at + 1]!) numbers[at + 1] = value;
    if (isFirst || value > numbers[at + 2]!) numbers[at + 2] = value;
    numbers[at + 3]! += value * value;
  }
}
