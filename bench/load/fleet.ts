/**
 * A fleet of EnMon devices as numbers: which device sends next, when, and what it measured, the same for the same seed.
 * It knows no frame, so that what is computed from it can judge what the engine made of the frames.
 */
import { partitionForKey, seededRandom } from '../../engine/index.ts';

export interface FleetOptions {
  readonly devices: number;
  readonly seed: number;
  /** Of event time: how many frames one second of the whole city holds. */
  readonly framesPerSecond: number;
  readonly startMs: number;
  /** How unequal the devices are: the k-th sends k^-exponent as often as the first. Default 1; 0: all alike. */
  readonly exponent?: number;
  /** As many devices in each of so many partitions; absent: as their names fall. */
  readonly evenOver?: number;
}

/** One per measure, in the order of the frame description: battery mV, noise dB, temperature °C × 10, humidity % × 10. */
export const MEASURES = 4;
const LEAST = [2_800, 35, -50, 200] as const;
const SPAN = [1_400, 60, 400, 750] as const;

export class Fleet {
  readonly options: FleetOptions;
  readonly ids: readonly string[];
  readonly imeis: readonly string[];
  /** Of the present frame. */
  device = 0;
  sequence = 0;
  timestamp = 0;
  readonly wire = new Int32Array(MEASURES);
  readonly #random: { u32(): number };
  readonly #sequences: Uint32Array;
  /** Alias table (Walker; Vose's construction): one draw, whatever the number of devices. */
  readonly #threshold: Float64Array;
  readonly #alias: Int32Array;
  #frames = 0;

  constructor(options: FleetOptions) {
    const { devices, seed, exponent = 1, evenOver = 1 } = options;
    this.options = options;
    this.ids = names(devices, evenOver);
    this.imeis = Array.from({ length: devices }, (_, i) => String(867_723_030_000_000 + i));
    this.#random = seededRandom(seed);
    this.#sequences = new Uint32Array(devices);
    [this.#threshold, this.#alias] = zipfTable(devices, exponent);
  }

  next(): void {
    const { framesPerSecond, startMs, devices } = this.options;
    const draw = (this.#random.u32() / 2 ** 32) * devices;
    const slot = Math.floor(draw);
    this.device = draw - slot < this.#threshold[slot]! ? slot : this.#alias[slot]!;
    this.sequence = ++this.#sequences[this.device]!;
    this.timestamp = startMs + Math.floor((this.#frames * 1000) / framesPerSecond);
    this.#frames++;
    for (let i = 0; i < MEASURES; i++) this.wire[i] = LEAST[i]! + (this.#random.u32() % SPAN[i]!);
  }
}

/** In order; without those of partitions that have their share already. */
function names(devices: number, partitions: number): string[] {
  const share = Math.ceil(devices / partitions);
  const taken = new Uint32Array(partitions);
  const found: string[] = [];
  for (let i = 0; found.length < devices; i++) {
    const name = `enmon-${String(i).padStart(6, '0')}`;
    const key = new TextEncoder().encode(name);
    const partition = partitionForKey(key, 0, key.length, partitions);
    if (taken[partition]! >= share) continue;
    taken[partition]!++;
    found.push(name);
  }
  return found;
}

function zipfTable(devices: number, exponent: number): [Float64Array, Int32Array] {
  let total = 0;
  for (let i = 1; i <= devices; i++) total += i ** -exponent;
  const threshold = new Float64Array(devices);
  const alias = new Int32Array(devices);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < devices; i++) {
    threshold[i] = (devices * (i + 1) ** -exponent) / total;
    (threshold[i]! < 1 ? small : large).push(i);
  }
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!;
    const more = large.pop()!;
    alias[less] = more;
    threshold[more] = threshold[more]! - (1 - threshold[less]!);
    (threshold[more]! < 1 ? small : large).push(more);
  }
  for (const rest of [...small, ...large]) threshold[rest] = 1;
  return [threshold, alias];
}
