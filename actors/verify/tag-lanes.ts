/**
 * The content tags of a batch whose frames are all of one length, eight at a time: HalfSipHash-1-3 as in half-sip-hash.ts, in
 * the lanes of WebAssembly's vectors, where a frame of 31 bytes takes a third of the time. In the memory lie the tags, then
 * the halves of the device times, then the entries of the batch:
 *
 *   0 tags u32 × 4,096 · times, high halves u32 × 4,096, low halves u32 × 4,096, as they are hashed · entries
 */
import { wasm } from '../../engine/index.ts';
import { BATCH_FRAMES_MAX } from '../../schemas/envelope/index.ts';
import { swapped } from './content-tag.ts';

const { ADD, AND, constant, get, I32, IF, EMPTY, END, LOOP, BR_IF, OR, set, SUB, SHR, tee, V128 } = wasm;
const { VECTOR_ADD, VECTOR_AND, VECTOR_OR, VECTOR_SHL, VECTOR_SHR, VECTOR_SPLAT, VECTOR_XOR } = wasm;

const GROUPS = 2;
const LANES = 4;
const AT_ONCE = GROUPS * LANES;
const COLUMN = 4 * BATCH_FRAMES_MAX;
const TAGS = 0;
const TIMES_HIGH = COLUMN;
const TIMES_LOW = 2 * COLUMN;
const ENTRIES = 3 * COLUMN;
const PAGE = 65_536;
const ENTRY_BYTES = 64 * 1024;
/** Read, but not counted, behind the last entry: by the lanes of frames that are not there. */
const SLACK = AT_ONCE;

/** Parameters of `tags`, then its locals. */
const [KEY0, KEY1, ENTRY, STRIDE, LENGTH, ROUNDS, IS_TIMED, PLACE] = [0, 1, 2, 3, 4, 5, 6, 7];
const [AT, LEFT] = [8, 9];
const STEPS = 10;
const VECTORS = STEPS + AT_ONCE;
const [V0, V1, V2, V3, WORD] = [0, 1, 2, 3, 4];
const PER_GROUP = 5;

const local = (group: number, which: number): number => VECTORS + group * PER_GROUP + which;
const splat = (code: wasm.Code): number[] => [...code, ...VECTOR_SPLAT];

function sipRound(group: number): number[] {
  const [v0, v1, v2, v3] = [local(group, V0), local(group, V1), local(group, V2), local(group, V3)];
  const add = (to: number, from: number): number[] => [...get(to), ...get(from), ...VECTOR_ADD, ...set(to)];
  const rotate = (which: number, bits: number): number[] => [
    ...[...get(which), ...constant(bits), ...VECTOR_SHL, ...get(which), ...constant(32 - bits), ...VECTOR_SHR],
    ...VECTOR_OR,
  ];
  const rotateXor = (which: number, bits: number, other: number): number[] => [
    ...[...rotate(which, bits), ...get(other), ...VECTOR_XOR, ...set(which)],
  ];
  return [
    ...[...add(v0, v1), ...rotateXor(v1, 5, v0), ...rotate(v0, 16), ...set(v0)],
    ...[...add(v2, v3), ...rotateXor(v3, 8, v2), ...add(v0, v3), ...rotateXor(v3, 7, v0)],
    ...[...add(v2, v1), ...rotateXor(v1, 13, v2), ...rotate(v2, 16), ...set(v2)],
  ];
}

/** What follows when WORD of each group has been set. */
function takeWord(): number[] {
  const code: number[] = [];
  const groups = Array.from({ length: GROUPS }, (_, group) => group);
  const xor = (to: number, from: number): number[] => [...get(to), ...get(from), ...VECTOR_XOR, ...set(to)];
  for (const group of groups) code.push(...xor(local(group, V3), local(group, WORD)), ...sipRound(group));
  for (const group of groups) code.push(...xor(local(group, V0), local(group, WORD)));
  return code;
}

const eachGroup = (make: (group: number) => wasm.Code): number[] =>
  Array.from({ length: GROUPS }, (_, group) => make(group)).flat();

/** A word of each frame, at AT from its beginning. */
function frameWords(): number[] {
  return eachGroup((group) => {
    const code: number[] = [];
    for (let lane = 0; lane < LANES; lane++) {
      code.push(...get(AT), ...get(STEPS + group * LANES + lane), ADD);
      code.push(...get(local(group, WORD)), ...wasm.vectorLoadLane(lane), ...set(local(group, WORD)));
    }
    return code;
  });
}

const fromColumn = (column: number): number[] =>
  eachGroup((group) => [...get(PLACE), ...wasm.vectorLoad(column + 16 * group), ...set(local(group, WORD))]);
const ofAll = (code: wasm.Code): number[] => eachGroup((group) => [...splat(code), ...set(local(group, WORD))]);

/**
 * tags(key0, key1, entry, stride, length, rounds, isTimed): of rounds × 8 frames of that length, the first of which lies at
 * `entry` and each next one `stride` further. LENGTH and IS_TIMED are the frames' own; the sum of bytes is hashed with both.
 */
function tagsFunction(): wasm.WasmFunction {
  const swappedLength = [
    ...[
      ...get(LENGTH),
      ...constant(24),
      wasm.SHL,
      ...get(LENGTH),
      ...constant(8),
      wasm.SHL,
      ...constant(0xff0000),
      AND,
    ],
    ...[OR, ...get(LENGTH), ...constant(8), SHR, ...constant(0xff00), AND, OR],
  ];
  const total = [...get(LENGTH), ...constant(4), ADD, ...get(IS_TIMED), ...constant(3), wasm.SHL, ADD];
  const restMask = [
    ...[...constant(1), ...get(LENGTH), ...constant(3), AND, ...constant(3), wasm.SHL, wasm.SHL, ...constant(1), SUB],
  ];
  const code: number[] = [];
  for (let i = 1; i < AT_ONCE; i++) code.push(...get(STEPS + i - 1), ...get(STRIDE), ADD, ...set(STEPS + i));
  code.push(LOOP, EMPTY);
  code.push(
    ...eachGroup((group) => [
      ...[...splat(get(KEY0)), ...set(local(group, V0)), ...splat(get(KEY1)), ...set(local(group, V1))],
      ...[...splat([...get(KEY0), ...constant(0x6c796765), wasm.XOR]), ...set(local(group, V2))],
      ...[...splat([...get(KEY1), ...constant(0x74656462), wasm.XOR]), ...set(local(group, V3))],
    ]),
  );
  code.push(...get(IS_TIMED), IF, EMPTY, ...fromColumn(TIMES_HIGH), ...takeWord());
  code.push(...fromColumn(TIMES_LOW), ...takeWord(), END);
  code.push(...ofAll(swappedLength), ...takeWord());
  code.push(...get(ENTRY), ...set(AT), ...get(LENGTH), ...constant(2), SHR, ...tee(LEFT), IF, EMPTY, LOOP, EMPTY);
  code.push(...frameWords(), ...takeWord(), ...get(AT), ...constant(4), ADD, ...set(AT));
  code.push(...get(LEFT), ...constant(1), SUB, ...tee(LEFT), BR_IF, 0, END, END);
  code.push(...frameWords());
  code.push(
    ...eachGroup((group) => [
      ...[...get(local(group, WORD)), ...splat(restMask), ...VECTOR_AND],
      ...[...splat([...total, ...constant(24), wasm.SHL]), ...VECTOR_OR, ...set(local(group, WORD))],
    ]),
    ...takeWord(),
    ...eachGroup((group) => [
      ...[...get(local(group, V2)), ...splat(constant(0xff)), ...VECTOR_XOR, ...set(local(group, V2))],
    ]),
  );
  for (let round = 0; round < 3; round++) code.push(...eachGroup(sipRound));
  code.push(
    ...eachGroup((group) => [
      ...[...get(PLACE), ...get(local(group, V1)), ...get(local(group, V3)), ...VECTOR_XOR],
      ...wasm.vectorStore(TAGS + 16 * group),
    ]),
  );
  code.push(...get(ENTRY), ...get(STRIDE), ...constant(Math.log2(AT_ONCE)), wasm.SHL, ADD, ...set(ENTRY));
  code.push(...get(PLACE), ...constant(4 * AT_ONCE), ADD, ...set(PLACE));
  code.push(...get(ROUNDS), ...constant(1), SUB, ...tee(ROUNDS), BR_IF, 0, END);
  const locals = [
    [3 + AT_ONCE, I32],
    [GROUPS * PER_GROUP, V128],
  ] as const;
  return { name: 'tags', parameters: PLACE, locals, code };
}

type Tags = (
  key0: number,
  key1: number,
  entry: number,
  stride: number,
  length: number,
  rounds: number,
  isTimed: number,
) => void;

export class TagLanes {
  readonly #entries: Uint8Array;
  readonly #tags: Uint32Array;
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  readonly #run: Tags;

  constructor() {
    const exports = wasm.wasmInstance([tagsFunction()], Math.ceil((ENTRIES + ENTRY_BYTES) / PAGE));
    const { buffer } = exports.memory;
    this.#entries = new Uint8Array(buffer, ENTRIES);
    this.#tags = new Uint32Array(buffer, TAGS, BATCH_FRAMES_MAX);
    this.#high = new Int32Array(buffer, TIMES_HIGH, BATCH_FRAMES_MAX);
    this.#low = new Int32Array(buffer, TIMES_LOW, BATCH_FRAMES_MAX);
    this.#run = exports.tags as Tags;
  }

  /** Whether so many frames, each `stride` after the one before, fit. */
  fits(count: number, stride: number): boolean {
    return (count + SLACK) * stride <= this.#entries.length;
  }

  /** Those of the frames [from, to), as milliseconds after the first; for the next `run`. */
  setTimes(baseMs: number, deltas: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const timeMs = baseMs + deltas[i]!;
      const high = Math.floor(timeMs / 2 ** 32);
      this.#high[i - from] = swapped(high);
      this.#low[i - from] = swapped((timeMs - high * 2 ** 32) | 0);
    }
  }

  /**
   * The tags of `count` frames of `length` bytes, the first of which begins at `start`, by contentTag or, with the times
   * set, contentTagAt; `key0` is the one of either. They are valid until the next call.
   */
  run(
    bytes: Uint8Array,
    start: number,
    stride: number,
    length: number,
    count: number,
    isTimed: boolean,
    key0: number,
    key1: number,
  ): Uint32Array {
    this.#entries.set(bytes.subarray(start, start + (count - 1) * stride + length));
    this.#run(key0, key1, ENTRIES, stride, length, Math.ceil(count / AT_ONCE), isTimed ? 1 : 0);
    const tags = this.#tags;
    for (let i = 0; i < count; i++) if (tags[i] === 0) tags[i] = 1;
    return tags;
  }
}
