/**
 * SHA-256's compression (FIPS 180-4, 6.2.2) as a WebAssembly module, put together here instruction by instruction, so
 * that nothing binary has to be trusted. It makes an HMAC of states that hold the pads already: two compressions
 * fewer for each message, and no call into the runtime. What is where in its memory:
 *
 *   0 the state at work, 8 words · 32 after the inner pad · 64 after the outer pad · 128 a block for the inner hash,
 *   its padding in place · 192 the message, padded
 */

interface WasmInstance {
  readonly exports: {
    readonly memory: { readonly buffer: ArrayBuffer };
    compress(block: number, blocks: number): void;
    hmac(blocks: number): void;
  };
}

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => WasmInstance;
};

export const AT_STATE = 0;
export const AT_INNER = 32;
const AT_OUTER = 64;
const AT_DIGEST_BLOCK = 128;
export const AT_MESSAGE = 192;
export const BLOCK = 64;
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

const [I32, LOCAL_GET, LOCAL_SET, LOCAL_TEE, CONST, LOAD, STORE] = [0x7f, 0x20, 0x21, 0x22, 0x41, 0x28, 0x36];
const [ADD, SUB, AND, OR, XOR, ROTL, ROTR, SHR] = [0x6a, 0x6b, 0x71, 0x72, 0x73, 0x77, 0x78, 0x76];
const [LOOP, BR_IF, END, CALL, EMPTY] = [0x03, 0x0d, 0x0b, 0x10, 0x40];

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 0x7f;
    const isLast = (rest >> 7 === 0 && byte < 0x40) || (rest >> 7 === -1 && byte >= 0x40);
    if (isLast) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

const get = (local: number): number[] => [LOCAL_GET, ...unsigned(local)];
const set = (local: number): number[] => [LOCAL_SET, ...unsigned(local)];
const constant = (value: number): number[] => [CONST, ...signed(value)];
const load = (offset: number): number[] => [LOAD, 2, ...unsigned(offset)];
const store = (offset: number): number[] => [STORE, 2, ...unsigned(offset)];
const rotated = (value: number[], bits: number): number[] => [...value, ...constant(bits), ROTR];
const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const functionBody = (code: readonly number[]): number[] => [...unsigned(code.length), ...code];

/** The value on the stack with its four bytes in the other order. */
const swapped = (scratch: number): number[] => [
  ...[LOCAL_TEE, ...unsigned(scratch), ...constant(8), ROTL, ...constant(0x00ff00ff), AND],
  ...[...get(scratch), ...constant(8), ROTR, ...constant(0xff00ff00 | 0), AND, OR],
];

const bigSigma = (x: number[], a: number, b: number, c: number): number[] => [
  ...[...rotated(x, a), ...rotated(x, b), XOR, ...rotated(x, c), XOR],
];
const smallSigma = (x: number[], a: number, b: number, shift: number): number[] => [
  ...[...rotated(x, a), ...rotated(x, b), XOR, ...x, ...constant(shift), SHR, XOR],
];

/** compress(block, blocks): the state at AT_STATE takes in so many blocks. */
function compression(): number[] {
  const [block, blocks, scratch] = [0, 1, 2];
  const [variables, words] = [3, 11];
  const code: number[] = [LOOP, EMPTY];
  for (let i = 0; i < 8; i++) code.push(...constant(0), ...load(AT_STATE + 4 * i), ...set(variables + i));
  for (let i = 0; i < 16; i++) code.push(...get(block), ...load(4 * i), ...swapped(scratch), ...set(words + i));
  for (let t = 0; t < 64; t++) {
    const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => variables + ((i + 64 - t) % 8)) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const word = words + (t % 16);
    if (t >= 16) {
      const before = (back: number) => get(words + ((t + 16 - back) % 16));
      code.push(...get(word), ...smallSigma(before(15), 7, 18, 3), ADD, ...before(7), ADD);
      code.push(...smallSigma(before(2), 17, 19, 10), ADD, ...set(word));
    }
    code.push(...get(h), ...get(word), ADD, ...constant(K[t]! | 0), ADD, ...bigSigma(get(e), 6, 11, 25), ADD);
    code.push(...get(f), ...get(g), XOR, ...get(e), AND, ...get(g), XOR, ADD, LOCAL_TEE, ...unsigned(scratch));
    code.push(...get(d), ADD, ...set(d));
    code.push(...get(scratch), ...bigSigma(get(a), 2, 13, 22), ADD);
    code.push(...get(a), ...get(b), XOR, ...get(b), ...get(c), XOR, AND, ...get(b), XOR, ADD, ...set(h));
  }
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...constant(0), ...load(AT_STATE + 4 * i), ...get(variables + i), ADD);
    code.push(...store(AT_STATE + 4 * i));
  }
  code.push(...get(block), ...constant(BLOCK), ADD, ...set(block));
  code.push(...get(blocks), ...constant(1), SUB, LOCAL_TEE, ...unsigned(blocks), BR_IF, 0, END, END);
  return functionBody([...vector([[...unsigned(1 + 8 + 16), I32]]), ...code]);
}

/** hmac(blocks): of the padded message at AT_MESSAGE, by the states at AT_INNER and AT_OUTER. */
function macOf(): number[] {
  const [blocks, scratch] = [0, 1];
  const code: number[] = [];
  const take = (from: number): void => {
    for (let i = 0; i < 8; i++) {
      code.push(...constant(0), ...constant(0), ...load(from + 4 * i), ...store(AT_STATE + 4 * i));
    }
  };
  take(AT_INNER);
  code.push(...constant(AT_MESSAGE), ...get(blocks), CALL, 0);
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...constant(0), ...load(AT_STATE + 4 * i), ...swapped(scratch));
    code.push(...store(AT_DIGEST_BLOCK + 4 * i));
  }
  take(AT_OUTER);
  code.push(...constant(AT_DIGEST_BLOCK), ...constant(1), CALL, 0, END);
  return functionBody([...vector([[1, I32]]), ...code]);
}

function moduleBytes(pages: number): Uint8Array {
  const text = (value: string): number[] => [...unsigned(value.length), ...Buffer.from(value)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      vector([
        [0x60, ...vector([[I32], [I32]]), 0],
        [0x60, ...vector([[I32]]), 0],
      ]),
    ),
    ...section(3, vector([[0], [1]])),
    ...section(5, vector([[0, ...unsigned(pages)]])),
    ...section(
      7,
      vector([
        [...text('memory'), 2, 0],
        [...text('compress'), 0, 0],
        [...text('hmac'), 0, 1],
      ]),
    ),
    ...section(10, vector([compression(), macOf()])),
  ]);
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

/** An instance of its own, for one thread. */
export function sha256Module(messageBytes: number): Sha256Module {
  const pages = Math.ceil((AT_MESSAGE + messageBytes + 2 * BLOCK) / PAGE);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(pages)));
  const bytes = new Uint8Array(exports.memory.buffer);
  // The digest of the inner hash is the end of 64 + 32 bytes.
  bytes[AT_DIGEST_BLOCK + 32] = 0x80;
  new DataView(bytes.buffer).setUint32(AT_DIGEST_BLOCK + 60, (BLOCK + 32) * 8);
  const messageBytesMax = pages * PAGE - AT_MESSAGE - 2 * BLOCK;
  const { compress, hmac } = exports;
  return { bytes, words: new Int32Array(bytes.buffer), messageBytesMax, compress, hmac };
}
