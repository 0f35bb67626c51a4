/** One run of each engine over a capture, in a process of its own on one core. */
import { execFile, spawn } from 'node:child_process';
import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { programPath } from '../../../test/support/needs.ts';
import type { ActorRun, ActorTask } from './run-actor.ts';

export interface Run {
  readonly packets: number;
  /** From the first packet to the last. */
  readonly ms: number;
  /** Alerts by sid. */
  readonly alerts: Readonly<Record<string, number>>;
}

export interface OurRun extends Run {
  readonly loadMs: number;
  /** Packets a second behind the first `WARM_UP`. */
  readonly warmPerSecond: number;
  /** Of one packet. */
  readonly longestMs: number;
  readonly residentMb: number;
  /** Rules that were not loaded. */
  readonly left: number;
}

export interface Input {
  readonly capture: string;
  readonly rules: string;
  /** For what the engines write. */
  readonly folder: string;
}

const CORE = '0';
/** As bin/msec starts Node for `msec ids`. */
const NODE_FLAGS = ['--max-semi-space-size=8'];
const NODE_ENVIRONMENT = { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' };
/** Packets in which V8 compiles most of what it will. */
export const WARM_UP = 150_000;
const program = fileURLToPath(new URL('run-ours.ts', import.meta.url));
const actorProgram = fileURLToPath(new URL('run-actor.ts', import.meta.url));
const run = promisify(execFile);

export async function ours({ capture, rules, folder }: Input): Promise<OurRun> {
  return (await onOneCore(program, [capture, rules, join(folder, 'ours.json'), String(WARM_UP)])) as OurRun;
}

/** The same rules over the same packets, from a log on disk to what is committed: the engine with one worker. */
export async function ourActor({ capture, rules, folder }: Input): Promise<ActorRun> {
  const log = join(folder, 'log');
  const task: ActorTask = { capture, rules, folder: log, warmUp: WARM_UP };
  const actor = (await onOneCore(actorProgram, [JSON.stringify(task)])) as ActorRun;
  rmSync(log, { recursive: true, force: true });
  return actor;
}

async function onOneCore(entry: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await run('taskset', ['-c', CORE, process.execPath, ...NODE_FLAGS, entry, ...args], {
    maxBuffer: 16 * 1024 * 1024,
    env: NODE_ENVIRONMENT,
  });
  return JSON.parse(stdout);
}

/**
 * It says when it begins to read and when the capture is read; what it writes of flows that are open then is not in the
 * time, which is in its favour.
 */
export async function suricata({ capture, rules, folder }: Input): Promise<Run> {
  const records = join(folder, 'eve.json');
  // It would write behind those of the run before.
  rmSync(records, { force: true });
  const set = ['stream.reassembly.randomize-chunk-size=no', 'outputs.0.fast.enabled=no'];
  const child = spawn(
    'taskset',
    [
      ...['-c', CORE, programPath('suricata'), '-v', '-r', capture, '-S', rules, '-l', folder, '--runmode', 'single'],
      ...set.flatMap((setting) => ['--set', setting]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let [from, to, packets] = [Number.NaN, Number.NaN, Number.NaN];
  let failed = 0;
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('Engine started')) from = performance.now();
    else if (line.includes('end of file reached')) to = performance.now();
    packets = Number(/read 1 file, (\d+) packets/.exec(line)?.[1] ?? packets);
    failed = Number(/(\d+) rules failed/.exec(line)?.[1] ?? failed);
  }
  const code = await ended;
  if (code !== 0 || failed > 0 || !(to > from) || !(packets > 0))
    throw new Error(`Suricata ended with ${code}, ${failed} rules failed, ${packets} packets`);
  return { packets, ms: to - from, alerts: await alertsOf(records) };
}

async function alertsOf(file: string): Promise<Record<string, number>> {
  const alerts: Record<string, number> = {};
  for await (const line of createInterface(createReadStream(file, 'latin1'))) {
    if (!line.includes('"event_type":"alert"')) continue;
    const { alert } = JSON.parse(line) as { readonly alert: { readonly signature_id: number } };
    alerts[alert.signature_id] = (alerts[alert.signature_id] ?? 0) + 1;
  }
  return alerts;
}
