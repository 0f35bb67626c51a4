/**
 * What the trial's actors must put out, worked out from the specification (docs/specs/actor.md, watermarks.md) one
 * record after another, with maps and numbers. Written apart from the engine on purpose: it shares no code with it, it
 * knows no threads, batches, commits or savepoints, and it is slow.
 */
import { type PlainLog, type PlainRecord, tellsTime } from './plain.ts';

export interface ExpectedRecord {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
}

export interface ExpectedLetter extends Omit<ExpectedRecord, 'key' | 'value'> {
  readonly topic: string;
  /** As it was, null included. */
  readonly key: string | null;
  readonly value: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly stage: string;
  readonly attempts: number;
  readonly originTopic: string;
  /** Null where it can only be known from a topic between two stages. */
  readonly originOffset: number | null;
}

export interface ExpectedPartition {
  readonly checked: ExpectedRecord[];
  readonly zoned: ExpectedRecord[];
  readonly notes: ExpectedRecord[];
  readonly windows: ExpectedRecord[];
  readonly late: ExpectedRecord[];
  readonly coarse: ExpectedRecord[];
  readonly coarseLate: ExpectedRecord[];
  readonly joined: ExpectedRecord[];
  readonly joinLate: ExpectedRecord[];
  readonly letters: ExpectedLetter[];
}

const WINDOW = 1000;
const GRACE = 500;
const COARSE = 4000;
const SECOND = 1000;
/** By how much the windows' results lie behind what they are made of. */
const WINDOWS_LAG = WINDOW + GRACE;

interface Content {
  count: number;
  other: number;
  sum: number;
}

interface Origin {
  readonly topic: string;
  readonly offset: number | null;
}

/** Windows of one size, for all keys of a partition. */
class Windows {
  readonly #size: number;
  readonly #grace: number;
  readonly #open = new Map<string, { key: string; start: number; content: Content }>();

  constructor(size: number, grace: number) {
    this.#size = size;
    this.#grace = grace;
  }

  /** Undefined for a record that is late. */
  at(key: string, time: number, watermark: number): Content | undefined {
    const start = Math.floor(time / this.#size) * this.#size;
    if (start + this.#size + this.#grace <= watermark) return undefined;
    const id = `${start} ${key}`;
    let window = this.#open.get(id);
    if (window === undefined) {
      window = { key, start, content: { count: 0, other: 0, sum: 0 } };
      this.#open.set(id, window);
    }
    return window.content;
  }

  close(watermark: number, each: (key: string, start: number, end: number, content: Content) => void): void {
    const due = [...this.#open].filter(([, { start }]) => start + this.#size + this.#grace <= watermark);
    due.sort(([, a], [, b]) => a.start - b.start || (a.key < b.key ? -1 : 1));
    for (const [id, { key, start, content }] of due) {
      // First: what it causes may look at the windows again.
      this.#open.delete(id);
      each(key, start, start + this.#size, content);
    }
  }
}

const hex = {
  u8: (n: number) => n.toString(16).padStart(2, '0'),
  u32: (n: number) => n.toString(16).padStart(8, '0'),
  f64(n: number) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(n);
    return bytes.toString('hex');
  },
};

/** Works through one partition: what devices sent, the letters that were sent again, what devices sent after that, and the end. */
export class PartitionOracle implements ExpectedPartition {
  readonly checked: ExpectedRecord[] = [];
  readonly zoned: ExpectedRecord[] = [];
  readonly notes: ExpectedRecord[] = [];
  readonly windows: ExpectedRecord[] = [];
  readonly late: ExpectedRecord[] = [];
  readonly coarse: ExpectedRecord[] = [];
  readonly coarseLate: ExpectedRecord[] = [];
  readonly joined: ExpectedRecord[] = [];
  readonly joinLate: ExpectedRecord[] = [];
  readonly letters: ExpectedLetter[] = [];
  /** Which part of `late` comes from letters; the order within it is nobody's promise. */
  lateOfLetters: readonly [number, number] = [0, 0];
  readonly #isFused: boolean;
  #isMended = false;
  readonly #seen = new Map<string, number>();
  readonly #refusals = new Map<string, { count: number; sum: number }>();
  readonly #fine = new Windows(WINDOW, GRACE);
  readonly #coarse = new Windows(COARSE, 0);
  readonly #join = new Windows(WINDOW, 0);
  #checkTime = Number.NEGATIVE_INFINITY;
  #sumTime = Number.NEGATIVE_INFINITY;
  #coarseTime = Number.NEGATIVE_INFINITY;
  readonly #joinTimes = { readings: Number.NEGATIVE_INFINITY, settings: Number.NEGATIVE_INFINITY };

  constructor(isFused: boolean) {
    this.#isFused = isFused;
  }

  /** `mendedAt`: topic → the offset from which on the actors were mended and the letters had been sent again. */
  run(log: PlainLog, partition: number, mendedAt: Readonly<Record<string, number>>, finalMs: number): void {
    const of = (topic: string): readonly PlainRecord[] => log[topic]?.[partition] ?? [];
    const sent = (topic: string, isMended: boolean) =>
      of(topic).filter(({ timestamp, offset }) => timestamp < finalMs && offset >= (mendedAt[topic] ?? 0) === isMended);
    this.#devices(sent('readings', false), sent('settings', false));
    const before = this.late.length;
    this.#isMended = true;
    for (const record of of('readings.resend'))
      if (record.headers['msec.actor'] === 'check') this.#check(record, 'readings.resend');
      else this.#joinRecord(record, 'readings', 'readings.resend');
    for (const record of of('checked.resend')) {
      const origin = { topic: 'checked.resend', offset: record.offset };
      this.#sum(record.key ?? '', record.timestamp, record.value ?? '', origin, true);
    }
    this.lateOfLetters = [before, this.late.length];
    this.#devices(sent('readings', true), sent('settings', true));
    this.#checkMoves(finalMs);
    this.#joinMoves('readings', finalMs);
    this.#joinMoves('settings', finalMs);
  }

  #devices(readings: readonly PlainRecord[], settings: readonly PlainRecord[]): void {
    for (const record of readings) this.#check(record, 'readings');
    for (const record of readings) this.#joinRecord(record, 'readings', 'readings');
    for (const record of settings) this.#joinRecord(record, 'settings', 'settings');
  }

  #check(record: PlainRecord, topic: string): void {
    const { timestamp, value, offset } = record;
    if (tellsTime(record)) {
      this.#checkMoves(timestamp);
      return;
    }
    const key = record.key ?? '';
    const letter = (reason: string, attempts: number) =>
      this.letters.push({
        ...{ topic: 'readings.dlq', key: record.key, value, timestamp, reason, attempts },
        ...{ actor: 'check', stage: 'check', originTopic: topic, originOffset: offset },
      });
    const reading = parse(value);
    if (typeof reading === 'string') letter(reading, 1);
    else if (reading.kind === 4 || reading.kind === 5) letter('RECORD_KILLED_WORKER', 2);
    else if (reading.kind === 6) letter('RECORD_HUNG', 2);
    else if (reading.kind === 1 || (reading.kind === 9 && !this.#isMended)) letter('VALUE_INVALID', 1);
    else if (reading.kind === 2) letter('ACTOR_FAILED', 3);
    else if (reading.kind === 8) {
      const before = this.#refusals.get(key) ?? { count: 0, sum: 0 };
      const after = { count: before.count + 1, sum: before.sum + reading.amount };
      if (after.count === 3) this.#refusals.delete(key);
      else this.#refusals.set(key, after);
      this.notes.push({ key, value: hex.f64(after.count) + hex.f64(after.sum), timestamp });
      letter('BUDGET_EXHAUSTED', 1);
    } else {
      const count = (this.#seen.get(key) ?? 0) + 1;
      this.#seen.set(key, count);
      const counted = value + hex.u32(count);
      this.checked.push({ key, value: counted, timestamp });
      this.zoned.push({ key: `zone-${reading.id % 3}`, value: counted, timestamp });
      this.#sum(key, timestamp, counted, this.#isFused ? { topic, offset } : { topic: 'checked', offset: null }, false);
      if (topic === 'readings') this.#checkMoves(timestamp);
    }
  }

  #checkMoves(time: number): void {
    if (time <= this.#checkTime) return;
    const passed = secondsPassed(this.#checkTime, time);
    this.#checkTime = time;
    if (passed !== null) this.#sumMoves(passed);
  }

  #sum(key: string, timestamp: number, value: string, origin: Origin, isResent: boolean): void {
    const letter = (reason: string, attempts: number) =>
      this.letters.push({
        ...{ topic: 'checked.dlq', key, value, timestamp, reason, attempts },
        ...{
          actor: 'sum',
          stage: this.#isFused ? 'check' : 'sum',
          originTopic: origin.topic,
          originOffset: origin.offset,
        },
      });
    const kind = Number.parseInt(value.slice(0, 2), 16);
    if (kind === 11 && !this.#isMended) {
      letter('VALUE_INVALID', 1);
      return;
    }
    const isLate = Math.floor(timestamp / WINDOW) * WINDOW + WINDOW + GRACE <= this.#sumTime;
    if (isLate) this.late.push({ key, value, timestamp });
    else if (kind === 10) {
      letter('ACTOR_FAILED', 3);
      return;
    } else {
      const window = this.#fine.at(key, timestamp, this.#sumTime)!;
      window.count++;
      window.sum += Buffer.from(value, 'hex').readInt16BE(5);
    }
    if (!isResent) this.#sumMoves(timestamp);
  }

  #sumMoves(time: number): void {
    if (time <= this.#sumTime) return;
    const passed = secondsPassed(this.#sumTime, time);
    this.#sumTime = time;
    this.#fine.close(time, (key, start, end, { count, sum }) => {
      this.windows.push({ key, value: hex.f64(start) + hex.f64(count) + hex.f64(sum), timestamp: end - 1 });
      this.#coarsen(key, end - 1, start, count, sum);
    });
    if (passed !== null) this.#coarseMoves(passed - WINDOWS_LAG);
  }

  #coarsen(key: string, timestamp: number, start: number, count: number, sum: number): void {
    const window = this.#coarse.at(key, timestamp, this.#coarseTime);
    if (window === undefined)
      this.coarseLate.push({ key, value: hex.f64(start) + hex.f64(count) + hex.f64(sum), timestamp });
    else {
      window.count += count;
      window.sum += sum;
    }
    this.#coarseMoves(timestamp);
  }

  #coarseMoves(time: number): void {
    if (time <= this.#coarseTime) return;
    this.#coarseTime = time;
    this.#coarse.close(time, (key, start, end, { count, sum }) =>
      this.coarse.push({ key, value: hex.f64(start) + hex.f64(count) + hex.f64(sum), timestamp: end - 1 }),
    );
  }

  #joinRecord(record: PlainRecord, input: 'readings' | 'settings', topic: string): void {
    const { timestamp, value, offset } = record;
    if (tellsTime(record)) {
      this.#joinMoves(input, timestamp);
      return;
    }
    const key = record.key ?? '';
    const reading = parse(value);
    if (typeof reading === 'string') {
      this.letters.push({
        ...{ topic: `${input}.dlq`, key: record.key, value, timestamp, reason: reading, attempts: 1 },
        ...{ actor: 'join', stage: 'join', originTopic: topic, originOffset: offset },
      });
      return;
    }
    const window = this.#join.at(key, timestamp, this.#joinTimes[input]);
    if (window === undefined) {
      const which = input === 'readings' ? 1 : 2;
      this.joinLate.push({ key, value: hex.u8(which) + hex.u32(reading.id), timestamp });
    } else if (input === 'readings') window.count++;
    else window.other++;
    if (topic === input) this.#joinMoves(input, timestamp);
  }

  /**
   * The two inputs come in any order relative to each other; a window closes when both have passed it, and what is
   * late is decided by its own input. So here one input may be walked after the other.
   */
  #joinMoves(input: 'readings' | 'settings', time: number): void {
    if (time <= this.#joinTimes[input]) return;
    this.#joinTimes[input] = time;
    const both = Math.min(this.#joinTimes.readings, this.#joinTimes.settings);
    this.#join.close(both, (key, start, end, { count, other }) =>
      this.joined.push({ key, value: hex.f64(start) + hex.f64(count) + hex.f64(other), timestamp: end - 1 }),
    );
  }
}

/** The newest whole second that lies behind, when it is another than before. */
function secondsPassed(before: number, now: number): number | null {
  const second = Math.floor(now / SECOND);
  return second > Math.floor(before / SECOND) ? second * SECOND : null;
}

function parse(value: string | null): { kind: number; id: number; amount: number } | string {
  if (value === null) return 'VALUE_MISSING';
  const bytes = Buffer.from(value, 'hex');
  if (bytes.length !== 7 || bytes[0]! > 12) return 'VALUE_INVALID';
  return { kind: bytes[0]!, id: bytes.readUInt32BE(1), amount: bytes.readInt16BE(5) };
}
