/** A process that says `running` on its output once it works, and ends in order when its input does: either side's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const END_MS_MAX = 30_000;

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Asks it to end, and ends it after a while. */
  end(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Resolves when it runs; rejects where it ends before. */
export async function startProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const exited = once(child, 'exit');
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const running = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'running') resolve();
    });
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code} before it ran`)));
  });
  await running;
  return {
    pid: child.pid!,
    child,
    async end() {
      if (isOver()) return;
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
      await exited;
      clearTimeout(timer);
    },
    async kill() {
      if (isOver()) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}
