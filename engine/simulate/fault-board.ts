/** Counts how often a run comes to each named point, and says which fault is due there. */
import type { FaultAction, FaultPlan, Point } from './faults.ts';
import type { Trace } from './trace.ts';

export class FaultBoard {
  readonly #trace: Trace;
  readonly #reached = new Map<Point, number>();
  readonly #due = new Map<string, FaultAction>();

  constructor(plan: FaultPlan, trace: Trace) {
    this.#trace = trace;
    for (const fault of plan.faults)
      if (fault.at === 'point') this.#due.set(`${fault.point} ${fault.nth}`, fault.action);
  }

  /** To be asked once each time that the point is reached. `where` is for the trace. */
  reach(point: Point, where: string): FaultAction | null {
    const times = (this.#reached.get(point) ?? 0) + 1;
    this.#reached.set(point, times);
    const action = this.#due.get(`${point} ${times}`);
    if (action === undefined) return null;
    this.#trace.add(`${action}@${point}`, () => `${times}: ${where}`);
    return action;
  }
}
