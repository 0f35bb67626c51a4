/**
 * HMAC-SHA-256 (RFC 2104) for many short messages under few keys: a key's two pads are hashed once, the rest is done in
 * WebAssembly, where a message of an envelope's length takes a third of what node:crypto needs. Verdicts only.
 */
import { createHash } from 'node:crypto';
import { AT_INNER, AT_MESSAGE, AT_STATE, BLOCK, INITIAL, type Sha256Module, sha256Module } from './sha256-module.ts';

const STATE_WORDS = 8;
const MAC_WORDS = 8;
/** Grown when a longer message comes. */
const MESSAGE_BYTES = 60_000;

/** What is left of a key: the states after its inner and its outer pad. It is as secret as the key. */
export type HmacKey = Int32Array;

export class HmacVerifier {
  #module: Sha256Module = sha256Module(MESSAGE_BYTES);
  #key: HmacKey | null = null;

  /** Keys of any length, as the RFC has it. */
  prepare(key: Uint8Array): HmacKey {
    const block = new Uint8Array(BLOCK);
    block.set(key.length > BLOCK ? createHash('sha256').update(key).digest() : key);
    const states = new Int32Array(2 * STATE_WORDS);
    states.set(this.#stateAfter(block.map((byte) => byte ^ 0x36)));
    states.set(this.#stateAfter(block.map((byte) => byte ^ 0x5c)), STATE_WORDS);
    block.fill(0);
    return states;
  }

  /** Whether bytes[macStart, macStart + 32) is the MAC of bytes[start, end); takes as long, whatever differs. */
  isValid(key: HmacKey, bytes: Uint8Array, start: number, end: number, macStart: number): boolean {
    this.#run(key, bytes, start, end);
    const { words } = this.#module;
    let difference = 0;
    for (let i = 0; i < MAC_WORDS; i++) {
      const at = macStart + 4 * i;
      const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      difference |= word ^ words[AT_STATE / 4 + i]!;
    }
    return difference === 0;
  }

  /** The whole MAC; of devices that we simulate, and of tests. */
  mac(key: HmacKey, bytes: Uint8Array, start = 0, end = bytes.length): Buffer {
    this.#run(key, bytes, start, end);
    const mac = Buffer.alloc(4 * MAC_WORDS);
    for (let i = 0; i < MAC_WORDS; i++) mac.writeInt32BE(this.#module.words[AT_STATE / 4 + i]!, 4 * i);
    return mac;
  }

  #run(key: HmacKey, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#module.messageBytesMax) {
      this.#module = sha256Module(2 * length);
      this.#key = null;
    }
    const { bytes: memory, words } = this.#module;
    if (key !== this.#key) {
      words.set(key, AT_INNER / 4);
      this.#key = key;
    }
    // A view is made for a call of `set`: for an envelope's length a loop is as fast and leaves nothing behind.
    if (length > 512) memory.set(bytes.subarray(start, end), AT_MESSAGE);
    else for (let i = 0; i < length; i++) memory[AT_MESSAGE + i] = bytes[start + i]!;
    const blocks = ((length + 8) >> 6) + 1;
    const padEnd = AT_MESSAGE + blocks * BLOCK;
    memory[AT_MESSAGE + length] = 0x80;
    for (let at = AT_MESSAGE + length + 1; at < padEnd - 5; at++) memory[at] = 0;
    // Bits of the pad's block and the message: below 2^35, as no message comes near 4 GiB.
    const total = BLOCK + length;
    memory[padEnd - 5] = total >>> 29;
    const bits = total << 3;
    memory[padEnd - 4] = bits >>> 24;
    memory[padEnd - 3] = bits >>> 16;
    memory[padEnd - 2] = bits >>> 8;
    memory[padEnd - 1] = bits;
    this.#module.hmac(blocks);
  }

  /** Of a hash that has taken in this one block. */
  #stateAfter(block: Uint8Array): Int32Array {
    const { bytes, words, compress } = this.#module;
    words.set(INITIAL, AT_STATE / 4);
    bytes.set(block, AT_MESSAGE);
    compress(AT_MESSAGE, 1);
    bytes.fill(0, AT_MESSAGE, AT_MESSAGE + BLOCK);
    return words.slice(AT_STATE / 4, AT_STATE / 4 + STATE_WORDS);
  }
}
