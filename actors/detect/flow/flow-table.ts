/**
 * All flows, found by their key in bounded time and dropped in their time. Invariant: a flow is in one row and in the
 * list of its time-out, which is in the order of last packets, so what expires stands first. Beyond the cap on memory the
 * flow gives way that has waited longest: new ones first, then closed ones, then established ones; that is counted.
 */
import { type Random, systemRandom } from '../../../engine/index.ts';
import { type Packet, PROTOCOL_TCP } from '../packet/index.ts';
import type { Direction } from './direction.ts';
import { Flow, type FlowEnd, FlowKey, type FlowState } from './flow.ts';
import type { FlowBirths } from './flow-births.ts';
import { directionOf, keyOf } from './flow-key.ts';
import { isIcmpError } from './icmp.ts';
import { FLOW_TIMEOUTS, type FlowTimeouts, TIMEOUT_CLASSES, timeoutClass, timeoutTable } from './timeouts.ts';

export interface FlowTableOptions {
  readonly timeouts: FlowTimeouts;
  readonly memoryBytes: number;
  /** Of the hash's seed: nobody outside can know which flows share a row. */
  readonly random: Random;
  /** Told which looks begin a flow, and asked; null: nobody. */
  readonly births: FlowBirths | null;
}

export const FLOW_DEFAULTS: FlowTableOptions = {
  timeouts: FLOW_TIMEOUTS,
  memoryBytes: 128 * 1024 * 1024,
  random: systemRandom,
  births: null,
};

/** Measured: a flow with a session, without stream data. */
export const FLOW_COST_BYTES = 1024;
const ROWS = 65_536;
/** A row this long is an attack on whoever walks it: its last flow gives way. */
const MAX_ROW = 64;
/** A packet ends so many flows, the next ones end the others: after a leap in time all are over at once. */
export const EXPIRED_A_PACKET = 64;
const SECOND_US = 1_000_000;

export interface FlowCounts {
  total: number;
  active: number;
  tcp: number;
  udp: number;
  icmp4: number;
  icmp6: number;
  timedOut: number;
  /** TCP flows whose ports were used again. */
  reused: number;
  /** Gave way to others. */
  evicted: number;
}

/** Whether a packet that has a flow's key begins a new one nevertheless. */
export type ReuseCheck = (flow: Flow, packet: Packet, direction: Direction) => boolean;

export class FlowTable {
  readonly counts: FlowCounts = {
    total: 0,
    active: 0,
    tcp: 0,
    udp: 0,
    icmp4: 0,
    icmp6: 0,
    timedOut: 0,
    reused: 0,
    evicted: 0,
  };
  /** Of the flow that `find` found last. */
  direction: Direction = 0;
  readonly #rows: (Flow | null)[] = new Array<Flow | null>(ROWS).fill(null);
  readonly #oldest: (Flow | null)[] = new Array<Flow | null>(TIMEOUT_CLASSES).fill(null);
  readonly #newest: (Flow | null)[] = new Array<Flow | null>(TIMEOUT_CLASSES).fill(null);
  readonly #timeouts: Int32Array;
  readonly #maxFlows: number;
  readonly #seed: number;
  readonly #key = new FlowKey();
  readonly #onEnd: (flow: Flow, reason: FlowEnd) => void;
  readonly #isReuse: ReuseCheck;
  readonly #births: FlowBirths | null;
  #nowSeconds = 0;
  /** Of what is over by now some is left. */
  #hasExpired = false;

  constructor(options: FlowTableOptions, onEnd: (flow: Flow, reason: FlowEnd) => void, isReuse: ReuseCheck) {
    this.#timeouts = timeoutTable(options.timeouts);
    this.#maxFlows = Math.max(1, Math.floor(options.memoryBytes / FLOW_COST_BYTES));
    this.#seed = options.random.u32() | 0;
    this.#onEnd = onEnd;
    this.#isReuse = isReuse;
    this.#births = options.births;
  }

  /** The packet's flow, which may be a new one; `direction` is the packet's in it. Null where it has none. */
  find(packet: Packet): Flow | null {
    const key = this.#key;
    if (!keyOf(packet, key, this.#seed)) return null;
    this.#births?.look();
    let length = 0;
    let last: Flow | null = null;
    for (let flow: Flow | null = this.#rows[key.hash & (ROWS - 1)]!; flow !== null; flow = flow.nextInRow) {
      const direction = directionOf(flow, key);
      if (direction >= 0) {
        if (!this.#isStillOf(flow, packet, direction as Direction)) break;
        if (this.#births?.mustBegin !== true) return flow;
        this.#drop(flow, 'forced');
        break;
      }
      length++;
      last = flow;
    }
    if (packet.protocol !== key.protocol || isIcmpError(packet)) return null;
    if (this.#births?.mayBegin() === false) return null;
    if (this.#births?.isAgain !== true) {
      if (length >= MAX_ROW && last !== null) this.#evict(last);
      this.#makeRoom();
    }
    return this.#create(packet.timeUs, packet.icmpCode);
  }

  /** False where the flow is over, and the packet begins another one. */
  #isStillOf(flow: Flow, packet: Packet, direction: Direction): boolean {
    if (this.#isOver(flow, Math.floor(packet.timeUs / SECOND_US))) {
      this.#drop(flow, 'timeout');
      return false;
    }
    if (packet.protocol !== flow.protocol) this.direction = directionOfError(flow, packet);
    else this.direction = HAS_DIRECTIONS.has(flow.protocol) ? direction : 0;
    if (packet.protocol !== PROTOCOL_TCP || !this.#isReuse(flow, packet, direction)) return true;
    this.counts.reused++;
    this.#drop(flow, 'forced');
    return false;
  }

  /** Ends what has expired by the packets' own time. Called before a packet's flow is looked for, which may be one of those left. */
  advance(timeUs: number): void {
    const seconds = Math.floor(timeUs / SECOND_US);
    if (seconds > this.#nowSeconds) this.#nowSeconds = seconds;
    else if (!this.#hasExpired) return;
    this.#expire(EXPIRED_A_PACKET);
  }

  #expire(most: number): void {
    let left = most;
    for (let at = 0; at < TIMEOUT_CLASSES; at++)
      for (
        let flow = this.#oldest[at]!;
        flow !== null && this.#isOver(flow, this.#nowSeconds);
        flow = this.#oldest[at]!
      ) {
        this.#hasExpired = left === 0;
        if (this.#hasExpired) return;
        left--;
        this.#drop(flow, 'timeout');
      }
    this.#hasExpired = false;
  }

  /** A packet of the flow was seen: it is now the newest of its time-out. */
  touch(flow: Flow, timeUs: number): void {
    if (timeUs > flow.lastUs) flow.lastUs = timeUs;
    if (flow.newer === null) return;
    this.#unlist(flow);
    this.#list(flow);
  }

  setState(flow: Flow, state: FlowState): void {
    if (flow.state === state) return;
    flow.state = state;
    this.#unlist(flow);
    flow.timeoutClass = timeoutClass(flow.protocol, state);
    this.#list(flow);
  }

  /** The flow has to give way to others; of packets that are taken once more it is said which had. */
  giveWay(flow: Flow): void {
    if (this.#births?.isAgain !== true) this.#evict(flow);
  }

  /** Of packets that are taken once more: these flows, by the lower halves of their numbers, had given way. */
  evictAgain(ids: Int32Array): void {
    if (ids.length === 0) return;
    const wanted = new Set(ids);
    for (const flow of this.#all()) if (wanted.has(flow.id | 0)) this.#drop(flow, 'forced');
  }

  /** Ends all flows, oldest first packets first. */
  finish(): void {
    this.#expire(Number.POSITIVE_INFINITY);
    for (const flow of this.#all()) this.#drop(flow, 'shutdown');
  }

  /** By their numbers. */
  #all(): Flow[] {
    const all: Flow[] = [];
    for (const head of this.#rows)
      for (let flow: Flow | null = head; flow !== null; flow = flow.nextInRow) all.push(flow);
    return all.sort((a, b) => a.id - b.id);
  }

  #isOver(flow: Flow, seconds: number): boolean {
    return Math.floor(flow.lastUs / SECOND_US) + this.#timeouts[flow.timeoutClass]! < seconds;
  }

  #create(timeUs: number, icmpCode: number): Flow {
    const key = this.#key;
    const { counts } = this;
    const flow = new Flow(++counts.total, key, timeUs);
    counts.active++;
    flow.origin = this.#births?.origin ?? null;
    if (flow.origin !== null) flow.origin.live++;
    if (key.protocol === 6) counts.tcp++;
    else if (key.protocol === 17) counts.udp++;
    else if (key.protocol === 1 || key.protocol === 58) {
      flow.sourcePort = key.sourceKey >> 8;
      flow.destinationPort = icmpCode;
      if (key.protocol === 1) counts.icmp4++;
      else counts.icmp6++;
    }
    const row = key.hash & (ROWS - 1);
    flow.nextInRow = this.#rows[row]!;
    this.#rows[row] = flow;
    flow.timeoutClass = timeoutClass(key.protocol, 'new');
    this.#list(flow);
    this.direction = 0;
    return flow;
  }

  #makeRoom(): void {
    if (this.counts.active < this.#maxFlows) return;
    for (const rank of [0, 2, 1])
      for (let at = rank; at < TIMEOUT_CLASSES; at += 3) {
        const flow = this.#oldest[at]!;
        if (flow === null) continue;
        this.#evict(flow);
        return;
      }
  }

  #evict(flow: Flow): void {
    this.counts.evicted++;
    this.#births?.evict(flow.id);
    this.#drop(flow, 'forced');
  }

  #drop(flow: Flow, reason: FlowEnd): void {
    const row = flow.hash & (ROWS - 1);
    let before: Flow | null = null;
    for (let at: Flow | null = this.#rows[row]!; at !== flow && at !== null; at = at.nextInRow) before = at;
    if (before === null) this.#rows[row] = flow.nextInRow;
    else before.nextInRow = flow.nextInRow;
    flow.nextInRow = null;
    this.#unlist(flow);
    this.counts.active--;
    if (flow.origin !== null) flow.origin.live--;
    if (reason === 'timeout') this.counts.timedOut++;
    this.#onEnd(flow, reason);
  }

  #list(flow: Flow): void {
    const newest = this.#newest[flow.timeoutClass]!;
    flow.older = newest;
    flow.newer = null;
    if (newest === null) this.#oldest[flow.timeoutClass] = flow;
    else newest.newer = flow;
    this.#newest[flow.timeoutClass] = flow;
  }

  #unlist(flow: Flow): void {
    const { older, newer } = flow;
    if (older === null) this.#oldest[flow.timeoutClass] = newer;
    else older.newer = newer;
    if (newer === null) this.#newest[flow.timeoutClass] = older;
    else newer.older = older;
    flow.older = null;
    flow.newer = null;
  }
}

/** Of other protocols both ways are one to Suricata. */
const HAS_DIRECTIONS: ReadonlySet<number> = new Set([1, 6, 17, 58, 132]);

/** An ICMP error about a flow's packet is its flow's, and comes from whom it says. */
function directionOfError(flow: Flow, packet: Packet): Direction {
  return flow.src0 === packet.src0 ? 0 : 1;
}
