/** The lives of a run, one after another, seen from their parent; who was stopped goes on beside those that came after it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { enrolFleet, makeTopics } from '../../../bench/load/fill.ts';
import { soon } from '../../../bench/load/filled-log.ts';
import type { ChildTask } from './child.ts';
import { FrameStream, type Mark, PARTITIONS, type StreamOptions } from './frame-stream.ts';
import { LifeProcess } from './life-process.ts';
import { embeddedPlace, type LogPlace, openPlace } from './log-place.ts';
import { judge, type Verdict } from './oracle.ts';

const hostile = fileURLToPath(new URL('./hostile-actor.ts', import.meta.url));

export interface LifeOptions {
  /** How many frames further the stream goes in this life. */
  readonly frames: number;
  readonly isLast?: boolean;
  /** `point:count`, see kill-points.ts. */
  readonly killPoint?: string;
  /** Kill from outside, when so many acknowledgements have come, and then after so many milliseconds; it waits for that. */
  readonly killAfter?: AfterAcks;
  /**
   * It is stopped, not killed; the lives after it take its partitions. On Kafka only, where several share a log.
   * `isLoser`: it stays until it finds that they have.
   */
  readonly stopPoint?: string;
  readonly stopAfter?: AfterAcks;
  readonly isLoser?: boolean;
  /** Who was stopped goes on, as if nothing had been, when the lives after it have so many acknowledgements, or the last has ended. Default 1. */
  readonly wakeAfter?: number;
  readonly terminations?: number;
  /** Told of each acknowledgement of this life, by its number from 1. */
  readonly onAck?: (acks: number) => void;
}

interface AfterAcks {
  readonly acks: number;
  readonly delayMs: number;
}

export interface LifeEnd {
  readonly wasKilled: boolean;
  readonly wasStopped: boolean;
  readonly workersEnded: readonly string[];
  readonly errors: string;
}

/** A process that was stopped, until it goes on. */
interface Zombie {
  readonly process: LifeProcess;
  acksLeft: number;
}

export class Lives {
  readonly #folder: string;
  #place: LogPlace;
  readonly #stream: StreamOptions;
  readonly #isHostile: boolean;
  /** Frames whose acknowledgement was seen; the next life goes on from there. */
  acknowledged = 0;
  /** How many of those that were stopped found that their group had gone on without them. */
  losses = 0;
  #target = 0;
  readonly #zombies: Zombie[] = [];

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

  /**
   * Resolves when the process is gone, or stands still; rejects where it ended in any other way than asked for. After
   * the last life, those that were stopped have finished as well.
   */
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
      awaits: options.killAfter !== undefined ? 'kill' : options.isLoser === true ? 'loss' : null,
      hostileActor: this.#isHostile ? `${pathToFileURL(hostile).href}?folder=${join(this.#folder, 'once')}` : '',
    };
    const { killPoint, stopPoint, killAfter, stopAfter } = options;
    let acks = 0;
    const point = stopPoint === undefined ? (killPoint ?? '') : `${stopPoint}:stop`;
    const process = new LifeProcess(task, point, (acknowledged) => {
      acks++;
      this.acknowledged = Math.max(this.acknowledged, acknowledged);
      for (const zombie of this.#zombies) if (--zombie.acksLeft === 0) zombie.process.wake();
      options.onAck?.(acks);
      if (acks === killAfter?.acks) setTimeout(() => process.kill(), killAfter.delayMs).unref();
      if (acks === stopAfter?.acks) setTimeout(() => process.stop(), stopAfter.delayMs).unref();
    });
    try {
      const how = await process.ended();
      if (how === 'stopped') this.#leave(process, options.wakeAfter ?? 1);
      if (options.isLast) await this.#finishZombies();
      const { workersEnded, errors } = process;
      return { wasKilled: how === 'killed', wasStopped: how === 'stopped', workersEnded, errors };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends whoever still stands still. */
  async close(): Promise<void> {
    await Promise.all(this.#zombies.splice(0).map(({ process }) => process.end()));
  }

  judge(): Promise<Verdict> {
    return judge(this.#place, this.#stream, this.acknowledged);
  }

  /** Its folder stays its own: whoever comes now is another process, elsewhere. */
  #leave(process: LifeProcess, wakeAfter: number): void {
    const place = this.#place;
    if (place.kind === 'embedded') throw new Error('an embedded log has one process at a time');
    this.#zombies.push({ process, acksLeft: wakeAfter });
    const stateFolder = join(this.#folder, `state-${this.#zombies.length}`);
    mkdirSync(stateFolder, { recursive: true });
    this.#place = { ...place, stateFolder };
  }

  async #finishZombies(): Promise<void> {
    for (const { process } of this.#zombies) process.wake();
    for (const { process } of this.#zombies) {
      const how = await process.ended(false);
      if (how !== 'done') throw new Error(`a process that was stopped and went on was ${how}`);
      if (process.isLost) this.losses++;
    }
    this.#zombies.length = 0;
  }
}
