/**
 * Content codings of a body, one layer after another. Data that is not what its header says is tried as the other
 * coding, and goes on as it is where neither fits: a header cannot hide a body.
 */
import { GzipHeader, Inflate } from '../../inflate/index.ts';

export type Coding = 'gzip' | 'deflate';

/** Of what a layer gives so much is handed on at once; the rest waits for more, or for the end. */
const STEP = 8192;
/** A layer gives no more than this: beyond a body's own limit nobody looks. */
const LAYER_BYTES_MAX = 262_144;
const RESTARTS_MAX = 3;
/** Tables of codes. */
const INFLATE_COST_BYTES = 8192;

type Sink = (bytes: Uint8Array) => void;

class Layer {
  readonly #sink: Sink;
  readonly #flush: () => void;
  readonly #fault: () => void;
  #coding: Coding;
  #restarts = 0;
  #header: GzipHeader | null;
  #inflate = new Inflate(LAYER_BYTES_MAX);
  #given = 0;
  #state: 'inflating' | 'over' | 'passing' = 'inflating';

  constructor(coding: Coding, sink: Sink, flush: () => void, fault: () => void) {
    this.#fault = fault;
    this.#coding = coding;
    this.#sink = sink;
    this.#flush = flush;
    this.#header = coding === 'gzip' ? new GzipHeader() : null;
  }

  get isPassing(): boolean {
    return this.#state === 'passing';
  }

  get keptBytes(): number {
    return INFLATE_COST_BYTES + this.#inflate.output.length;
  }

  push(bytes: Uint8Array): void {
    if (this.#state === 'passing') this.#sink(bytes);
    if (this.#state !== 'inflating') return;
    if (this.#feed(bytes, 0)) return;
    this.#fault();
    // What came before is not tried again with it, although nothing came of that either.
    while (this.#restart()) {
      if (this.#feed(bytes, this.#skipped(bytes))) return;
      this.#fault();
    }
    this.#state = 'passing';
    this.#sink(bytes);
  }

  end(): void {
    this.#give(true);
    this.#flush();
  }

  /** False: this is not what it should be, and nothing came of it. */
  #feed(bytes: Uint8Array, from: number): boolean {
    let at = from;
    while (this.#header !== null && at < bytes.length) {
      const answer = this.#header.take(bytes[at]!);
      at += 1;
      if (answer === 'fault') return false;
      if (answer === 'done') this.#header = null;
    }
    if (at >= bytes.length) return true;
    this.#inflate.push(bytes, at);
    const { status } = this.#inflate;
    const isOver = status !== 'more';
    this.#give(isOver && status !== 'fault');
    if (status === 'fault') {
      // What came before the fault counts at the first try alone: another try's is chance. What follows is tried anew.
      if (this.#restarts > 0 || this.#given === this.#inflate.length) return false;
      this.#give(true);
      this.#fault();
    } else if (isOver) this.#state = 'over';
    return true;
  }

  #give(isAll: boolean): void {
    const ready = isAll ? this.#inflate.length : this.#inflate.length - (this.#inflate.length % STEP);
    if (ready <= this.#given) return;
    const from = this.#given;
    this.#given = ready;
    this.#sink(this.#inflate.output.subarray(from, ready));
  }

  #restart(): boolean {
    if (this.#restarts >= RESTARTS_MAX) return false;
    if (this.#restarts > 0) this.#coding = this.#coding === 'gzip' ? 'deflate' : 'gzip';
    this.#restarts += 1;
    this.#header = this.#coding === 'gzip' ? new GzipHeader() : null;
    this.#inflate = new Inflate(LAYER_BYTES_MAX);
    this.#given = 0;
    return true;
  }

  /** How long a gzip header with extensions is that the data may begin with. */
  #skipped(bytes: Uint8Array): number {
    if (bytes.length < 4 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[3] === 0) return 0;
    let skipped = 10;
    if ((bytes[3]! & 0x18) !== 0) {
      const nul = bytes.indexOf(0, 10);
      skipped = nul === -1 ? bytes.length + 1 : nul + 1;
    } else if ((bytes[3]! & 2) !== 0) skipped = 12;
    return skipped > bytes.length ? 0 : skipped;
  }
}

export class Decompressor {
  readonly #first: Layer;
  readonly #layers: Layer[] = [];

  /** The first coding is undone first; `flush` is called at the end of the last. */
  constructor(codings: readonly Coding[], sink: Sink, fault: () => void) {
    const [last, ...before] = codings.toReversed();
    if (last === undefined) throw new RangeError('no coding');
    let layer = new Layer(last, sink, () => {}, fault);
    this.#layers.push(layer);
    for (const coding of before) {
      layer = above(coding, layer, fault);
      this.#layers.push(layer);
    }
    this.#first = layer;
  }

  /** What comes is handed on as it is: it is in no such coding. */
  get isPassing(): boolean {
    return this.#first.isPassing;
  }

  get keptBytes(): number {
    let bytes = 0;
    for (const layer of this.#layers) bytes += layer.keptBytes;
    return bytes;
  }

  push(bytes: Uint8Array): void {
    this.#first.push(bytes);
  }

  end(): void {
    this.#first.end();
  }
}

const above = (coding: Coding, next: Layer, fault: () => void): Layer =>
  new Layer(
    coding,
    (bytes) => next.push(bytes),
    () => next.end(),
    fault,
  );
