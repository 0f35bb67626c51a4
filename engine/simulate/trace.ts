/** What happened in a run, a line for each event that matters: compared between two runs, printed for a failing seed. */
import type { Timeline } from './timeline.ts';

export class Trace {
  readonly lines: string[] = [];
  /** How often each kind of thing happened; the first word of its line. */
  readonly counts = new Map<string, number>();
  readonly #timeline: Timeline;
  readonly #keepsLines: boolean;

  constructor(timeline: Timeline, keepsLines: boolean) {
    this.#timeline = timeline;
    this.#keepsLines = keepsLines;
  }

  /** `detail` is called only where lines are kept. */
  add(kind: string, detail: () => string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (this.#keepsLines) this.lines.push(`${this.#timeline.elapsedMs.toFixed(3).padStart(10)} ${kind} ${detail()}`);
  }
}
