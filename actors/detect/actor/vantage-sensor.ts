/**
 * The sensor of one place of capture, and which records its live flows have begun in. Those records, from the oldest one on,
 * are all that it takes to make the sensor anew: it never looks at a clock, so the same packets lead to the same flows.
 */
import type { PacketBatchView } from '../../../schemas/network/index.ts';
import { CapturedPacket } from '../capture/index.ts';
import { FlowBirths, type FlowOrigin } from '../flow/index.ts';
import { Answers, type CompiledRules } from '../inspect/index.ts';
import { Sensor, type SensorLimits, type SensorOptions, type TellLine } from '../sensor/index.ts';

/** A record that has to be taken once more as long as something of it is remembered. */
export interface Origin extends FlowOrigin {
  readonly offset: number;
  readonly bytes: number;
  /** Behind it fragments wait, so that a datagram of a later record may be whole only if this one is taken, too. */
  readsOn: boolean;
}

/** Fewer segments say nothing of their place. */
const SEGMENTS_MIN = 8;
/** Where a network card makes the checksums, those that leave the machine are wrong: half of all, or all. */
const WRONG_SHARE_MIN = 1 / 4;

export interface Tellers {
  readonly tell: TellLine;
  readonly tellVerdict: TellLine | null;
}

export class VantageSensor {
  readonly #sensor: Sensor;
  readonly #births = new FlowBirths();
  readonly #answers = new Answers();
  readonly #captured = new CapturedPacket();
  readonly #fragmentTimeoutUs: number;
  /** By offset. */
  readonly #origins: Origin[] = [];
  #originBytes = 0;
  #lastFragmentUs = Number.NEGATIVE_INFINITY;
  #nowUs = 0;
  /** What the sensor threw where flows ended without a packet: told of with the next record. */
  #failure: unknown = null;
  /** Counts of the sensor that were looked at. */
  #segmentsSeen = 0;
  #wrongSeen = 0;

  constructor(rules: CompiledRules, options: SensorOptions, { tell, tellVerdict }: Tellers) {
    const { traffic } = options;
    const flow = { ...traffic.flow, births: this.#births };
    this.#sensor = new Sensor(rules, { ...options, traffic: { ...traffic, flow } }, tell, null, tellVerdict);
    this.#sensor.answers = this.#answers;
    this.#fragmentTimeoutUs = traffic.defrag.timeoutUs;
  }

  /**
   * TCP segments with a wrong checksum since there were enough to say, where they are a large share: then it is the capture,
   * and not somebody's damage. 0 where they are not, or there are too few to say.
   */
  takeWrongChecksums(): number {
    const { segments, wrongChecksum } = this.#sensor.counts;
    const [seen, wrong] = [segments - this.#segmentsSeen, wrongChecksum - this.#wrongSeen];
    if (seen < SEGMENTS_MIN) return 0;
    this.#segmentsSeen = segments;
    this.#wrongSeen = wrongChecksum;
    return wrong >= seen * WRONG_SHARE_MIN ? wrong : 0;
  }

  /** Between two records. */
  useRules(rules: CompiledRules): void {
    this.#sensor.useRules(rules);
  }

  /** Flows that have begun. */
  get flows(): number {
    return this.#sensor.flows.counts.total;
  }

  set flows(total: number) {
    this.#sensor.flows.counts.total = total;
  }

  /** How far time has come. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get addressMemory(): Sensor['addressMemory'] {
    return this.#sensor.addressMemory;
  }

  get origins(): readonly Origin[] {
    return this.#origins;
  }

  /**
   * The packets of a batch; `known`: what came of them, where it is taken once more. Gives that, and what the sensor threw at a
   * packet: the packets behind that were taken.
   */
  take(batch: PacketBatchView, offset: number, bytes: number, known: Known | null): Taken {
    const origin: Origin = { offset, bytes, live: 0, readsOn: false };
    this.#births.begin(origin, known?.births ?? null);
    this.#answers.begin(known?.answers ?? null);
    const sensor = this.#sensor;
    const before = sensor.limits;
    const { counts } = sensor.defragmenter;
    const fragments = counts.fragments;
    const captured = this.#captured;
    captured.bytes = batch.bytes;
    captured.linkType = batch.linkType;
    let failure = this.#failure;
    this.#failure = null;
    while (batch.next()) {
      captured.start = batch.packetStart;
      captured.end = batch.packetEnd;
      captured.wireLength = batch.wireLength;
      captured.timeUs = batch.packetTimeUs;
      if (captured.timeUs > this.#nowUs) this.#nowUs = captured.timeUs;
      try {
        sensor.take(captured);
      } catch (thrown) {
        failure ??= thrown;
      }
    }
    if (batch.packets === 0) this.advance(batch.timeUs);
    failure ??= this.#failure;
    this.#failure = null;
    if (counts.fragments > fragments) this.#lastFragmentUs = this.#nowUs;
    origin.readsOn = this.#hasFragments();
    if (known !== null) sensor.flows.evictAgain(known.evicted);
    this.#origins.push(origin);
    this.#originBytes += bytes;
    const { noted: births, evicted } = this.#births;
    return { births, evicted, answers: this.#answers.noted, failure, reached: risen(before, sensor.limits) };
  }

  /** What flows ask from here on was not asked before. */
  endReplay(): void {
    this.#answers.begin(null);
  }

  /** Time has come so far. */
  advance(timeUs: number): void {
    if (timeUs <= this.#nowUs) return;
    this.#nowUs = timeUs;
    this.#without(() => this.#sensor.advance(timeUs));
  }

  /** Every flow is over. */
  finish(): void {
    this.#without(() => this.#sensor.finish());
  }

  #without(end: () => void): void {
    try {
      end();
    } catch (thrown) {
      this.#failure ??= thrown;
    }
  }

  /** Takes the oldest record away that need not be taken once more: nothing is left of it, or more than `bytesMax` are to be kept. */
  forget(bytesMax: number): Origin | null {
    const [oldest] = this.#origins;
    if (oldest === undefined) return null;
    if (!this.#isForgettable() && this.#originBytes <= bytesMax) return null;
    this.#origins.shift();
    this.#originBytes -= oldest.bytes;
    return oldest;
  }

  /** Whether no flow lives that began in the oldest records, up to one behind which no fragments waited. */
  #isForgettable(): boolean {
    for (const { live, readsOn } of this.#origins) {
      if (live > 0) return false;
      if (!readsOn) return true;
    }
    return false;
  }

  #hasFragments(): boolean {
    return this.#sensor.defragmenter.heldBytes > 0 && this.#nowUs - this.#lastFragmentUs <= this.#fragmentTimeoutUs;
  }
}

/** What a record has led to, and leads to again. */
export interface Known {
  readonly births: Int32Array;
  readonly evicted: Int32Array;
  readonly answers: Int32Array;
}

export interface Taken extends Known {
  readonly failure: unknown;
  /** Bounds that were reached, and how often. */
  readonly reached: readonly (readonly [name: keyof SensorLimits, by: number])[];
}

/** A set of rules counts for all its sensors: what has risen with this record is its own. */
function risen(before: SensorLimits, now: SensorLimits): (readonly [keyof SensorLimits, number])[] {
  const names = Object.keys(now) as (keyof SensorLimits)[];
  return names.flatMap((name) => (now[name] > before[name] ? [[name, now[name] - before[name]] as const] : []));
}
