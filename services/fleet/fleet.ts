/**
 * The simulated fleet of `npm start`: devices with keys and credentials of their own that publish signed frames over
 * MQTT and HTTP, as real ones would. It lives in a worker thread, so that kill -9 leaves nothing behind; all that it
 * shares with the engine is the network.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Random, systemRandom } from '../../engine/index.ts';
import { type Enroller, startFleetMemory } from './fleet-file.ts';
import type { FromFleet, ToFleet } from './fleet-messages.ts';
import type { FleetCounts, FleetPlan } from './fleet-run.ts';
import { ADDED } from './frame-ring.ts';
import type { BridgeAddress } from './mqtt-publisher.ts';
import type { FleetSigning } from './simulated-device.ts';

export interface FleetOptions {
  /** DATA/fleet; made with mode 0700. */
  readonly folder: string;
  readonly devices: number;
  /** Frames a second of all devices together. */
  readonly rate: number;
  /** Share of frames that are wrong on purpose; 0 for none. */
  readonly faultShare: number;
  /** Default: each frame by itself. */
  readonly signing?: FleetSigning;
  readonly enroller: Enroller;
  /** At least one of the two. */
  readonly mqtt?: BridgeAddress;
  readonly http?: BridgeAddress;
  /** Of the values and faults; default a random one. */
  readonly seed?: number;
  readonly random?: Random;
  /** When the thread ends by itself; it is a bug. */
  readonly onFailed?: (error: Error) => void;
}

const FILE = 'devices.json';
const HEAP_MEGABYTES_MAX = 128;
const STOP_WITHIN_MS = 3000;
/** The share of `--faults`, where nobody says another. */
export const FAULT_SHARE = 0.005;
const THREAD = import.meta.url.endsWith('.js')
  ? new URL('./fleet-thread.js', import.meta.url)
  : new URL('./fleet-thread.ts', import.meta.url);

export class Fleet {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #counts: FleetCounts = { made: 0, ...ADDED };
  #isStopping = false;

  private constructor(plan: FleetPlan, onFailed: (error: Error) => void) {
    this.#worker = new Worker(THREAD, {
      name: 'fleet',
      workerData: plan,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
    });
    this.#worker.on('message', ({ counts, isLast }: FromFleet) => {
      this.#counts = counts;
      // A connection to a bridge that is gone would keep the thread.
      if (isLast) void this.#worker.terminate();
    });
    this.#worker.on('error', onFailed);
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
  }

  /** Resolves when every device is enrolled and the thread starts. CONFIG_INVALID, and the device service's errors. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { folder, devices: count, rate, faultShare, enroller, mqtt, http, random = systemRandom } = options;
    const { signing = { mode: 'frame' } } = options;
    const { bootEpoch, devices } = await startFleetMemory(join(folder, FILE), count, enroller, signing.mode);
    const addresses = { ...(mqtt === undefined ? {} : { mqtt }), ...(http === undefined ? {} : { http }) };
    const seed = options.seed ?? random.u32();
    return new Fleet(
      { devices, bootEpoch, rate, faultShare, seed, signing, ...addresses },
      options.onFailed ?? (() => undefined),
    );
  }

  /** As of the last second. */
  counts(): FleetCounts {
    return this.#counts;
  }

  /** Makes no more frames, waits a little for what is unacknowledged, and ends the thread. */
  async stop(stopWithinMs = STOP_WITHIN_MS): Promise<FleetCounts> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#worker.postMessage({ stopWithinMs } satisfies ToFleet);
    }
    await this.#ended;
    return this.#counts;
  }
}
