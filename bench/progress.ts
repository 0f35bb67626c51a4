/**
 * How far a run has come: on a terminal a bar that is drawn over itself, elsewhere plain lines. How long a workload
 * takes is taken from its last result.
 */
export interface Terminal {
  readonly isTerminal: boolean;
  columns(): number;
  write(text: string): void;
}

export interface Step {
  readonly name: string;
  readonly expectedSeconds: number;
}

const BAR_WIDTH = 24;
const REDRAW_MS = 1000;
/** A step that takes longer than the last time stands still here. */
const STEP_SHARE_MAX = 0.98;
const CLEAR_LINE = '\r\x1b[2K';

export class Progress {
  readonly #terminal: Terminal;
  readonly #steps: readonly Step[];
  readonly #now: () => number;
  #step = 0;
  readonly #startedAt: number;
  #stepAt: number;
  #says = '';
  readonly #timer: NodeJS.Timeout | null = null;

  /** `now` in milliseconds. */
  constructor(terminal: Terminal, steps: readonly Step[], now: () => number) {
    this.#terminal = terminal;
    this.#steps = steps;
    this.#now = now;
    this.#startedAt = now();
    this.#stepAt = this.#startedAt;
    if (terminal.isTerminal) this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  say(text: string): void {
    this.#says = text;
    if (this.#terminal.isTerminal) this.#draw();
    else this.#terminal.write(`${this.#steps[this.#step]?.name}: ${text}\n`);
  }

  endStep(): void {
    this.#step++;
    this.#stepAt = this.#now();
    this.#says = '';
  }

  /** Lines that stay, on either output. */
  around(print: () => void): void {
    if (this.#terminal.isTerminal) this.#terminal.write(CLEAR_LINE);
    print();
    if (this.#terminal.isTerminal && this.#step < this.#steps.length) this.#draw();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#terminal.isTerminal) this.#terminal.write(CLEAR_LINE);
  }

  #draw(): void {
    const step = this.#steps[this.#step];
    if (step === undefined) return;
    const sum = (steps: readonly Step[]) => steps.reduce((total, { expectedSeconds }) => total + expectedSeconds, 0);
    const inStep = Math.min(step.expectedSeconds * STEP_SHARE_MAX, (this.#now() - this.#stepAt) / 1000);
    const done = sum(this.#steps.slice(0, this.#step)) + inStep;
    const all = sum(this.#steps);
    const filled = Math.round((done / all) * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const times = `${clock((this.#now() - this.#startedAt) / 1000)}, about ${clock(all - done)} left`;
    const line = `${bar} ${this.#step + 1}/${this.#steps.length} ${step.name}  ${times}  ${this.#says}`;
    this.#terminal.write(`${CLEAR_LINE}${line.slice(0, Math.max(0, this.#terminal.columns() - 1))}`);
  }
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
