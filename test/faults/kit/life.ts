/** The child's lives, one after another on one folder, seen from its parent. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { enrolFleet, makeTopics } from '../../../bench/load/fill.ts';
import { soon } from '../../../bench/load/filled-log.ts';
import type { ChildTask } from './child.ts';
import { FrameStream, type Mark, PARTITIONS, type StreamOptions } from './frame-stream.ts';
import { embeddedPlace, type LogPlace, openPlace } from './log-place.ts';
import { judge, type Verdict } from './oracle.ts';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));
const hostile = fileURLToPath(new URL('./hostile-actor.ts', import.meta.url));

export interface LifeOptions {
  /** How many frames further the stream goes in this life. */
  readonly frames: number;
  readonly isLast?: boolean;
  /** `point:count`, see kill-points.ts. */
  readonly killPoint?: string;
  /** Kill from outside, when so many acknowledgements have come, and then after so many milliseconds. */
  readonly killAfter?: { readonly acks: number; readonly delayMs: number };
  readonly terminations?: number;
  /** Told of each acknowledgement of this life, by its number from 1. */
  readonly onAck?: (acks: number) => void;
}

export interface LifeEnd {
  readonly wasKilled: boolean;
  readonly workersEnded: readonly string[];
  readonly errors: string;
}

export class Lives {
  readonly #folder: string;
  readonly #place: LogPlace;
  readonly #stream: StreamOptions;
  readonly #isHostile: boolean;
  /** Frames whose acknowledgement was seen; the next life goes on from there. */
  acknowledged = 0;
  #target = 0;

  private constructor(folder: string, place: LogPlace, stream: StreamOptions, isHostile: boolean) {
    this.#folder = folder;
    this.#place = place;
    this.#stream = stream;
    this.#isHostile = isHostile;
  }

  static async begin(
    folder: string,
    seed: number,
    marked: readonly (readonly [number, Mark])[] = [],
    place = embeddedPlace(folder),
  ): Promise<Lives> {
    mkdirSync(join(folder, 'once'), { recursive: true });
    const stream = { startMs: soon(), seed, marked };
    const { log } = await openPlace(place);
    await makeTopics(log, PARTITIONS);
    await enrolFleet(log, new FrameStream(stream).fleet, null);
    await log.close();
    return new Lives(folder, place, stream, marked.length > 0);
  }

  /** Resolves when the process is gone; rejects where it ended in any other way than asked for. */
  async live(options: LifeOptions): Promise<LifeEnd> {
    this.#target += options.frames;
    const task: ChildTask = {
      place: this.#place,
      keysFolder: join(this.#folder, 'keys'),
      stream: this.#stream,
      from: this.acknowledged,
      to: this.#target,
      isLast: options.isLast ?? false,
      terminations: options.terminations ?? 0,
      hostileActor: this.#isHostile ? `${pathToFileURL(hostile).href}?folder=${join(this.#folder, 'once')}` : '',
    };
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, MSEC_TEST_KILL: options.killPoint ?? '' },
    });
    const closed = new Promise<NodeJS.Signals | number | null>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ?? code));
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const workersEnded: string[] = [];
    let acks = 0;
    let isDone = false;
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, ...rest] = line.split(' ');
      if (what === 'ended') workersEnded.push(rest.join(' '));
      if (what === 'done') isDone = true;
      if (what !== 'ack') continue;
      acks++;
      this.acknowledged = Number(rest[0]);
      options.onAck?.(acks);
      if (acks === options.killAfter?.acks) setTimeout(() => child.kill('SIGKILL'), options.killAfter.delayMs).unref();
    }
    const how = await closed;
    const wasKilled = how === 'SIGKILL';
    if (!wasKilled && !(how === 0 && isDone)) throw new Error(`the process ended with ${how}: ${errors}`);
    return { wasKilled, workersEnded, errors };
  }

  judge(): Promise<Verdict> {
    return judge(this.#place, this.#stream, this.acknowledged);
  }
}
