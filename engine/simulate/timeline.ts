/**
 * Simulated time: events in the order of their time, and at one time in an order that the seed decides. An event runs
 * only when everything that the one before it has set off (promises included) has come to rest, so the same seed gives
 * the same run. Whoever an event belongs to may have died meanwhile; then it does not run.
 */
import { type Clock, MsecError, type Random, type Timer } from '../base/index.ts';

/** Of a simulated process or thread: what is scheduled or awaited under a life does not happen after its end. */
export class Life {
  #isOver = false;
  /** Until then nothing happens to it. */
  #thaw: { readonly timeline: Timeline; readonly atMs: number } | null = null;
  readonly #parent: Life | null;

  constructor(parent: Life | null = null) {
    this.#parent = parent;
  }

  get isOver(): boolean {
    return this.#isOver || (this.#parent?.isOver ?? false);
  }

  end(): void {
    this.#isOver = true;
  }

  /** Stands still, as a process that is stopped and goes on later: what would happen to it meanwhile happens then. */
  freeze(timeline: Timeline, ms: number): void {
    // Never earlier than was said before: what waits for that moment would be overtaken.
    this.#thaw = { timeline, atMs: Math.max(this.thawMs, timeline.elapsedMs + ms) };
  }

  /** When it goes on; 0 where it has never stood still. */
  get thawMs(): number {
    return Math.max(this.#thaw?.atMs ?? 0, this.#parent?.thawMs ?? 0);
  }

  /** The same promise, but one that never settles for the dead, and for the frozen when they go on. */
  gate<T>(promise: Promise<T>): Promise<T> {
    const told = (tell: () => void) => {
      if (this.isOver) return;
      const timeline = this.#timelineOfThaw();
      if (timeline === null || this.thawMs <= timeline.elapsedMs) tell();
      else timeline.after(this.thawMs - timeline.elapsedMs, this, tell);
    };
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => told(() => resolve(value)),
        (thrown: Error) => told(() => reject(thrown)),
      );
    });
  }

  #timelineOfThaw(): Timeline | null {
    if (this.#thaw !== null) return this.#thaw.timeline;
    return this.#parent === null ? null : this.#parent.#timelineOfThaw();
  }
}

interface Event {
  time: number;
  /** Before it had to wait for a thaw; what waited keeps its order. */
  readonly due: number;
  readonly rank: number;
  readonly life: Life;
  run: (() => void) | null;
}

/** Unix time at which every simulation begins. */
export const EPOCH_MS = 1_700_000_000_000;
/** Real turns of the event loop, so that a long run does not starve it. */
const EVENTS_PER_TURN = 4096;

export class Timeline {
  /** Milliseconds since the beginning. */
  elapsedMs = 0;
  /** Events that ran. */
  events = 0;
  readonly #random: Random;
  readonly #heap: Event[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  after(delayMs: number, life: Life, run: () => void): Timer {
    const time = this.elapsedMs + Math.max(0, delayMs);
    const event: Event = { time, due: time, rank: this.#random.u32(), life, run };
    this.#push(event);
    return {
      cancel() {
        event.run = null;
      },
    };
  }

  clock(life: Life): Clock {
    return {
      now: () => EPOCH_MS + Math.floor(this.elapsedMs),
      monotonic: () => this.elapsedMs,
      after: (delayMs, run) => this.after(delayMs, life, run),
    };
  }

  pause(delayMs: number, life: Life): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, life, resolve);
    });
  }

  /** Runs events until `isDone`. ASSERTION_FAILED when nothing is left to happen, or after `limitMs` of simulated time. */
  run(isDone: () => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      // A step that a microtask asks for comes after all microtasks, those that they ask for included: the tick queue
      // is looked at when the microtask queue is empty. Some ten times cheaper than a turn of the event loop.
      const next = () => process.nextTick(step);
      const step = () => {
        try {
          if (isDone()) return resolve();
          const event = this.#pop();
          if (event === undefined) throw new MsecError('ASSERTION_FAILED', 'nothing is left to happen');
          this.elapsedMs = event.time;
          if (this.elapsedMs > limitMs)
            throw new MsecError('ASSERTION_FAILED', `the simulation has not come to rest after ${limitMs} ms`);
          event.run?.();
        } catch (thrown) {
          return reject(thrown as Error);
        }
        if (++this.events % EVENTS_PER_TURN === 0) setImmediate(step);
        else queueMicrotask(next);
      };
      // What needs no event may be done without one.
      queueMicrotask(next);
    });
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  /** The next event that still has somebody to happen to. */
  #pop(): Event | undefined {
    for (;;) {
      const heap = this.#heap;
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (heap.length > 0) this.#sift(last);
      if (first.run === null || first.life.isOver) continue;
      if (first.life.thawMs <= first.time) return first;
      first.time = first.life.thawMs;
      this.#push(first);
    }
  }

  #sift(event: Event): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, event)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.due !== b.due ? a.due < b.due : a.rank < b.rank;
}
