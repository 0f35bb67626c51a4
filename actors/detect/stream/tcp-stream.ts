/**
 * One direction of a TCP session: its numbers, and its bytes put in order. Two readers follow them, each in its own time:
 * the application's (`appOffset`) and that of the rules on raw bytes (`rawOffset`). Offsets count from the first byte behind
 * the SYN. Invariants: every byte from `appOffset` to `runEnd` is there; a byte before both readers may be gone.
 */
import { doesNewWin } from './overlap.ts';
import type { PagePool } from './page-pool.ts';
import { PagedBytes, type Scratch } from './paged-bytes.ts';
import { SegmentList } from './segment-list.ts';
import type { StreamPolicy } from './stream-options.ts';

/** As many are kept of a direction, so that no segment has to be compared with more. */
const MAX_SEGMENTS = 262_144;

/** What a segment costs beside its bytes. */
const SEGMENT_COST_BYTES = 16;

export class TcpStream {
  isn = 0;
  nextSequence = 0;
  lastAck = 0;
  window = 0;
  windowScale = 0;
  nextWindow = 0;
  /** All flags that its packets had. */
  flags = 0;
  lastTimestamp = 0;
  lastPacketSeconds = 0;
  hasTimestamps = false;
  isZeroTimestamp = false;
  /** It has sent a keep-alive that is not answered yet. */
  isKeptAlive = false;
  /** It has sent a byte to see whether a closed window is open again. */
  isProbing = false;
  /** Its receiver was sent a reset in its name that may be forged. */
  gotReset = false;
  policy: StreamPolicy = 'bsd';

  appOffset = 0;
  /** So many bytes before `appOffset` the application has not used yet. */
  unused = 0;
  /** The application takes no more before there are so many bytes behind those that it has used. */
  required = 0;
  /** The bytes without a hole that `appOffset` is in. */
  runStart = 0;
  runEnd = 0;
  rawOffset = 0;
  /** Highest end of a segment. */
  rightEdge = 0;
  depthReached = false;
  /** The segment in hand has other bytes than one that came before. */
  isContradicted = false;
  /** Bytes of it were passed over that never came. */
  hasGap = false;
  /** Its protocol is known, or known to be none that is read. */
  isRecognised = false;
  /** Nothing is added any more. */
  isOver = false;
  /** Rules are to have what there is with the next packet, however little it is. */
  isFlushed = false;
  /** Rules see with the next packet what there is, and then no more. */
  isRawEnding = false;
  isRawOver = false;
  readonly segments = new SegmentList();
  /** Where `findRun` found bytes. */
  foundStart = 0;
  foundEnd = 0;
  /** So many bytes before those that rules have seen are not too old to come again. */
  inspectDepth = 0;
  readonly #bytes: PagedBytes;
  readonly #pool: PagePool;
  /** A sequence number and its offset, from which others are told. */
  #baseSequence = 0;
  #baseOffset = 0;
  #keptFrom = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
    this.#bytes = new PagedBytes(pool);
  }

  begin(isn: number): void {
    this.isn = isn;
    this.#baseSequence = (isn + 1) | 0;
    this.#baseOffset = 0;
  }

  /** All before it the application has used. */
  get appProgress(): number {
    return this.appOffset - this.unused;
  }

  offsetOf(sequence: number): number {
    return this.#baseOffset + ((sequence - this.#baseSequence) | 0);
  }

  /** Before this offset nothing is kept by Suricata: here it may be less, which nobody looks at again. */
  get keptFrom(): number {
    return Math.min(this.#keptFrom, this.#baseOffset);
  }

  /** The first byte that is kept here, if it came. */
  get heldFrom(): number {
    return this.#baseOffset;
  }

  get ackedOffset(): number {
    if (this.#baseOffset === 0 && (this.flags & 0x10) === 0) return 0;
    return Math.max(this.offsetOf(this.lastAck), this.#baseOffset);
  }

  /**
   * Numbers of what is kept begin anew at 0 within it, or nothing ever came of what was announced: Suricata does not see
   * then that rules have all there is.
   */
  get hasWrapped(): boolean {
    if (this.rightEdge === 0) return this.#baseSequence !== 0;
    const from = this.keptFrom;
    const sequence = (this.#baseSequence - (this.#baseOffset - from)) >>> 0;
    return sequence + (this.rightEdge - from) > 0xffff_ffff;
  }

  /** False where there is no memory for it. */
  add(start: number, source: Uint8Array, from: number, length: number): boolean {
    const end = start + length;
    if (end <= this.#baseOffset) return true;
    const pool = this.#pool;
    const first = Math.max(start, this.#baseOffset);
    if (this.segments.count >= MAX_SEGMENTS || !pool.hasRoom(this.#bytes.costOf(first, end) + SEGMENT_COST_BYTES)) {
      pool.refused++;
      return false;
    }
    if (start >= this.rightEdge) {
      this.segments.insert(start, end);
      pool.charge(SEGMENT_COST_BYTES);
      this.#bytes.write(first, source, from, from + length);
    } else this.#addOver(start, first, source, from, length);
    if (end > this.rightEdge) this.rightEdge = end;
    if (start <= this.runEnd && end > this.runEnd) this.#extendRun(end);
    return true;
  }

  /** From the end of the run to the next byte that is there; 0 where none is. */
  gapLength(): number {
    return this.segments.seekStart(this.runEnd) ? this.segments.start - this.runEnd : 0;
  }

  /** The application reads on behind so many bytes that are not there. */
  skip(length: number): void {
    const start = this.runEnd + length;
    this.appOffset = start;
    this.runStart = start;
    this.runEnd = start;
    if (this.segments.seekStart(start) && this.segments.start === start) this.#extendRun(this.segments.end);
  }

  /** Where what Suricata keeps has its first hole; what of it the application was led past holds back all that is behind. */
  wholeEnd(): number {
    const { keptFrom, runStart, runEnd, segments } = this;
    if (runStart <= keptFrom) return runEnd;
    let end = keptFrom;
    for (let has = segments.first(); has && segments.start <= end; has = segments.next())
      if (segments.end > end) end = segments.end;
    return end;
  }

  /** Finds the first bytes without a hole that end behind `offset`: also such that came too late for the application. */
  findRun(offset: number): boolean {
    if (offset >= this.runStart && this.runEnd > offset) return this.#found(this.runStart, this.runEnd);
    const { segments } = this;
    if (!(offset >= this.runStart ? segments.seekStart(this.runEnd) : segments.first())) return false;
    let { start, end } = segments;
    while (segments.next()) {
      if (segments.start <= end) end = Math.max(end, segments.end);
      else if (end > offset) break;
      else ({ start, end } = segments);
    }
    return end > offset && this.#found(start, end);
  }

  #found(start: number, end: number): true {
    this.foundStart = start;
    this.foundEnd = end;
    return true;
  }

  read(start: number, end: number, scratch: Scratch): Uint8Array {
    return this.#bytes.read(start, end, scratch);
  }

  /** A copy of the first bytes that are kept, holes left out. */
  contents(most: number): Uint8Array {
    const { segments } = this;
    const bytes = new Uint8Array(Math.min(most, Math.max(0, this.rightEdge - this.#baseOffset)));
    let [at, length] = [this.#baseOffset, 0];
    for (let has = segments.first(); has && length < bytes.length; has = segments.next()) {
      const start = Math.max(segments.start, at);
      const end = Math.min(segments.end, start + bytes.length - length);
      if (end <= start) continue;
      this.#bytes.copyTo(bytes, length, start, end);
      length += end - start;
      at = end;
    }
    return bytes.subarray(0, length);
  }

  /** Lets go of what is before `edge`: both readers have had it. */
  prune(edge: number, keptFrom: number): void {
    if (keptFrom > this.#keptFrom) this.#keptFrom = keptFrom;
    if (edge <= this.#baseOffset) return;
    this.#baseSequence = (this.#baseSequence + (edge - this.#baseOffset)) | 0;
    this.#baseOffset = edge;
    const before = this.segments.count;
    this.segments.dropBefore(edge);
    this.#pool.charge((this.segments.count - before) * SEGMENT_COST_BYTES);
    if (edge >= this.rightEdge) this.#bytes.clear();
    else this.#bytes.release(edge);
    if (edge > this.runEnd) this.#restartRun(edge);
  }

  clear(): void {
    this.#pool.charge(-this.segments.count * SEGMENT_COST_BYTES);
    this.segments.clear();
    this.#bytes.clear();
  }

  /** Where the application reads no more, the rules may be beyond its run. */
  #restartRun(edge: number): void {
    const { segments } = this;
    this.runStart = edge;
    this.runEnd = edge;
    if (!segments.first()) return;
    do {
      if (segments.start > this.runEnd) return;
      if (segments.end > this.runEnd) this.runEnd = segments.end;
    } while (segments.next());
  }

  /** Segments that start within the run lie within it: only what starts behind its end can carry it on. */
  #extendRun(end: number): void {
    const old = this.runEnd;
    this.runEnd = end;
    if (end >= this.rightEdge) return;
    if (!this.segments.seekStart(old)) return;
    do {
      if (this.segments.start > this.runEnd) return;
      if (this.segments.end > this.runEnd) this.runEnd = this.segments.end;
    } while (this.segments.next());
  }

  /** Overlaps are settled with every segment beneath; what holds of the older ones is left as it is. */
  #addOver(start: number, first: number, source: Uint8Array, from: number, length: number): void {
    const end = start + length;
    const { segments } = this;
    const isNew = segments.insert(start, end);
    if (isNew) this.#pool.charge(SEGMENT_COST_BYTES);
    const kept = this.#kept(start, first, end, isNew, source, from);
    let at = first;
    for (let index = 0; index < kept.length; index += 2) {
      if (kept[index]! > at) this.#bytes.write(at, source, from + (at - start), from + (kept[index]! - start));
      at = Math.max(at, kept[index + 1]!);
    }
    if (at < end) this.#bytes.write(at, source, from + (at - start), from + length);
  }

  /** Spans in which older segments hold, by their starts. Noted is whether one of them has other bytes than `source`. */
  #kept(start: number, first: number, end: number, isNew: boolean, source: Uint8Array, from: number): number[] {
    const { segments, policy } = this;
    const kept: number[] = [];
    let compared = first;
    let back = 0;
    while (segments.previous()) {
      back++;
      if (segments.end <= start && segments.end > this.#baseOffset) break;
    }
    for (let place = -back; ; place++) {
      if (place !== 0 && segments.end > start) {
        const to = Math.min(segments.end, end);
        const at = Math.max(segments.start, compared);
        if (this.#pool.keepsWindow && !this.isContradicted && at < to) {
          this.isContradicted = this.#bytes.differ(at, to, source, from + (at - start));
          compared = to;
        }
        if (!doesNewWin(policy, segments.start, segments.end, start, end))
          kept.push(Math.max(segments.start, first), to);
      }
      if (!segments.next() || segments.start >= end) break;
    }
    // Of the very same one the bytes are not compared, as in Suricata.
    return !isNew && !doesNewWin(policy, start, end, start, end) ? [first, end] : kept;
  }
}
