/** Runs the real binary as a child, in a folder of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '../support/needs.ts';

export const MSEC: string = join(repositoryRoot, 'bin', 'msec');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the clone's. */
  readonly program?: string;
}

function start(args: readonly string[], { cwd, env = {}, program = MSEC }: RunOptions): ChildProcessWithoutNullStreams {
  const { NO_COLOR: _no, FORCE_COLOR: _force, MSEC_ADMIN_TOKEN: _token, ...rest } = process.env;
  return spawn(program, args, { cwd, env: { ...rest, ...env } });
}

export async function msec(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = start(args, options);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  // A command that does not read its input has closed it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

export interface Running {
  readonly pid: number;
  /** What `up --json` says when it runs. */
  readonly said: {
    readonly console: string;
    readonly mqtt: string;
    readonly http: string;
    readonly registry: string | null;
    readonly data: string;
    readonly note?: string;
  };
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, and null with the signal's name where a signal ended it. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** `msec up --json` with free ports, resolved once it runs; fails with what it wrote when it ends before. */
export async function startUp(args: readonly string[], options: RunOptions): Promise<Running> {
  const free = ['--port', '0', '--mqtt-port', '0', '--http-port', '0'];
  const child = start(['up', '--json', ...free, ...args], options);
  child.stdin.end();
  let [out, err] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => [code, signal] as [number | null, NodeJS.Signals | null]);
  const said = new Promise<Running['said']>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const line = out.split('\n').find((one) => one.includes('"running"'));
      if (line !== undefined && out.includes('\n', out.indexOf('"running"'))) resolve(JSON.parse(line));
    });
    void ended.then(([code, signal]) => reject(new Error(`msec up ended with ${code ?? signal}:\n${out}\n${err}`)));
  });
  return { pid: child.pid!, said: await said, errors: () => err, kill: (signal) => void child.kill(signal), ended };
}

export interface Talking {
  /** Resolves with the first line of JSON, those that have come included, that is as wished; fails where it ends before. */
  until(isWished: (line: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>>;
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** A command that goes on, and says in lines of JSON what happens. */
export function startMsec(args: readonly string[], options: RunOptions): Talking {
  const child = start(args, options);
  child.stdin.end();
  const lines: Readonly<Record<string, unknown>>[] = [];
  let [rest, err] = ['', ''];
  let wake: () => void = () => undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const part of parts) lines.push(JSON.parse(part) as Readonly<Record<string, unknown>>);
    wake();
  });
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    wake();
    return [code, signal] as [number | null, NodeJS.Signals | null];
  });
  return {
    async until(isWished) {
      for (let at = 0; ; at++) {
        while (at >= lines.length) {
          if (isOver) throw new Error(`it has ended:\n${JSON.stringify(lines)}\n${err}`);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (isWished(lines[at]!)) return lines[at]!;
      }
    },
    errors: () => err,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

export interface TailedRecord {
  readonly partition: number;
  readonly offset: number;
}

/** All records of a topic, as `msec topics tail` prints them. */
export async function tail<T extends TailedRecord>(
  cwd: string,
  topic: string,
  more: readonly string[] = [],
): Promise<T[]> {
  const { out } = await msec(['topics', 'tail', topic, '--from', 'earliest', '--limit', '100000', ...more], { cwd });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** What /events says each second. */
export interface StatusEvent {
  readonly topics: readonly { readonly topic: string; readonly end: readonly number[] }[];
  readonly reasons: Readonly<Record<string, number>>;
  readonly tasks: readonly {
    readonly task: string;
    readonly state: string;
    readonly partition: number;
    readonly inputs: readonly { readonly committed: number; readonly end: number }[];
  }[];
}

/** The first status, as the page gets them, that is as wished. */
export async function untilStatus(running: Running, isWished: (status: StatusEvent) => boolean): Promise<StatusEvent> {
  const answer = await fetch(`${running.said.console}/events`);
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop()!;
    for (const frame of frames) {
      if (!frame.includes('\nevent: status\n')) continue;
      const status = JSON.parse(frame.slice(frame.indexOf('\ndata: ') + 7)) as StatusEvent;
      if (isWished(status)) return status;
    }
  }
  throw new Error(`msec up has ended:\n${running.errors()}`);
}

/** Resolves once all that lies in the log is worked on by this process, and nothing has come since the status before. */
export async function comesToRest(running: Running): Promise<void> {
  let before = '';
  await untilStatus(running, ({ topics, tasks }) => {
    const ends = JSON.stringify(topics.map(({ end }) => end));
    const isSame = ends === before;
    before = ends;
    const isDone = tasks.every(
      ({ state, inputs }) => state === 'running' && inputs.every(({ committed, end }) => committed >= end),
    );
    return isSame && isDone;
  });
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Resolves when the topic holds so many records, by the log's offsets; gives their number. */
export async function recordsIn(running: Running, topic: string, count: number): Promise<number> {
  const records = ({ topics }: StatusEvent) => sum(topics.find((one) => one.topic === topic)?.end ?? []);
  return records(await untilStatus(running, (status) => records(status) >= count));
}
