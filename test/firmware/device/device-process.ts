/** The firmware's Linux port as a process, as a test runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { built } from './build.ts';

/** A line of its standard output. */
export interface DeviceEvent {
  readonly event: 'started' | 'stored' | 'acknowledged' | 'attested' | 'stopped';
  readonly deviceId?: string;
  readonly keyId?: string;
  readonly bootEpoch?: number;
  readonly sequence?: number;
  readonly readings?: number;
  readonly acknowledged?: number;
  readonly waiting?: number;
  readonly answered?: number;
  readonly failed?: number;
}

export interface DeviceProcess {
  /** All so far, in their order. */
  readonly events: readonly DeviceEvent[];
  errors(): string;
  /** Resolves with the first event that is as wished, asked anew when it has said anything; fails where the process ends before. */
  until(isWished: (event: DeviceEvent) => boolean): Promise<DeviceEvent>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** Needs `make('linux')`. `file` is written with the settings. */
export function startDevice(
  file: string,
  settings: Readonly<Record<string, string | number>>,
  program = built('linux', 'msec-device'),
): DeviceProcess {
  writeFileSync(
    file,
    `${Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join('')}`,
  );
  const child = spawn(program, ['--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events: DeviceEvent[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const one of waiting) one();
  };
  let errors = '';
  let hasEnded = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    // A killed process may leave half a line.
    if (!line.endsWith('}')) return;
    events.push(JSON.parse(line) as DeviceEvent);
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    wake();
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    hasEnded = true;
    wake();
    return [code, signal] as [number | null, NodeJS.Signals | null];
  });
  const until = async (isWished: (event: DeviceEvent) => boolean): Promise<DeviceEvent> => {
    for (;;) {
      const found = events.find(isWished);
      if (found !== undefined) return found;
      if (hasEnded) throw new Error(`the device has ended:\n${errors}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  return { events, errors: () => errors, until, kill: (signal) => void child.kill(signal), ended };
}
