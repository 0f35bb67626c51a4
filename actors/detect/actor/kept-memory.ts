/**
 * What the rules of one place remember of addresses, as state: counters of thresholds and bits outlive their flows by hours, so they
 * cannot be made anew from packets. Each is a row of its own, written when it has changed; the rows' numbers have the order in which
 * they began.
 */
import { type Codec, MsecError, type ValueStore, type ValuesDeclaration, values } from '../../../engine/index.ts';
import type { AddressMemory, MemoryItem } from '../inspect/index.ts';

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** name length u16 · name · number f64 * */
const itemCodec: Codec<MemoryItem> = {
  format: 'msec.detect-memory/1',
  decode(bytes, start, end) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    const numbersAt = view.byteLength < 2 ? 0 : 2 + view.getUint16(0);
    if (numbersAt === 0 || numbersAt > view.byteLength || (view.byteLength - numbersAt) % 8 !== 0)
      throw new MsecError('STATE_CORRUPT', 'what a rule remembers cannot be read');
    const numbers: number[] = [];
    for (let at = numbersAt; at < view.byteLength; at += 8) numbers.push(view.getFloat64(at));
    return { name: utf8Decoder.decode(bytes.subarray(start + 2, start + numbersAt)), numbers };
  },
  encode({ name, numbers }, writer) {
    const text = utf8.encode(name);
    writer.u16(text.length);
    writer.copy(text, 0, text.length);
    for (const number of numbers) writer.f64(number);
  },
};

export const memoryState: ValuesDeclaration<MemoryItem> = values(itemCodec);

export class KeptMemory {
  readonly #memory: AddressMemory;
  readonly #rows = new Map<string, number>();
  #next = 0;

  /** The rows of the place go into `memory`, in place of what it knows. */
  constructor(memory: AddressMemory, store: ValueStore<MemoryItem>, keyId: number) {
    this.#memory = memory;
    const rows = [...store.entries()].filter((row) => row.keyId === keyId).sort((a, b) => a.sub - b.sub);
    memory.load(rows.map(({ value }) => value));
    for (const { sub, value } of rows) {
      this.#rows.set(value.name, sub);
      this.#next = sub + 1;
    }
  }

  /** What has changed with the record at hand. */
  write(store: ValueStore<MemoryItem>, keyId: number): void {
    for (const { name, numbers, isNew } of this.#memory.changes()) {
      const row = this.#rows.get(name);
      if (row !== undefined && (numbers === null || isNew)) {
        store.delete(keyId, row);
        this.#rows.delete(name);
      }
      if (numbers === null) continue;
      let place = this.#rows.get(name);
      if (place === undefined) {
        place = this.#next++;
        this.#rows.set(name, place);
      }
      store.set(keyId, { name, numbers }, place);
    }
  }
}
