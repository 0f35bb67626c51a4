/**
 * As much of WebAssembly's binary format (core specification, chapter 5, with 128-bit vectors) as hashes need that are put
 * together instruction by instruction, so that nothing binary has to be trusted.
 */

export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly [name: string]: unknown;
}

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: WasmExports };
};

export const [I32, V128] = [0x7f, 0x7b];
export const [LOOP, IF, BR_IF, END, CALL, EMPTY] = [0x03, 0x04, 0x0d, 0x0b, 0x10, 0x40];
export const [ADD, SUB, AND, OR, XOR] = [0x6a, 0x6b, 0x71, 0x72, 0x73];
export const [SHL, SHR, ROTL, ROTR] = [0x74, 0x76, 0x77, 0x78];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE, CONST, LOAD, STORE, VECTOR] = [0x20, 0x21, 0x22, 0x41, 0x28, 0x36, 0xfd];

export type Code = readonly number[];

export function unsigned(value: number): number[] {
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

export const get = (local: number): number[] => [LOCAL_GET, ...unsigned(local)];
export const set = (local: number): number[] => [LOCAL_SET, ...unsigned(local)];
export const tee = (local: number): number[] => [LOCAL_TEE, ...unsigned(local)];
export const constant = (value: number): number[] => [CONST, ...signed(value)];
export const load = (offset: number): number[] => [LOAD, 2, ...unsigned(offset)];
export const store = (offset: number): number[] => [STORE, 2, ...unsigned(offset)];

/** Of a vector of four words. */
const ofVector = (opcode: number, ...immediate: number[]): number[] => [VECTOR, ...unsigned(opcode), ...immediate];
export const vectorLoad = (offset: number): number[] => ofVector(0x00, 4, ...unsigned(offset));
/** Of an address, then the vector: one word of memory into one of its four. */
export const vectorLoadLane = (lane: number): number[] => ofVector(0x56, 2, 0, lane);
/** One word of memory into each of the four. */
export const vectorLoadSplat = (offset: number): number[] => ofVector(0x09, 2, ...unsigned(offset));
export const vectorStore = (offset: number): number[] => ofVector(0x0b, 4, ...unsigned(offset));
export const VECTOR_SPLAT = ofVector(0x11);
export const VECTOR_AND = ofVector(0x4e);
export const VECTOR_OR = ofVector(0x50);
export const VECTOR_XOR = ofVector(0x51);
export const VECTOR_SHL = ofVector(0xab);
export const VECTOR_SHR = ofVector(0xad);
export const VECTOR_ADD = ofVector(0xae);

export interface WasmFunction {
  /** Exported under it. */
  readonly name: string;
  /** Of 32 bits each; nothing is returned. */
  readonly parameters: number;
  /** How many of which type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly code: Code;
}

const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: Code): number[] => [id, ...unsigned(body.length), ...body];
const text = (value: string): number[] => [...unsigned(value.length), ...Buffer.from(value)];

/** Functions are called by their place; the memory has so many pages of 64 KiB and is exported as `memory`. */
export function wasmInstance(functions: readonly WasmFunction[], pages: number): WasmExports {
  const types = functions.map(({ parameters }) => [0x60, ...list(new Array(parameters).fill([I32])), 0]);
  const bodies = functions.map(({ locals, code }) => {
    const body = [...list(locals.map(([count, type]) => [...unsigned(count), type])), ...code, END];
    return [...unsigned(body.length), ...body];
  });
  const exported = functions.map(({ name }, place) => [...text(name), 0, place]);
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(functions.map((_, place) => [place]))),
    ...section(5, list([[0, ...unsigned(pages)]])),
    ...section(7, list([[...text('memory'), 2, 0], ...exported])),
    ...section(10, list(bodies)),
  ]);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}
