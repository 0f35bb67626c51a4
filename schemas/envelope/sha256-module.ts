/**
 * SHA-256's compression (FIPS 180-4, 6.2.2) as WebAssembly, put together here instruction by instruction, for one message
 * and for four side by side. It makes HMACs of states that hold the pads already: two compressions fewer for each message,
 * and no call into the runtime. What is where in the memory, of one message and, behind it, of four, whose words lie
 * next to each other (word 0 of each, then word 1 of each):
 *
 *   0 the state at work, 8 words · 32 after the inner pad · 64 after the outer pad · 128 a block for the inner hash,
 *   its padding in place · 192 the constants K · 448 the message, padded
 */
import { wasm } from '../../engine/base/index.ts';

const { ADD, AND, constant, get, I32, load, OR, ROTL, ROTR, SHR, SUB, set, store, tee, V128, XOR } = wasm;

export const LANES = 4;
export const BLOCK = 64;
/** Of one message. */
export const AT_STATE = 0;
export const AT_INNER = 32;
const AT_OUTER = 64;
const AT_DIGEST_BLOCK = 128;
const AT_CONSTANTS = 192;
export const AT_MESSAGE = 448;
/** What messages have room for; the memory grows by whole pages of 64 KiB. */
const PAGE = 65_536;

/** Fractional parts of the cube roots of the first 64 primes (4.2.2). */
const K: readonly number[] = roots(64, 3);
/** Of the square roots of the first eight (5.3.3): what a hash begins with. */
export const INITIAL: readonly number[] = roots(8, 2);

function roots(count: number, degree: 2 | 3): number[] {
  const words: number[] = [];
  for (let n = 2; words.length < count; n++) {
    if (isPrime(n)) words.push(Number(integerRoot(BigInt(n) << BigInt(32 * degree), degree) & 0xffff_ffffn));
  }
  return words;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

/** The largest integer whose power is at most the value. */
function integerRoot(value: bigint, degree: number): bigint {
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** BigInt(degree) <= value) root += bit;
  return root;
}

/** The instructions for one word, or for four next to each other. */
interface Words {
  readonly type: number;
  readonly bytes: number;
  readonly add: wasm.Code;
  readonly and: wasm.Code;
  readonly xor: wasm.Code;
  load(offset: number): wasm.Code;
  store(offset: number): wasm.Code;
  /** The constant K of the round. */
  constant(round: number): wasm.Code;
  rotated(local: number, bits: number): wasm.Code;
  shifted(local: number, bits: number): wasm.Code;
}

const ONE: Words = {
  ...{ type: I32, bytes: 4, add: [ADD], and: [AND], xor: [XOR], load, store },
  constant: (round) => constant(K[round]! | 0),
  rotated: (local, bits) => [...get(local), ...constant(bits), ROTR],
  shifted: (local, bits) => [...get(local), ...constant(bits), SHR],
};

const FOUR: Words = {
  ...{ type: V128, bytes: 4 * LANES, add: wasm.VECTOR_ADD, and: wasm.VECTOR_AND, xor: wasm.VECTOR_XOR },
  ...{ load: wasm.vectorLoad, store: wasm.vectorStore },
  constant: (round) => [...constant(0), ...wasm.vectorLoadSplat(LANES * AT_CONSTANTS + 4 * round)],
  rotated: (local, bits) => [
    ...[...get(local), ...constant(bits), ...wasm.VECTOR_SHR],
    ...[...get(local), ...constant(32 - bits), ...wasm.VECTOR_SHL, ...wasm.VECTOR_OR],
  ],
  shifted: (local, bits) => [...get(local), ...constant(bits), ...wasm.VECTOR_SHR],
};

/** The value on the stack with its four bytes in the other order. */
const swapped = (scratch: number): number[] => [
  ...[...tee(scratch), ...constant(8), ROTL, ...constant(0x00ff00ff), AND],
  ...[...get(scratch), ...constant(8), ROTR, ...constant(0xff00ff00 | 0), AND, OR],
];

/** compress(block, blocks): the state takes in so many blocks, whose words `read` brings into the right order of bytes. */
function compression(name: string, words: Words, read: (scratch: number) => wasm.Code): wasm.WasmFunction {
  const [block, blocks] = [0, 1];
  const [scratch, variables, schedule] = [2, 3, 11];
  const { bytes, add, and, xor } = words;
  const base = bytes * (AT_STATE / 4);
  const bigSigma = (local: number, a: number, b: number, c: number): wasm.Code => [
    ...[...words.rotated(local, a), ...words.rotated(local, b), ...xor, ...words.rotated(local, c), ...xor],
  ];
  const smallSigma = (local: number, a: number, b: number, shift: number): wasm.Code => [
    ...[...words.rotated(local, a), ...words.rotated(local, b), ...xor, ...words.shifted(local, shift), ...xor],
  ];
  const code: number[] = [wasm.LOOP, wasm.EMPTY];
  for (let i = 0; i < 8; i++) code.push(...constant(0), ...words.load(base + bytes * i), ...set(variables + i));
  for (let i = 0; i < 16; i++)
    code.push(...get(block), ...words.load(bytes * i), ...read(scratch), ...set(schedule + i));
  for (let t = 0; t < 64; t++) {
    const variable = (i: number) => variables + ((i + 64 - t) % 8);
    const [a, b, c, d] = [variable(0), variable(1), variable(2), variable(3)];
    const [e, f, g, h] = [variable(4), variable(5), variable(6), variable(7)];
    const word = schedule + (t % 16);
    if (t >= 16) {
      const before = (back: number) => schedule + ((t + 16 - back) % 16);
      code.push(...get(word), ...smallSigma(before(15), 7, 18, 3), ...add, ...get(before(7)), ...add);
      code.push(...smallSigma(before(2), 17, 19, 10), ...add, ...set(word));
    }
    code.push(...get(h), ...get(word), ...add, ...words.constant(t), ...add, ...bigSigma(e, 6, 11, 25), ...add);
    code.push(...get(f), ...get(g), ...xor, ...get(e), ...and, ...get(g), ...xor, ...add, ...tee(scratch));
    code.push(...get(d), ...add, ...set(d));
    code.push(...get(scratch), ...bigSigma(a, 2, 13, 22), ...add);
    code.push(...get(a), ...get(b), ...xor, ...get(b), ...get(c), ...xor, ...and, ...get(b), ...xor, ...add, ...set(h));
  }
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...constant(0), ...words.load(base + bytes * i), ...get(variables + i), ...add);
    code.push(...words.store(base + bytes * i));
  }
  code.push(...get(block), ...constant(BLOCK * (bytes / 4)), ADD, ...set(block));
  code.push(...get(blocks), ...constant(1), SUB, ...tee(blocks), wasm.BR_IF, 0, wasm.END);
  return { name, parameters: 2, locals: [[1 + 8 + 16, words.type]], code };
}

/** hmac(blocks): of the padded message by the states after both pads. `put` brings words into the order of the message. */
function macOf(name: string, compress: number, words: Words, put: (scratch: number) => wasm.Code): wasm.WasmFunction {
  const [blocks, scratch] = [0, 1];
  const { bytes } = words;
  const scale = bytes / 4;
  const code: number[] = [];
  const take = (from: number): void => {
    for (let i = 0; i < 8; i++) {
      code.push(...constant(0), ...constant(0), ...words.load(scale * from + bytes * i));
      code.push(...words.store(scale * AT_STATE + bytes * i));
    }
  };
  take(AT_INNER);
  code.push(...constant(scale * AT_MESSAGE), ...get(blocks), wasm.CALL, compress);
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...constant(0), ...words.load(scale * AT_STATE + bytes * i), ...put(scratch));
    code.push(...words.store(scale * AT_DIGEST_BLOCK + bytes * i));
  }
  take(AT_OUTER);
  code.push(...constant(scale * AT_DIGEST_BLOCK), ...constant(1), wasm.CALL, compress);
  return { name, parameters: 1, locals: [[1, words.type]], code };
}

export interface Sha256Module {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** The longest message, unpadded. */
  readonly messageBytesMax: number;
  /** The state takes in blocks that begin at this place. */
  compress(block: number, blocks: number): void;
  hmac(blocks: number): void;
}

/** An instance of its own, for one thread, with messages as bytes. */
export function sha256Module(messageBytes: number): Sha256Module {
  const pages = Math.ceil((AT_MESSAGE + messageBytes + 2 * BLOCK) / PAGE);
  const exports = wasm.wasmInstance([compression('compress', ONE, swapped), macOf('hmac', 0, ONE, swapped)], pages);
  const bytes = new Uint8Array(exports.memory.buffer);
  // The digest of the inner hash is the end of 64 + 32 bytes.
  bytes[AT_DIGEST_BLOCK + 32] = 0x80;
  new DataView(bytes.buffer).setUint32(AT_DIGEST_BLOCK + 60, (BLOCK + 32) * 8);
  const messageBytesMax = pages * PAGE - AT_MESSAGE - 2 * BLOCK;
  const { compress, hmac } = exports as unknown as Sha256Module;
  return { bytes, words: new Int32Array(bytes.buffer), messageBytesMax, compress, hmac };
}

export interface Sha256Lanes {
  /** Word w of a part lies, for each lane, at LANES * (part / 4 + w) + lane, and is a number: no order of bytes. */
  readonly words: Int32Array;
  readonly blocksMax: number;
  /** Each lane's state takes in so many blocks of its message. */
  compress(blocks: number): void;
  hmac(blocks: number): void;
}

/** The same for four messages of equally many blocks, as words. */
export function sha256Lanes(): Sha256Lanes {
  const as = () => [];
  const exports = wasm.wasmInstance([compression('compress', FOUR, as), macOf('hmac', 0, FOUR, as)], 1);
  const words = new Int32Array(exports.memory.buffer);
  for (const [round, word] of K.entries()) words[(LANES * AT_CONSTANTS) / 4 + round] = word;
  for (let lane = 0; lane < LANES; lane++) {
    words[LANES * (AT_DIGEST_BLOCK / 4 + 8) + lane] = 0x80000000 | 0;
    words[LANES * (AT_DIGEST_BLOCK / 4 + 15) + lane] = (BLOCK + 32) * 8;
  }
  const blocksMax = Math.floor((PAGE / LANES - AT_MESSAGE) / BLOCK);
  const compress = exports.compress as (block: number, blocks: number) => void;
  return {
    ...{ words, blocksMax, hmac: exports.hmac as Sha256Lanes['hmac'] },
    compress: (blocks) => compress(LANES * AT_MESSAGE, blocks),
  };
}
