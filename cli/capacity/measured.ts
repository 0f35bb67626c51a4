/** What was measured of the engine for plans: measured.json, written by `npm run capacity` and shipped with the program. */
import { readFileSync } from 'node:fs';

export interface JobPoint {
  readonly devices: number;
  /** Processor time of the whole process for each frame, and of it the workers' and the main thread's. Nanoseconds. */
  readonly cpuNs: number;
  readonly workersNs: number;
  readonly mainNs: number;
}

export interface KeyPoint {
  /** Of all workers together. */
  readonly keys: number;
  /** Nanoseconds of processor time a frame, or bytes of memory a key. */
  readonly value: number;
}

export interface MeasuredOn {
  readonly machine: string;
  readonly cores: number;
  readonly node: string;
  readonly commit: string;
  /** At its start; above the number of cores others have worked on them, too. */
  readonly loadAverage: number;
  readonly at: string;
}

export interface Measured {
  readonly format: 1;
  /** The whole main job on the embedded log. */
  readonly job: {
    readonly on: MeasuredOn;
    /** Worker threads that shared the devices. */
    readonly workers: number;
    readonly none: readonly JobPoint[];
    readonly each: readonly JobPoint[];
    readonly batch: readonly JobPoint[];
    /** What a partition takes beside its frames: its commits, as often as they come with few records. Cores. */
    readonly partitionCores: number;
    readonly bytes: {
      /** A record, with its share of the batch. */
      readonly frame: { readonly none: number; readonly each: number; readonly batch: number };
      readonly reading: number;
      readonly aggregate: number;
      /** Of the changelogs, for each frame. */
      readonly changes: number;
      /** State that the engine counts for each device. */
      readonly state: number;
      /** Resident memory of a process with hardly any device. */
      readonly process: number;
    };
  };
  /** Workload W8: windows alone, more and more keys. Null where it has not been measured. */
  readonly keys: {
    readonly on: MeasuredOn;
    /** Worker threads that shared the keys. */
    readonly workers: number;
    readonly cpuNs: readonly KeyPoint[];
    readonly memory: readonly KeyPoint[];
  } | null;
}

export function readMeasured(): Measured {
  return JSON.parse(readFileSync(new URL('./measured.json', import.meta.url), 'utf8')) as Measured;
}
